/**
 * What /proc says about one process: proc_pid_stat(5), proc_pid_exe(5), proc_pid_cgroup(5), proc_pid_ns(5). What cannot be
 * read is undefined. The command line is never read: it may hold passwords.
 *
 * @module
 */

const DELETED = " (deleted)";

/** Fields of /proc/PID/stat. */
export interface ProcessStat {
  /** The kernel's short name, at most 15 bytes; the process may have set it to anything. */
  readonly name: string;
  /** One letter; `Z` is dead but not waited for. */
  readonly state: string;
  readonly parent: number;
  readonly session: number;
  /** Device number of the controlling terminal, 0 for none. */
  readonly terminal: number;
  /** Clock ticks since boot. */
  readonly startTime: bigint;
}

/** A program's file. */
export interface ExeFile {
  readonly device: number;
  readonly inode: number;
}

/** Reads /proc/PID/stat. Fields are counted from the last parenthesis: the name before it may hold anything. */
export function readStat(pid: number): ProcessStat | undefined {
  try {
    const stat = Deno.readTextFileSync(`/proc/${pid}/stat`);
    const end = stat.lastIndexOf(")");
    const fields = stat.slice(end + 2).split(" ", 20);
    const [state = "", parent, , session, terminal] = fields;
    const startTime = fields[22 - 3];
    if (startTime === undefined) return undefined;
    return {
      name: stat.slice(stat.indexOf("(") + 1, end),
      state,
      parent: Number(parent),
      session: Number(session),
      terminal: Number(terminal),
      startTime: BigInt(startTime),
    };
  } catch {
    return undefined; // gone, or hidden (hidepid=)
  }
}

/** Where the program's file is, or was, as the process sees it; the kernel adds ` (deleted)`. */
export function readExePath(pid: number): string | undefined {
  try {
    return Deno.readLinkSync(`/proc/${pid}/exe`);
  } catch {
    return undefined; // gone, of another user, or not dumpable
  }
}

/** Whether the kernel says that nothing leads to the file any more; a name may end so by itself. */
export function isMarkedDeleted(path: string): boolean {
  return path.endsWith(DELETED);
}

/** The path without the kernel's mark on it. */
export function withoutDeleted(path: string): string {
  return isMarkedDeleted(path) ? path.slice(0, -DELETED.length) : path;
}

/** The name at the end of a path. */
export function lastPart(path: string): string {
  return path.slice(path.lastIndexOf("/") + 1);
}

/** The program's file itself, even where no path leads to it. */
export function readExeFile(pid: number): ExeFile | undefined {
  return fileAt(`/proc/${pid}/exe`);
}

/** The file at a path, links followed. */
export function fileAt(path: string): ExeFile | undefined {
  try {
    const { dev, ino } = Deno.statSync(path);
    return ino === null ? undefined : { device: dev, inode: ino };
  } catch {
    return undefined;
  }
}

/** Whether both are there and the same. */
export function isSameFile(a: ExeFile | undefined, b: ExeFile | undefined): boolean {
  return a !== undefined && b !== undefined && a.inode === b.inode && a.device === b.device;
}

/** Path in the unified hierarchy, else in the first one there is. */
export function readCgroup(pid: number): string | undefined {
  try {
    const lines = Deno.readTextFileSync(`/proc/${pid}/cgroup`).split("\n");
    const line = lines.find((each) => each.startsWith("0::")) ?? lines[0] ?? "";
    return /^\d+:[^:]*:(\/.*)$/.exec(line)?.[1]; // hierarchy-ID:controller-list:cgroup-path (cgroups(7))
  } catch {
    return undefined;
  }
}

/** Names the mount namespace: equal for two processes that see the same mounts. @param pid Or `self`. */
export function readMountNamespace(pid: number | "self"): string | undefined {
  try {
    return Deno.readLinkSync(`/proc/${pid}/ns/mnt`);
  } catch {
    return undefined;
  }
}

/** Path of a terminal by its device number (proc_pid_stat(5), tty_nr), undefined for none. */
export function terminalPath(device: number): string | undefined {
  if (device === 0) return undefined;
  const major = (device >> 8) & 0xfff;
  const minor = (device & 0xff) | ((device >>> 12) & 0xfff00);
  // The kernel's devices.txt: 136 to 143 are Unix98 pseudo-terminals, 4 is consoles up to 63 and serial lines from 64 on.
  if (major >= 136 && major <= 143) return `/dev/pts/${(major - 136) * 256 + minor}`;
  if (major === 4) return minor < 64 ? `/dev/tty${minor}` : `/dev/ttyS${minor - 64}`;
  return `/dev/char/${major}:${minor}`; // udev's name for any other
}

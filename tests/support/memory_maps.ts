/**
 * The mappings of a process and the pages in them, from outside: proc_pid_smaps(5), proc_pid_pagemap(5), proc_pid_mem(5).
 * Needs root.
 *
 * Not for: what is searched for in them (`memory_scan.ts`).
 *
 * @module
 */

const PAGE = 4096;
/** Page entries read at one go: 512 MiB of addresses. */
const ENTRIES = 128 * 1024;
/** Bytes of memory read at one go. */
const CHUNK = 4 * 1024 * 1024;

/** A line of smaps and what the lines below it say. */
export interface Mapping {
  readonly start: number;
  readonly end: number;
  /** `rw-p` */
  readonly permissions: string;
  /** `[stack]`, a path, or nothing. */
  readonly name: string;
  /** Whether it is memory of memfd_secret(2), by the kernel's name for it. */
  readonly secret: boolean;
  /** Whether the kernel keeps it locked and leaves it out of core files (VmFlags `lo` and `dd`). */
  readonly locked: boolean;
  /** Bytes in RAM or in swap. */
  readonly used: number;
}

/** The scan is worth nothing: the process ended, or something could not be read that should have been. */
export class ScanError extends Error {
  override readonly name = "ScanError";
  readonly code: "ended" | "unreadable";
  constructor(code: ScanError["code"], message: string, options?: ErrorOptions) {
    super(message, options);
    this.code = code;
  }
}

/** The mappings of a process, but for the kernel's own pages that every process has and none can write. */
export function readMappings(pid: number): readonly Mapping[] {
  const mappings: Mapping[] = [];
  let head: RegExpExecArray | null = null;
  let used = 0;
  for (const line of Deno.readTextFileSync(`/proc/${pid}/smaps`).split("\n")) {
    const range = /^([0-9a-f]+)-([0-9a-f]+) (\S{4}) \S+ \S+ \S+ *(.*)$/.exec(line);
    if (range !== null) {
      head = range;
      used = 0;
    }
    const size = /^(?:Rss|Swap): +(\d+) kB$/.exec(line);
    if (size !== null) used += 1024 * Number(size[1]);
    if (head === null || !line.startsWith("VmFlags:")) continue;
    const [, start = "", end = "", permissions = "", name = ""] = head;
    if (/^\[(vvar|vvar_vclock|vsyscall)\]$/.test(name)) continue;
    const flags = line.split(/\s+/);
    mappings.push({
      start: parseInt(start, 16),
      end: parseInt(end, 16),
      permissions,
      name,
      secret: name.startsWith("/secretmem"),
      locked: flags.includes("lo") && flags.includes("dd"),
      used,
    });
  }
  if (mappings.length === 0) throw new ScanError("ended", `Process ${pid} has no memory: it has ended`);
  return mappings;
}

/** The memory of a process. */
export class ProcessMemory implements Disposable {
  readonly #pid: number;
  readonly #mem: Deno.FsFile;
  readonly #pagemap: Deno.FsFile;

  /** @throws {Deno.errors.PermissionDenied} For a process that is closed to us. */
  constructor(pid: number) {
    this.#pid = pid;
    this.#mem = Deno.openSync(`/proc/${pid}/mem`);
    this.#pagemap = Deno.openSync(`/proc/${pid}/pagemap`);
  }

  /** Whether not one byte of a mapping can be read. */
  isClosed({ start }: Mapping): boolean {
    this.#mem.seekSync(start, Deno.SeekMode.Start);
    try {
      return this.#mem.readSync(new Uint8Array(1)) !== 1;
    } catch {
      return true; // EIO, EFAULT
    }
  }

  /**
   * Hands over what a mapping holds, page runs in pieces that overlap.
   *
   * @param overlap Bytes that stand at the end of a piece and again at the beginning of the next.
   * @throws {ScanError} If a page that is there cannot be read, or the process ends.
   */
  read(mapping: Mapping, overlap: number, take: (bytes: Uint8Array, address: number) => void): void {
    for (const [start, end] of this.#pages(mapping)) {
      for (let at = start; at < end; at += CHUNK) {
        const from = Math.max(start, at - overlap);
        take(this.#bytes(mapping, from, Math.min(end, at + CHUNK)), from);
      }
    }
  }

  [Symbol.dispose](): void {
    this.#mem.close();
    this.#pagemap.close();
  }

  /** Runs of pages that are in RAM or in swap; of a shared mapping all pages, which may be there without being mapped. */
  *#pages({ start, end, permissions, used }: Mapping): Iterable<readonly [start: number, end: number]> {
    if (permissions.endsWith("s")) {
      yield [start, end];
      return;
    }
    if (used === 0) return;
    let run: number | undefined;
    const entries = new Uint8Array(8 * ENTRIES);
    for (let at = start; at < end; at += PAGE * ENTRIES) {
      const count = Math.min(ENTRIES, (end - at) / PAGE);
      this.#pagemap.seekSync((at / PAGE) * 8, Deno.SeekMode.Start);
      const got = this.#pagemap.readSync(entries.subarray(0, 8 * count));
      if (got !== 8 * count) throw new ScanError("ended", `The page map of process ${this.#pid} ended early`);
      for (let entry = 0; entry < count; entry++) {
        const there = ((entries[8 * entry + 7] ?? 0) & 0xc0) !== 0; // bit 63: present, bit 62: swapped
        const address = at + PAGE * entry;
        if (there) run ??= address;
        else if (run !== undefined) {
          yield [run, address];
          run = undefined;
        }
      }
    }
    if (run !== undefined) yield [run, end];
  }

  #bytes(mapping: Mapping, start: number, end: number): Uint8Array {
    const bytes = new Uint8Array(end - start);
    this.#mem.seekSync(start, Deno.SeekMode.Start);
    for (let at = 0; at < bytes.length;) {
      let count: number | null;
      try {
        count = this.#mem.readSync(bytes.subarray(at));
      } catch (cause) {
        throw new ScanError("unreadable", `Cannot read ${describeMapping(mapping)} of process ${this.#pid}`, { cause });
      }
      // The kernel answers "end of file" for a process whose memory is gone.
      if (count === null || count === 0) throw new ScanError("ended", `Process ${this.#pid} ended during the scan`);
      at += count;
    }
    return bytes;
  }
}

/** A mapping in words. */
export function describeMapping({ name, permissions, locked, secret }: Mapping): string {
  const what = secret ? "memfd_secret" : name === "" ? "anonymous memory" : name;
  return `${what} (${permissions}${locked ? ", locked" : ""})`;
}

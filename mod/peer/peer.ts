/**
 * Who is at the other end: a socket's credentials from the kernel, and what /proc says about that process and those above.
 *
 * Not for: whether it is still the same later (`peer_watch.ts`).
 *
 * @module
 */

import type { ProcessHandle } from "../../ffi/process_handle.ts";
import type { PeerCredentials } from "../../ffi/unix_socket.ts";
import type { PeerFacts } from "../policy/ask.ts";
import { readAncestors } from "./ancestors.ts";
import {
  type ExeFile,
  fileAt,
  isSameFile,
  lastPart,
  readCgroup,
  readExeFile,
  readExePath,
  readMountNamespace,
  readStat,
  terminalPath,
  withoutDeleted,
} from "./proc.ts";

/** Service managers: whatever a user does is below one, so they say nothing. */
const MANAGERS: ReadonlySet<string> = new Set(["systemd", "init"]);

/**
 * Reads the facts about a peer. What cannot be read stays undefined: policy decides what that means.
 *
 * @param credentials From SO_PEERCRED: the process that connected, which need not be the one that writes.
 * @param process The same process. If it turns out to have ended, nothing that was read is believed: it may be about another.
 */
export function readPeer(credentials: PeerCredentials, process?: ProcessHandle): PeerFacts {
  const { pid, uid, gid } = credentials;
  const stat = readStat(pid);
  if (stat === undefined) return unknownPeer(credentials);
  const theirs = readMountNamespace(pid);
  const ours = readMountNamespace("self");
  const foreignMounts = theirs === undefined || ours === undefined ? undefined : theirs !== ours;
  const facts: PeerFacts = {
    pid,
    uid,
    gid,
    startTime: stat.startTime,
    ...readExe(pid, foreignMounts === true),
    ancestors: readAncestors(stat, ours),
    tty: terminalPath(stat.terminal),
    session: stat.session,
    cgroup: readCgroup(pid),
    foreignMounts,
  };
  return process === undefined || process.isAlive() ? facts : unknownPeer(credentials);
}

/** Programs from the peer upwards, for people: `ssh ← git ← zsh ← kitty`. To be sanitised where it is shown. */
export function describePeer(peer: PeerFacts): string {
  const above = peer.ancestors.map(({ program }) => program);
  while (MANAGERS.has(above[above.length - 1] ?? "")) above.pop();
  return [programOf(peer), ...above].join(" ← ");
}

/** The peer alone, for the log: `ssh (pid 1234)`. */
export function identifyPeer(peer: PeerFacts): string {
  return `${programOf(peer)} (pid ${peer.pid})`;
}

function programOf(peer: PeerFacts): string {
  return peer.exe === undefined ? "unknown program" : lastPart(peer.exe);
}

function unknownPeer({ pid, uid, gid }: PeerCredentials): PeerFacts {
  return {
    pid,
    uid,
    gid,
    startTime: undefined,
    exe: undefined,
    exeFile: undefined,
    ancestors: [],
    tty: undefined,
    session: 0,
    cgroup: undefined,
    foreignMounts: undefined,
  };
}

function readExe(pid: number, foreign: boolean): ExeFacts {
  const path = readExePath(pid);
  const file = readExeFile(pid);
  if (path === undefined || file === undefined) return { exe: undefined, exeFile: undefined };
  return judgeExe({ path, file, found: fileAt(path), foreign });
}

/** The part of the facts that is about the program. */
export type ExeFacts = Pick<PeerFacts, "exe" | "exeFile">;

/**
 * The program and its file; `deleted` also where the path leads to another file by now. Where the peer has mounts of its
 * own we cannot tell that, and go by the kernel's word alone.
 *
 * @param seen What was read: the path, the file that runs, and the file that the path leads us to.
 */
export function judgeExe(
  seen: {
    readonly path: string;
    readonly file: ExeFile;
    readonly found: ExeFile | undefined;
    readonly foreign: boolean;
  },
): ExeFacts {
  const { path, file, found, foreign } = seen;
  if (isSameFile(file, found)) return { exe: path, exeFile: { ...file, deleted: false } };
  const exe = withoutDeleted(path);
  return { exe, exeFile: { ...file, deleted: !foreign || exe !== path } };
}

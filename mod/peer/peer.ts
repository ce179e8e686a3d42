/**
 * Who is at the other end: a socket's credentials from the kernel, and what /proc says about that process.
 *
 * @module
 */

import type { PeerCredentials } from "../../ffi/unix_socket.ts";
import type { PeerFacts } from "../policy/ask.ts";

/**
 * Reads the facts about a peer. What cannot be read stays undefined: policy decides what that means.
 *
 * @param credentials From SO_PEERCRED: the process that connected, which need not be the one that writes.
 */
export function readPeer(credentials: PeerCredentials): PeerFacts {
  const { pid, uid, gid } = credentials;
  return { pid, uid, gid, startTime: readStartTime(pid), exe: readExe(pid) };
}

/** The peer in words for the log: `ssh (pid 1234)`. */
export function describePeer(peer: PeerFacts): string {
  const program = peer.exe?.slice(peer.exe.lastIndexOf("/") + 1) ?? "unknown program";
  return `${program} (pid ${peer.pid})`;
}

function readExe(pid: number): string | undefined {
  try {
    return Deno.readLinkSync(`/proc/${pid}/exe`);
  } catch {
    return undefined; // gone, of another user, or not dumpable: proc_pid_exe(5)
  }
}

/** Field 22 of proc_pid_stat(5), counted after the last parenthesis: the name before it may hold anything. */
function readStartTime(pid: number): bigint | undefined {
  try {
    const stat = Deno.readTextFileSync(`/proc/${pid}/stat`);
    const ticks = stat.slice(stat.lastIndexOf(")") + 2).split(" ")[22 - 3];
    return ticks === undefined ? undefined : BigInt(ticks);
  } catch {
    return undefined;
  }
}

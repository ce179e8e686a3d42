/**
 * The process that polkit is asked about.
 *
 * By default it is the daemon itself: it lives as long as the prompt, is of our own uid, is found in the user's session
 * through user@.service, and `pkttyagent --process PID` can be started for it beforehand. The client is the truer subject
 * and the worse one: it may be gone, or be the near end of a forwarded connection.
 *
 * @module
 */

import type { Libc } from "../../ffi/libc.ts";
import { openPidfd } from "../../ffi/pidfd.ts";
import type { PeerFacts } from "../policy/ask.ts";
import type { Subject } from "./polkit_authority.ts";

/** A subject for one check; disposing closes its pidfd. */
export type HeldSubject = Subject & Disposable;

/** This process. @throws {Error} Where there is no /proc. */
export function ownSubject(libc: Libc): HeldSubject {
  const startTime = startTimeOf(Deno.pid);
  const uid = Deno.uid();
  if (startTime === undefined || uid === null) throw new Error("Cannot read /proc/self/stat");
  return held(libc, { pid: Deno.pid, startTime, uid });
}

/** The client. @returns Undefined where it is gone, or its pid is another's by now. */
export function peerSubject(libc: Libc, { pid, startTime, uid }: PeerFacts): HeldSubject | undefined {
  if (pid <= 0 || startTime === undefined) return undefined;
  const subject = held(libc, { pid, startTime, uid });
  // polkit ≥ 126 goes by the pidfd alone: it must be of the process that asked.
  if (startTimeOf(pid) === startTime) return subject;
  subject[Symbol.dispose]();
  return undefined;
}

function held(libc: Libc, facts: Omit<Subject, "pidfd">): HeldSubject {
  const pidfd = openPidfd(libc, facts.pid);
  return { ...facts, pidfd: pidfd?.number, [Symbol.dispose]: () => pidfd?.[Symbol.dispose]() };
}

/** Field 22 of proc_pid_stat(5), counted after the last parenthesis: the name before it may hold anything. */
function startTimeOf(pid: number): bigint | undefined {
  try {
    const stat = Deno.readTextFileSync(`/proc/${pid}/stat`);
    const ticks = stat.slice(stat.lastIndexOf(")") + 2).split(" ")[22 - 3];
    return ticks === undefined ? undefined : BigInt(ticks);
  } catch {
    return undefined;
  }
}

/**
 * Whether a process is still the one it was: by a pidfd, which no other process ever inherits as it does a pid.
 *
 * @module
 */

import { ENOSYS } from "./errno.ts";
import type { Libc } from "./libc.ts";
import { openPidfd } from "./pidfd.ts";
import { type Fd, peerPidfd } from "./unix_socket.ts";

const ENOPROTOOPT = 92;
const POLLIN = 1;

/** A process that was there once. */
export class ProcessHandle implements Disposable {
  readonly #libc: Libc;
  #pidfd: Fd | undefined;
  /** struct pollfd { int fd; short events; short revents; } */
  readonly #poll = new Uint8Array(8);

  /** @param pidfd Owned from now on; undefined for a process that is gone already. */
  constructor(libc: Libc, pidfd: Fd | undefined) {
    this.#libc = libc;
    this.#pidfd = pidfd;
    const view = new DataView(this.#poll.buffer);
    view.setInt32(0, pidfd?.number ?? -1, true);
    view.setInt16(4, POLLIN, true);
  }

  /** Whether it runs still; what is dead but not waited for does not. A pidfd is readable from the end on (pidfd_open(2)). */
  isAlive(): boolean {
    return this.#pidfd !== undefined && this.#libc.symbols.poll(this.#poll, 1n, 0) === 0;
  }

  [Symbol.dispose](): void {
    this.#pidfd?.[Symbol.dispose]();
    this.#pidfd = undefined; // poll(2) passes over a negative descriptor, which would look alive
  }
}

/**
 * The process that connected. Before Linux 6.5 a socket does not give a pidfd: then the one who has the pid now is taken,
 * which is another process if the peer has ended since and the pid was given out again.
 *
 * @param fd The connected socket.
 * @param pid Of SO_PEERCRED.
 * @returns undefined where the kernel has no pidfds at all (before 5.3).
 */
export function peerProcess(libc: Libc, fd: number, pid: number): ProcessHandle | undefined {
  const given = peerPidfd(libc, fd);
  if (given !== undefined) return new ProcessHandle(libc, given);
  if (libc.errno() !== ENOPROTOOPT) return new ProcessHandle(libc, undefined); // no process any more
  return processHandle(libc, pid);
}

/** A handle on whoever has this pid now; on nobody where nobody has. @returns undefined as {@linkcode peerProcess}. */
export function processHandle(libc: Libc, pid: number): ProcessHandle | undefined {
  const pidfd = openPidfd(libc, pid);
  return pidfd === undefined && libc.errno() === ENOSYS ? undefined : new ProcessHandle(libc, pidfd);
}

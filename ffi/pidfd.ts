/**
 * A descriptor that names a process for as long as it is open, whatever becomes of its pid.
 *
 * @module
 */

import type { Libc } from "./libc.ts";
import { Fd } from "./unix_socket.ts";

const SYS_PIDFD_OPEN = 434n; // the same number on x86-64 and arm64

/** Opens one (pidfd_open(2)). @returns Undefined where the process is gone or the kernel is older than 5.3. */
export function openPidfd(libc: Libc, pid: number): Fd | undefined {
  const fd = Number(libc.symbols.syscall(SYS_PIDFD_OPEN, BigInt(pid), 0n, 0n));
  return fd < 0 ? undefined : new Fd(libc, fd);
}

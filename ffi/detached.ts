/**
 * A process of its own: in a new session, output into a file, and one pipe through which it says that it is ready.
 *
 * @module
 */

import type { Libc } from "./libc.ts";
import { openPipe, spawn } from "./spawn.ts";
import { Fd } from "./unix_socket.ts";

const O_RDONLY = 0;
const LOG_FLAGS = 0o1 | 0o100 | 0o2000 | 0o400000; // O_WRONLY | O_CREAT | O_APPEND | O_NOFOLLOW
/** The number of the ready pipe in the child. */
export const READY_FD = 3;

/** A started process and the pipe it reports on. */
export interface Detached extends Disposable {
  readonly pid: number;
  /** One line when it is ready, or the end of file when it is gone. */
  readonly ready: Fd;
}

/**
 * Starts a program detached from terminal and parent.
 * @param logPath Takes its output, appended: it may be the log of one that runs; never followed if it is a link.
 * @throws {ErrnoError}
 */
export function spawnDetached(
  libc: Libc,
  argv: readonly [path: string, ...rest: string[]],
  env: Readonly<Record<string, string>>,
  logPath: string,
): Detached {
  const { reading, writing } = openPipe(libc);
  using _ours = writing;
  const log = { path: logPath, flags: LOG_FLAGS, mode: 0o600 };
  try {
    const descriptors = { 0: { path: "/dev/null", flags: O_RDONLY }, 1: log, 2: 1, [READY_FD]: writing.number };
    const pid = spawn(libc, { argv, env, descriptors, newSession: true });
    return { pid, ready: reading, [Symbol.dispose]: (): void => reading[Symbol.dispose]() };
  } catch (error) {
    reading[Symbol.dispose]();
    throw error;
  }
}

/** In the child: says that it is ready, and closes the pipe. */
export function reportReady(libc: Libc): void {
  using pipe = new Fd(libc, READY_FD);
  const line = new TextEncoder().encode("ready\n");
  libc.symbols.write(pipe.number, line, BigInt(line.length));
}

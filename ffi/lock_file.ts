/**
 * A lock file: whoever holds its flock(2) is the one; the kernel lets go when the process ends, however it ends.
 *
 * @module
 */

import { EAGAIN } from "./errno.ts";
import { cString, type Libc } from "./libc.ts";
import { Fd } from "./unix_socket.ts";

const O_RDWR = 2;
const O_CREAT = 0o100;
const O_NOFOLLOW = 0o400000;
const O_CLOEXEC = 0o2000000;
const LOCK_EX = 2;
const LOCK_NB = 4;

/**
 * Takes the lock. The holder may remove the file before it lets go; a lock on a removed file is worth nothing, so the
 * file is looked at again once the lock is held.
 *
 * @returns The descriptor that holds it, or undefined when another process does.
 * @throws {ErrnoError} If the file cannot be opened; a symbolic link is refused.
 */
export function takeLock(libc: Libc, path: string): Fd | undefined {
  const flags = O_RDWR | O_CREAT | O_NOFOLLOW | O_CLOEXEC;
  for (;;) {
    const opened = libc.symbols.open(cString(path), flags, 0o600);
    using stack = new DisposableStack();
    const fd = stack.use(new Fd(libc, libc.check(opened, "open", `open "${path}"`)));
    if (libc.symbols.flock(fd.number, LOCK_EX | LOCK_NB) !== 0) {
      if (libc.errno() === EAGAIN) return undefined;
      throw libc.failure("flock", `lock "${path}"`);
    }
    if (!isStillAt(fd, path)) continue;
    stack.move();
    return fd;
  }
}

function isStillAt(fd: Fd, path: string): boolean {
  try {
    return Deno.statSync(`/proc/self/fd/${fd.number}`).ino === Deno.lstatSync(path).ino;
  } catch {
    return false;
  }
}

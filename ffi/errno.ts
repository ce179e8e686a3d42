/**
 * errno turned into named errors. Numbers are those of Linux on x86-64 and arm64 (asm-generic/errno-base.h, errno.h).
 *
 * @module
 */

const NAMES: Readonly<Record<number, readonly [name: string, text: string]>> = {
  1: ["EPERM", "operation not permitted"],
  2: ["ENOENT", "no such file or directory"],
  3: ["ESRCH", "no such process"],
  4: ["EINTR", "interrupted"],
  5: ["EIO", "input/output error"],
  7: ["E2BIG", "argument list too long"],
  8: ["ENOEXEC", "not an executable file"],
  9: ["EBADF", "bad file descriptor"],
  10: ["ECHILD", "no such child process"],
  11: ["EAGAIN", "try again"],
  12: ["ENOMEM", "out of memory"],
  13: ["EACCES", "permission denied"],
  17: ["EEXIST", "already exists"],
  20: ["ENOTDIR", "not a directory"],
  21: ["EISDIR", "is a directory"],
  22: ["EINVAL", "invalid argument"],
  23: ["ENFILE", "too many open files in the system"],
  24: ["EMFILE", "too many open files"],
  28: ["ENOSPC", "no space left on device"],
  30: ["EROFS", "read-only file system"],
  32: ["EPIPE", "peer hung up"],
  36: ["ENAMETOOLONG", "name too long"],
  38: ["ENOSYS", "not supported by this kernel"],
  40: ["ELOOP", "too many symbolic links"],
  71: ["EPROTO", "protocol error"],
  88: ["ENOTSOCK", "not a socket"],
  92: ["ENOPROTOOPT", "option not supported by this kernel"],
  95: ["EOPNOTSUPP", "operation not supported"],
  97: ["EAFNOSUPPORT", "address family not supported"],
  98: ["EADDRINUSE", "address already in use"],
  104: ["ECONNRESET", "connection reset by peer"],
  107: ["ENOTCONN", "not connected"],
  110: ["ETIMEDOUT", "timed out"],
  111: ["ECONNREFUSED", "connection refused"],
};

/** A C call failed. Matched by `code` (the errno's name), never by text. */
export class ErrnoError extends Error {
  override readonly name = "ErrnoError";
  /** errno's name, such as `EACCES`; `E` and the number for one without a name here. */
  readonly code: string;
  /** The C function. */
  readonly call: string;

  /**
   * @param call The C function that failed.
   * @param errno Its errno.
   * @param what What was being done, as in "bind the socket "/run/…"".
   */
  constructor(call: string, errno: number, what: string) {
    const [name, text] = NAMES[errno] ?? [`E${errno}`, `error ${errno}`];
    super(`Cannot ${what}: ${text} (${call}: ${name})`);
    this.code = name;
    this.call = call;
  }
}

/** The errnos that verbs branch on. */
export const EAGAIN = 11;
export const EINTR = 4;
export const ENOMEM = 12;
export const EPERM = 1;
export const ENOSYS = 38;
export const EPIPE = 32;
export const ECONNABORTED = 103;
export const ECONNRESET = 104;

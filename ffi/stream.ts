/**
 * Bytes in and out of non-blocking descriptors. What comes in lands in locked memory and leaves it only piece by piece:
 * by a copy for what is public, by a handle for what is secret.
 *
 * @module
 */

import { EAGAIN, ECONNRESET, EINTR, EPIPE } from "./errno.ts";
import type { Libc } from "./libc.ts";
import type { Secret, SecretMemory } from "./secret.ts";
import { bytesOf } from "./secret_bytes.ts";

const MSG_NOSIGNAL = 0x4000;
/** Not an amount: the descriptor has nothing now. */
export const WOULD_BLOCK = -1;

/** A receive buffer in locked memory, shared by all connections of one loop: filled, consumed, then filled again. */
export class ReceiveBuffer implements Disposable {
  readonly #secret: Secret;
  #bytes: Uint8Array<ArrayBuffer>;
  #length = 0;

  /** @param size Bytes per fill. @throws {SecretMemoryError} */
  constructor(memory: SecretMemory, size: number) {
    this.#secret = memory.allocate(size);
    this.#bytes = bytesOf(this.#secret);
  }

  /** Bytes of the last fill. */
  get length(): number {
    return this.#length;
  }

  /** One byte of the last fill. */
  uint8(at: number): number {
    return at < this.#length ? this.#bytes[at] ?? 0 : 0;
  }

  /** Public bytes, copied out. */
  copy(start: number, end: number): Uint8Array<ArrayBuffer> {
    return this.#bytes.slice(start, Math.min(end, this.#length));
  }

  /** A borrowed window on the last fill. */
  view(start = 0, end: number = this.#length): Secret {
    return this.#secret.view(start, end);
  }

  /** Zeroes the last fill: to be called when it held something secret. */
  wipe(): void {
    this.#bytes.fill(0, 0, this.#length);
    this.#length = 0;
  }

  /**
   * Fills the buffer from a socket.
   * @param limit The most bytes to take; what is not taken waits in the kernel.
   * @returns Bytes received, 0 at the end (a reset connection included), {@linkcode WOULD_BLOCK}.
   * @throws {ErrnoError}
   */
  receive(libc: Libc, fd: number, limit = Infinity): number {
    const length = BigInt(Math.min(limit, this.#bytes.length));
    return this.#filled(libc, libc.symbols.recv(fd, this.#bytes, length, 0), "recv", fd);
  }

  /** The same from a pipe. */
  read(libc: Libc, fd: number): number {
    return this.#filled(libc, libc.symbols.read(fd, this.#bytes, BigInt(this.#bytes.length)), "read", fd);
  }

  [Symbol.dispose](): void {
    this.#bytes = new Uint8Array(0);
    this.#secret.wipe();
    this.#length = 0;
  }

  #filled(libc: Libc, count: number, call: string, fd: number): number {
    this.#length = Math.max(0, count);
    if (count >= 0) return count;
    const errno = libc.errno();
    if (errno === EAGAIN || errno === EINTR) return WOULD_BLOCK;
    if (errno === ECONNRESET) return 0;
    throw libc.failure(call, `receive from descriptor ${fd}`);
  }
}

/**
 * Sends what the socket takes.
 * @returns Bytes taken, {@linkcode WOULD_BLOCK} when full, or undefined when the peer is gone.
 * @throws {ErrnoError}
 */
export function send(libc: Libc, fd: number, bytes: Uint8Array<ArrayBuffer>): number | undefined {
  const count = libc.symbols.send(fd, bytes, BigInt(bytes.length), MSG_NOSIGNAL);
  if (count >= 0) return count;
  const errno = libc.errno();
  if (errno === EAGAIN || errno === EINTR) return WOULD_BLOCK;
  if (errno === EPIPE || errno === ECONNRESET) return undefined;
  throw libc.failure("send", `send to descriptor ${fd}`);
}

/** The same for a secret: straight from locked memory into the socket. */
export function sendSecret(libc: Libc, fd: number, secret: Secret): number | undefined {
  return send(libc, fd, bytesOf(secret));
}

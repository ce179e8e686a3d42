/**
 * Objects of libcrypto's kept between signatures, because building one costs as much as a P-256 signature. They hold
 * private numbers in the secure heap, so they are few, go when idle, and are never freed under a running signature.
 *
 * @module
 */

import type { Secret } from "../secret.ts";
import { bytesOf } from "../secret_bytes.ts";
import { CryptoError } from "./errors.ts";
import type { Pointer } from "./symbols.ts";

/** An object is dropped when nobody signed with it for this long, in milliseconds: at rest only the arena holds keys. */
export const IDLE_MILLISECONDS = 60_000;

/** One object while somebody uses it. */
export interface Lease extends Disposable {
  readonly pointer: Pointer;
}

interface Kept {
  readonly pointer: Pointer;
  readonly bytes: number;
  /** Signatures running right now. */
  users: number;
  /** To be freed when the last user is done. */
  doomed: boolean;
  /** Used since the last look at the clock. */
  touched: boolean;
  lastUsed: number;
}

/** What is kept, by the secret it was made of. Order of the map = order of use, oldest first. */
export class KeptObjects implements Disposable {
  readonly #objects = new Map<Secret, Kept>();
  readonly #free: (pointer: Pointer) => void;
  readonly #limit: number;
  #bytes = 0;

  /**
   * @param free Frees an object, wiping it.
   * @param limit The most bytes of private numbers to keep; more are in use at a time if more signatures run.
   */
  constructor(free: (pointer: Pointer) => void, limit: number) {
    this.#free = free;
    this.#limit = limit;
  }

  /** Bytes of private numbers in kept objects. */
  get bytes(): number {
    return this.#bytes;
  }

  /** Objects kept. */
  get size(): number {
    return this.#objects.size;
  }

  /**
   * The object for a secret, built if there is none.
   *
   * @param bytes Bytes of private numbers it holds.
   * @throws {TypeError} If the secret is wiped: what was made of it must not sign either.
   * @throws Whatever `build` throws.
   */
  borrow(secret: Secret, bytes: number, build: () => Pointer): Lease {
    bytesOf(secret);
    let kept = this.#objects.get(secret);
    if (kept === undefined) {
      this.#makeRoom(bytes);
      kept = { pointer: this.#build(build), bytes, users: 0, doomed: false, touched: true, lastUsed: 0 };
      this.#bytes += bytes;
    } else this.#objects.delete(secret);
    this.#objects.set(secret, kept);
    kept.touched = true;
    kept.users++;
    return this.#lease(kept);
  }

  /** Drops the object made of a secret, at once or when the running signatures are done. */
  forget(secret: Secret): void {
    const kept = this.#objects.get(secret);
    if (kept === undefined) return;
    this.#objects.delete(secret);
    kept.doomed = true;
    this.#freeIfUnused(kept);
  }

  /**
   * Drops what was not used for a minute. An object's minute begins with the first call after its last use, so that no
   * signature has to read the clock.
   * @param now Milliseconds of a monotonic clock.
   */
  dropIdle(now: number): void {
    for (const [secret, kept] of [...this.#objects]) {
      if (kept.touched || kept.users > 0) {
        kept.touched = false;
        kept.lastUsed = now;
      } else if (now - kept.lastUsed >= IDLE_MILLISECONDS) this.forget(secret);
    }
  }

  /** Drops everything that is not in use; what is in use goes with its last user. */
  dropAll(): void {
    for (const secret of [...this.#objects.keys()]) this.forget(secret);
  }

  [Symbol.dispose](): void {
    this.dropAll();
  }

  /** Builds; where the secure heap is full of what nobody uses right now, drops that and builds again. */
  #build(build: () => Pointer): Pointer {
    try {
      return build();
    } catch (error) {
      if (!(error instanceof CryptoError) || error.code !== "secure-heap-exhausted" || this.size === 0) throw error;
      for (const [secret, kept] of [...this.#objects]) if (kept.users === 0) this.forget(secret);
      return build();
    }
  }

  #makeRoom(bytes: number): void {
    for (const [secret, kept] of [...this.#objects]) {
      if (this.#bytes + bytes <= this.#limit) return;
      if (kept.users === 0) this.forget(secret);
    }
  }

  #lease(kept: Kept): Lease {
    let given = true;
    return {
      pointer: kept.pointer,
      [Symbol.dispose]: (): void => {
        if (!given) return;
        given = false;
        kept.users--;
        this.#freeIfUnused(kept);
      },
    };
  }

  #freeIfUnused(kept: Kept): void {
    if (!kept.doomed || kept.users > 0) return;
    this.#bytes -= kept.bytes;
    this.#free(kept.pointer);
  }
}

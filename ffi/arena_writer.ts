/**
 * A secret under construction: doubles within locked memory, wiping each outgrown piece.
 *
 * @module
 */

import { type Secret, type SecretMemory, SecretMemoryError, type SecretWriter } from "./secret.ts";
import { bytesOf } from "./secret_bytes.ts";

/** First piece: an Ed25519 key in PEM fits after one doubling. */
const FIRST = 256;

/** The arena's {@linkcode SecretWriter}. */
export class ArenaWriter implements SecretWriter {
  readonly #memory: SecretMemory;
  readonly #cap: number;
  #piece: Secret | undefined;
  #length = 0;

  constructor(memory: SecretMemory, cap: number) {
    this.#memory = memory;
    this.#cap = cap;
  }

  get length(): number {
    return this.#length;
  }

  push(byte: number): void {
    const bytes = this.#room(1);
    bytes[this.#length++] = byte;
  }

  append(source: Secret, start = 0, end: number = source.length): void {
    this.appendPublic(bytesOf(source).subarray(start, end));
  }

  appendPublic(bytes: Uint8Array): void {
    this.#room(bytes.length).set(bytes, this.#length);
    this.#length += bytes.length;
  }

  reset(): void {
    this.#piece?.wipe();
    this.#piece = undefined;
    this.#length = 0;
  }

  finish(): Secret {
    const finished = this.#piece === undefined ? this.#memory.allocate(0) : this.#piece.copy(0, this.#length);
    this.reset();
    return finished;
  }

  [Symbol.dispose](): void {
    this.reset();
  }

  #room(extra: number): Uint8Array {
    const wanted = this.#length + extra;
    if (wanted > this.#cap) {
      throw new SecretMemoryError("too-large", `Cannot take more than ${this.#cap} bytes of a secret`);
    }
    if (this.#piece === undefined || wanted > this.#piece.length) {
      const grown = this.#memory.allocate(Math.min(this.#cap, Math.max(FIRST, wanted, (this.#piece?.length ?? 0) * 2)));
      if (this.#piece !== undefined) bytesOf(grown).set(bytesOf(this.#piece).subarray(0, this.#length));
      this.#piece?.wipe();
      this.#piece = grown;
    }
    return bytesOf(this.#piece);
  }
}

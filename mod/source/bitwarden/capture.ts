/**
 * One string value kept in locked memory while its item is being read. A value that is too long, or for which there is
 * no locked memory left, is wiped and remembered as such: one bad value never ends a listing.
 *
 * @module
 */

import { type Secret, type SecretMemory, SecretMemoryError, type SecretWriter } from "../../../ffi/secret.ts";
import type { StringSink } from "./json_string.ts";

/** Keeps no state between calls; making one costs more than decoding an id. */
const UTF8 = new TextDecoder("utf-8", { ignoreBOM: true });

/** What became of the value: there was none, it is here, it was longer than allowed, or the arena is full. */
export type CaptureState = "absent" | "read" | "too-long" | "no-memory";

/** A reusable place for one value. */
export class Capture implements StringSink, Disposable {
  readonly #writer: SecretWriter;
  #state: CaptureState = "absent";

  /** @param cap Bytes the value may have, unescaped. */
  constructor(memory: SecretMemory, cap: number) {
    this.#writer = memory.writer(cap);
  }

  get state(): CaptureState {
    return this.#state;
  }

  /** Bytes held. */
  get length(): number {
    return this.#writer.length;
  }

  /** A value begins: forgets the one before. */
  begin(): this {
    this.#writer.reset();
    this.#state = "read";
    return this;
  }

  push(byte: number): void {
    if (this.#state === "read") this.#guard(() => this.#writer.push(byte));
  }

  append(chunk: Secret, start: number, end: number): void {
    if (this.#state === "read") this.#guard(() => this.#writer.append(chunk, start, end));
  }

  /** Wipes the value. */
  clear(): void {
    this.#writer.reset();
    this.#state = "absent";
  }

  /** Hands the value over and is empty. @returns Undefined unless the value was read. The caller wipes it. */
  take(): Secret | undefined {
    if (this.#state !== "read") return undefined;
    const taken = this.#guard(() => this.#writer.finish());
    if (taken !== undefined) this.clear();
    return taken;
  }

  /**
   * Hands the value over as a string, and is empty. For allow-listed public fields only: every caller says why its
   * field is one.
   * @returns Undefined unless the value was read.
   */
  takePublic(): string | undefined {
    using secret = this.take();
    // publicCopy() gives a buffer of its own, so the decoder never stands on one that holds anything else.
    return secret === undefined ? undefined : UTF8.decode(secret.publicCopy());
  }

  [Symbol.dispose](): void {
    this.clear();
  }

  #guard<Result>(write: () => Result): Result | undefined {
    try {
      return write();
    } catch (error) {
      if (!(error instanceof SecretMemoryError)) throw error;
      this.#writer.reset();
      this.#state = error.code === "too-large" ? "too-long" : "no-memory";
      return undefined;
    }
  }
}

/**
 * Secret memory on the ordinary heap, for tests that watch it: every copy that leaves is recorded, so is the peak, and
 * it can be told to run out. The arena itself has its own tests; nothing in `mod/` may use this.
 *
 * @module
 */

import { type Secret, type SecretMemory, SecretMemoryError, type SecretWriter } from "../../ffi/secret.ts";

const LATIN1 = new TextDecoder("latin1");

/** A {@linkcode SecretMemory} that tells what was done with it. */
export class HeapMemory implements SecretMemory {
  /** What left through `publicCopy`, in order. */
  readonly published: string[] = [];
  /** Bytes owned by secrets and writers now, and the most there ever were. */
  live = 0;
  peak = 0;
  /** The most bytes that may be live. */
  limit = Number.POSITIVE_INFINITY;

  allocate(length: number): Secret {
    this.account(length);
    return new HeapSecret(this, new Uint8Array(length));
  }

  writer(cap: number): SecretWriter {
    return new HeapWriter(this, cap);
  }

  decodeBase64(text: Secret): Secret | undefined {
    let bytes: string;
    try {
      bytes = atob(LATIN1.decode(peek(text)));
    } catch {
      return undefined;
    }
    return this.of(Uint8Array.from(bytes, (character) => character.charCodeAt(0)));
  }

  /** A secret with these bytes; a string is taken as UTF-8. */
  of(content: string | Uint8Array): Secret {
    const bytes = typeof content === "string" ? new TextEncoder().encode(content) : content;
    this.account(bytes.length);
    return new HeapSecret(this, bytes.slice());
  }

  /** Counts bytes taken (or given back, if negative). @throws {SecretMemoryError} Past the limit. */
  account(bytes: number): void {
    if (this.live + bytes > this.limit) throw new SecretMemoryError("exhausted", "Cannot find more test memory");
    this.live += bytes;
    this.peak = Math.max(this.peak, this.live);
  }
}

/** The bytes of a secret as text, for assertions; not recorded as published. */
export function peekText(secret: Secret): string {
  return new TextDecoder("utf-8", { ignoreBOM: true }).decode(peek(secret));
}

function peek(secret: Secret): Uint8Array {
  return Uint8Array.from({ length: secret.length }, (_, at) => secret.uint8(at));
}

class HeapSecret implements Secret {
  readonly #memory: HeapMemory;
  readonly #owner: HeapSecret;
  #bytes: Uint8Array;
  #wiped = false;

  constructor(memory: HeapMemory, bytes: Uint8Array, owner?: HeapSecret) {
    this.#memory = memory;
    this.#bytes = bytes;
    this.#owner = owner ?? this;
  }

  get length(): number {
    return this.#bytes.length;
  }

  uint8(at: number): number {
    const byte = this.#alive()[at];
    if (byte === undefined) throw new RangeError(`Cannot read byte ${at} of a secret of ${this.length}`);
    return byte;
  }

  uint32(at: number): number {
    return new DataView(this.#alive().buffer, this.#bytes.byteOffset).getUint32(at);
  }

  indexOf(ascii: string, from = 0): number {
    return LATIN1.decode(this.#alive()).indexOf(ascii, from);
  }

  startsWith(ascii: string, at = 0): boolean {
    return LATIN1.decode(this.#alive()).startsWith(ascii, at);
  }

  view(start: number, end: number = this.length): Secret {
    if (start < 0 || end < start || end > this.length) throw new RangeError("Cannot view past the end of a secret");
    return new HeapSecret(this.#memory, this.#alive().subarray(start, end), this.#owner);
  }

  copy(start = 0, end: number = this.length): Secret {
    return this.#memory.of(this.#alive().slice(start, end));
  }

  publicCopy(start = 0, end: number = this.length): Uint8Array<ArrayBuffer> {
    const bytes = new Uint8Array(this.#alive().slice(start, end));
    this.#memory.published.push(new TextDecoder().decode(bytes));
    return bytes;
  }

  equals(other: Secret | Uint8Array): boolean {
    const theirs = other instanceof Uint8Array ? other : peek(other);
    const mine = this.#alive();
    return theirs.length === mine.length && mine.every((byte, at) => byte === theirs[at]);
  }

  wipe(): void {
    if (this.#owner !== this || this.#wiped) return;
    this.#memory.account(-this.#bytes.length);
    this.#bytes.fill(0);
    this.#wiped = true;
  }

  [Symbol.dispose](): void {
    this.wipe();
  }

  #alive(): Uint8Array {
    if (this.#owner.#wiped) throw new TypeError("Cannot use a secret after it was wiped");
    return this.#bytes;
  }
}

class HeapWriter implements SecretWriter {
  readonly #memory: HeapMemory;
  readonly #cap: number;
  #bytes: number[] = [];

  constructor(memory: HeapMemory, cap: number) {
    this.#memory = memory;
    this.#cap = cap;
  }

  get length(): number {
    return this.#bytes.length;
  }

  push(byte: number): void {
    if (this.length === this.#cap) throw new SecretMemoryError("too-large", `Cannot take more than ${this.#cap} bytes`);
    this.#memory.account(1);
    this.#bytes.push(byte);
  }

  append(source: Secret, start = 0, end: number = source.length): void {
    if (this.length + end - start > this.#cap) {
      throw new SecretMemoryError("too-large", `Cannot take more than ${this.#cap} bytes`);
    }
    for (let at = start; at < end; at++) this.push(source.uint8(at));
  }

  appendPublic(bytes: Uint8Array): void {
    for (const byte of bytes) this.push(byte);
  }

  reset(): void {
    this.#memory.account(-this.length);
    this.#bytes = [];
  }

  finish(): Secret {
    const bytes = Uint8Array.from(this.#bytes);
    this.reset();
    return this.#memory.of(bytes);
  }

  [Symbol.dispose](): void {
    this.reset();
  }
}

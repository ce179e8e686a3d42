/**
 * A secret of the arena. The bytes are reachable for files of `ffi/` only, through `secret_bytes.ts`.
 *
 * @module
 */

import type { Secret, SecretMemory } from "./secret.ts";

/** Where a piece lies. */
export interface Block {
  /** The segment's bytes; identity names the segment. */
  readonly segment: Uint8Array<ArrayBuffer>;
  readonly start: number;
}

const GONE = new Uint8Array(0);

/** A handle on bytes of the arena, owned or borrowed. */
export class ArenaSecret implements Secret {
  readonly #owner: ArenaSecret;
  readonly #memory: SecretMemory;
  readonly #release: ((owner: ArenaSecret) => void) | undefined;
  #bytes: Uint8Array<ArrayBuffer>;

  /** @param release Gives the block back; absent for a view. */
  constructor(
    block: Block,
    length: number,
    release: ((owner: ArenaSecret) => void) | undefined,
    memory: SecretMemory,
    owner?: ArenaSecret,
  ) {
    this.#bytes = block.segment.subarray(block.start, block.start + length);
    this.#release = release;
    this.#memory = memory;
    this.#owner = owner ?? this;
  }

  /** The live bytes. For files of `ffi/`, through `secret_bytes.ts`. @throws {TypeError} If wiped, or not of an arena. */
  static bytesOf(secret: Secret): Uint8Array<ArrayBuffer> {
    if (!(#bytes in secret)) throw new TypeError("Cannot reach the bytes of a secret that is not of the arena");
    secret.#assertAlive();
    return secret.#bytes;
  }

  get length(): number {
    return this.#bytes.length;
  }

  uint8(at: number): number {
    this.#assertAlive();
    const byte = this.#bytes[at];
    if (byte === undefined) throw new RangeError(`Cannot read byte ${at} of a secret of ${this.length}`);
    return byte;
  }

  uint32(at: number): number {
    return ((this.uint8(at) << 24) | (this.uint8(at + 1) << 16) | (this.uint8(at + 2) << 8) | this.uint8(at + 3)) >>> 0;
  }

  indexOf(ascii: string, from = 0): number {
    for (let at = Math.max(0, from); at + ascii.length <= this.length; at++) if (this.startsWith(ascii, at)) return at;
    return -1;
  }

  startsWith(ascii: string, at = 0): boolean {
    this.#assertAlive();
    if (at < 0 || at + ascii.length > this.length) return false;
    for (let i = 0; i < ascii.length; i++) if (this.#bytes[at + i] !== ascii.charCodeAt(i)) return false;
    return true;
  }

  view(start: number, end: number = this.length): Secret {
    this.#assertRange(start, end);
    const block = { segment: this.#bytes, start };
    return new ArenaSecret(block, end - start, undefined, this.#memory, this.#owner);
  }

  copy(start = 0, end: number = this.length): Secret {
    this.#assertRange(start, end);
    const target = this.#memory.allocate(end - start);
    ArenaSecret.bytesOf(target).set(this.#bytes.subarray(start, end));
    return target;
  }

  publicCopy(start = 0, end: number = this.length): Uint8Array<ArrayBuffer> {
    this.#assertRange(start, end);
    return this.#bytes.slice(start, end);
  }

  equals(other: Secret | Uint8Array): boolean {
    this.#assertAlive();
    const theirs = other instanceof Uint8Array ? other : ArenaSecret.bytesOf(other);
    if (theirs.length !== this.length) return false;
    let difference = 0;
    for (let i = 0; i < theirs.length; i++) difference |= (theirs[i] ?? 0) ^ (this.#bytes[i] ?? 0);
    return difference === 0;
  }

  wipe(): void {
    if (this.#release === undefined || this.#bytes === GONE) return;
    this.#bytes.fill(0);
    this.#bytes = GONE;
    this.#release(this);
  }

  toJSON(): string {
    return "[secret]";
  }

  toString(): string {
    return "[secret]";
  }

  [Symbol.for("Deno.customInspect")](): string {
    return "[secret]";
  }

  [Symbol.dispose](): void {
    this.wipe();
  }

  #assertAlive(): void {
    if (this.#owner.#bytes === GONE) throw new TypeError("Cannot use a secret after it was wiped");
  }

  #assertRange(start: number, end: number): void {
    this.#assertAlive();
    if (start < 0 || end < start || end > this.length) {
      throw new RangeError(`Cannot take bytes ${start} to ${end} of a secret of ${this.length}`);
    }
  }
}

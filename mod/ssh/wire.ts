/**
 * The primitives of the SSH wire format (RFC 4251 §5): reading with one bounds check, writing into a growing buffer.
 *
 * Not for: secret bytes, which never come to ordinary memory, nor for what the fields mean.
 *
 * @module
 */

import { knownName } from "./names.ts";
import { decodeUtf8, encodeUtf8 } from "./text.ts";

/** OpenSSH's SSHBUF_MAX_BIGNUM: no key it accepts has a longer number (RSA 16384). */
export const MAX_MPINT_LENGTH = 2048;
/** RFC 4251 §6: names are at most 64 characters. */
export const MAX_NAME_LENGTH = 64;

/** Bytes are not what the format says. The message names the field and the place, never the bytes. */
export class WireError extends SyntaxError {
  override readonly name = "WireError";
  readonly code: "truncated" | "trailing" | "too-long" | "not-utf8" | "not-a-name" | "mpint" | "value";
  constructor(code: WireError["code"], message: string, options?: ErrorOptions) {
    super(message, options);
    this.code = code;
  }
}

/** What `read` returns, or undefined where it finds that the bytes are not what the format says. */
export function tryRead<T>(read: () => T): T | undefined {
  try {
    return read();
  } catch (error) {
    if (error instanceof WireError) return undefined;
    throw error;
  }
}

/** Reads fields one after the other. What it returns are windows onto the same buffer, not copies. */
export class WireReader<B extends ArrayBufferLike = ArrayBufferLike> {
  readonly #bytes: Uint8Array<B>;
  #at = 0;

  constructor(bytes: Uint8Array<B>) {
    this.#bytes = bytes;
  }

  /** Bytes not read yet. */
  get left(): number {
    return this.#bytes.length - this.#at;
  }

  /** @throws {WireError} code "truncated" */
  uint8(field: string): number {
    return this.#byte(this.#take(1, field));
  }

  /** Big-endian. @throws {WireError} code "truncated" */
  uint32(field: string): number {
    const at = this.#take(4, field);
    return ((this.#byte(at) << 24) | (this.#byte(at + 1) << 16) | (this.#byte(at + 2) << 8) | this.#byte(at + 3)) >>> 0;
  }

  /** Big-endian. @throws {WireError} code "truncated" */
  uint64(field: string): bigint {
    const high = this.uint32(field);
    return (BigInt(high) << 32n) | BigInt(this.uint32(field));
  }

  /** `length` bytes without a length in front. @throws {WireError} code "truncated" */
  bytes(length: number, field: string): Uint8Array<B> {
    const at = this.#take(length, field);
    return this.#bytes.subarray(at, at + length);
  }

  /**
   * A string in the sense of RFC 4251: any bytes, their length in front.
   * @param limit The most bytes the field may have.
   * @throws {WireError} code "truncated" or "too-long"
   */
  string(field: string, limit = Infinity): Uint8Array<B> {
    const length = this.uint32(field);
    if (length > limit) throw new WireError("too-long", `Cannot read ${field}: ${length} bytes, at most ${limit}`);
    return this.bytes(length, field);
  }

  /** A string that is text. @throws {WireError} code "truncated", "too-long" or "not-utf8" */
  text(field: string, limit = Infinity): string {
    const bytes = this.string(field, limit);
    try {
      return decodeUtf8(bytes);
    } catch (cause) {
      throw new WireError("not-utf8", `Cannot read ${field}: it is not UTF-8`, { cause });
    }
  }

  /**
   * The name of an algorithm, method or extension: 1 to 64 printable US-ASCII characters, no space and no comma (RFC 4251 §6).
   * @throws {WireError} code "truncated", "too-long" or "not-a-name"
   */
  algorithmName(field: string): string {
    const bytes = this.string(field, MAX_NAME_LENGTH);
    const known = knownName(bytes);
    if (known !== undefined) return known;
    if (bytes.length === 0) throw new WireError("not-a-name", `Cannot read ${field}: it is empty`);
    for (let at = 0; at < bytes.length; at++) {
      const byte = bytes[at] ?? 0;
      if (byte <= 0x20 || byte >= 0x7f || byte === 0x2c) {
        throw new WireError("not-a-name", `Cannot read ${field}: it holds a byte no name has`);
      }
    }
    return decodeUtf8(bytes);
  }

  /**
   * A multiple precision integer that is not negative, as unsigned big-endian bytes without leading zeros (zero is empty).
   * Strict: superfluous zeros would give one key several blobs, hence several fingerprints.
   * @throws {WireError} code "truncated", "too-long" or "mpint"
   */
  mpint(field: string): Uint8Array<B> {
    const bytes = this.string(field, MAX_MPINT_LENGTH + 1);
    const first = bytes[0];
    if (first === undefined) return bytes;
    if (first >= 0x80) throw new WireError("mpint", `Cannot read ${field}: it is negative`);
    if (first === 0) {
      if ((bytes[1] ?? 0) < 0x80) throw new WireError("mpint", `Cannot read ${field}: it has a superfluous zero`);
      return bytes.subarray(1);
    }
    if (bytes.length > MAX_MPINT_LENGTH) {
      throw new WireError("too-long", `Cannot read ${field}: ${bytes.length} bytes, at most ${MAX_MPINT_LENGTH}`);
    }
    return bytes;
  }

  /** Everything not read yet. */
  rest(): Uint8Array<B> {
    return this.bytes(this.left, "rest");
  }

  /** Trailing bytes are a malformed message, not padding. @throws {WireError} code "trailing" */
  end(message: string): void {
    if (this.left > 0) throw new WireError("trailing", `Cannot read ${message}: ${this.left} bytes are left over`);
  }

  /** The only place that moves the cursor, and the only bounds check. */
  #take(length: number, field: string): number {
    const at = this.#at;
    const left = this.#bytes.length - at;
    if (length > left) {
      throw new WireError("truncated", `Cannot read ${field} at byte ${at}: need ${length}, have ${left}`);
    }
    this.#at = at + length;
    return at;
  }

  #byte(at: number): number {
    return this.#bytes[at] ?? 0; // within bounds: every caller has taken the byte
  }
}

/** Writes fields one after the other into a buffer that grows. */
export class WireWriter {
  #bytes: Uint8Array<ArrayBuffer>;
  #length = 0;

  /** @param capacity Bytes to start with; the right guess saves growing. */
  constructor(capacity = 256) {
    this.#bytes = new Uint8Array(capacity);
  }

  /** Bytes so far. */
  get length(): number {
    return this.#length;
  }

  uint8(value: number): this {
    const at = this.#grow(1);
    this.#bytes[at] = value;
    return this;
  }

  uint32(value: number): this {
    const at = this.#grow(4);
    this.#bytes[at] = value >>> 24;
    this.#bytes[at + 1] = value >>> 16;
    this.#bytes[at + 2] = value >>> 8;
    this.#bytes[at + 3] = value;
    return this;
  }

  uint64(value: bigint): this {
    return this.uint32(Number((value >> 32n) & 0xffffffffn)).uint32(Number(value & 0xffffffffn));
  }

  /** Bytes without a length in front. */
  bytes(value: Uint8Array): this {
    const at = this.#grow(value.length);
    this.#bytes.set(value, at);
    return this;
  }

  /** A string in the sense of RFC 4251; text is written as UTF-8. */
  string(value: Uint8Array | string): this {
    const bytes = typeof value === "string" ? encodeUtf8(value) : value;
    return this.uint32(bytes.length).bytes(bytes);
  }

  /** A string that is ASCII, such as a name: written in place. */
  ascii(value: string): this {
    this.uint32(value.length);
    const at = this.#grow(value.length);
    for (let index = 0; index < value.length; index++) this.#bytes[at + index] = value.charCodeAt(index);
    return this;
  }

  /** @param value Unsigned, big-endian; leading zeros do not matter. */
  mpint(value: Uint8Array): this {
    const start = value.findIndex((byte) => byte !== 0);
    if (start < 0) return this.uint32(0);
    const digits = value.subarray(start);
    const signed = (digits[0] ?? 0) >= 0x80;
    this.uint32(digits.length + (signed ? 1 : 0));
    if (signed) this.uint8(0); // without it the number would read as negative
    return this.bytes(digits);
  }

  /** What was written, in a buffer of its own: of exactly that length, and out of reach of later writes. */
  finish(): Uint8Array<ArrayBuffer> {
    if (this.#length === this.#bytes.length) return this.#bytes; // the next byte written moves to a new buffer
    return this.#bytes.slice(0, this.#length);
  }

  /** Makes room and returns where it begins. */
  #grow(count: number): number {
    const at = this.#length;
    const needed = at + count;
    if (needed > this.#bytes.length) {
      const grown = new Uint8Array(Math.max(needed, this.#bytes.length * 2));
      grown.set(this.#bytes.subarray(0, at));
      this.#bytes = grown;
    }
    this.#length = needed;
    return at;
  }
}

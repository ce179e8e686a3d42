/**
 * The inside of a JSON string, byte by byte: escapes undone and UTF-8 checked on the way from locked memory to a sink
 * in locked memory. State may stop anywhere, within an escape, a surrogate pair or a UTF-8 sequence.
 *
 * Not for: making JavaScript strings; nothing here holds more than one character.
 *
 * @module
 */

import type { Secret } from "../../../ffi/secret.ts";
import { JsonError } from "./json_error.ts";

/** Where the bytes of one string go. Neither method throws: a sink that is full remembers that it is. */
export interface StringSink {
  push(byte: number): void;
  /** Appends `chunk[start, end)`. */
  append(chunk: Secret, start: number, end: number): void;
}

const QUOTE = 0x22;
const BACKSLASH = 0x5c;
const LETTER_U = 0x75;
/** RFC 8259 §7, the escapes of two characters. */
const SIMPLE_ESCAPES: ReadonlyMap<number, number> = new Map([
  [QUOTE, QUOTE],
  [BACKSLASH, BACKSLASH],
  [0x2f, 0x2f], // /
  [0x62, 0x08], // b
  [0x66, 0x0c], // f
  [0x6e, 0x0a], // n
  [0x72, 0x0d], // r
  [0x74, 0x09], // t
]);
const REPLACEMENT = 0xfffd;

/** Reads string bodies, one after the other. */
export class JsonString {
  #sink: StringSink | undefined;
  #state: "text" | "escape" | "hex" | "done" = "done";
  /** Hex digits of \u still to come, and their value so far. */
  #digits = 0;
  #unit = 0;
  /** A high surrogate that waits for its low one; 0 is none. */
  #high = 0;
  /** Continuation bytes still to come, and what the next may be (RFC 3629 §4). */
  #continuation = 0;
  #lowest = 0x80;
  #highest = 0xbf;

  /** Whether the closing quote was read. */
  get done(): boolean {
    return this.#state === "done";
  }

  /** Starts after an opening quote. @param sink Undefined skips the string; it is checked all the same. */
  begin(sink: StringSink | undefined): void {
    this.#sink = sink;
    this.#state = "text";
  }

  /**
   * Reads on.
   *
   * @param offset Bytes of the document before `chunk`, for errors.
   * @returns The index after the last byte that belongs to the string.
   * @throws {JsonError}
   */
  push(chunk: Secret, from: number, offset: number): number {
    const { length } = chunk;
    let run = from; // start of the plain bytes not yet handed over
    for (let at = from; at < length; at++) {
      const byte = chunk.uint8(at);
      if (this.#state === "text") {
        if (byte >= 0x20 && byte < 0x80 && byte !== QUOTE && byte !== BACKSLASH && this.#continuation === 0) {
          if (this.#high !== 0) this.#flushHigh();
          continue;
        }
        if (byte !== QUOTE && byte !== BACKSLASH) {
          this.#raw(byte, offset + at);
          continue;
        }
        if (this.#continuation > 0) throw new JsonError("the rest of a UTF-8 sequence", offset + at);
        if (run < at) this.#sink?.append(chunk, run, at);
        if (byte === QUOTE) {
          if (this.#high !== 0) this.#flushHigh();
          this.#state = "done";
          return at + 1;
        }
        this.#state = "escape";
      } else if (this.#escaped(byte, offset + at)) {
        run = at + 1;
      }
    }
    if (this.#state === "text" && run < length) this.#sink?.append(chunk, run, length);
    return length;
  }

  /** One byte of an escape. @returns Whether the escape is complete. */
  #escaped(byte: number, offset: number): boolean {
    if (this.#state === "hex") {
      this.#unit = this.#unit * 16 + hexDigit(byte, offset);
      if (--this.#digits > 0) return false;
      this.#codeUnit(this.#unit);
    } else if (byte === LETTER_U) {
      this.#state = "hex";
      this.#digits = 4;
      this.#unit = 0;
      return false;
    } else {
      const plain = SIMPLE_ESCAPES.get(byte);
      if (plain === undefined) throw new JsonError("an escape of JSON", offset);
      if (this.#high !== 0) this.#flushHigh();
      this.#sink?.push(plain);
    }
    this.#state = "text";
    return true;
  }

  /** A byte that is part of a run but not printable ASCII. */
  #raw(byte: number, offset: number): void {
    if (this.#continuation > 0) {
      if (byte < this.#lowest || byte > this.#highest) throw new JsonError("the rest of a UTF-8 sequence", offset);
      this.#continuation--;
      this.#expect(0x80, 0xbf);
      return;
    }
    if (byte < 0x20) throw new JsonError("control characters to be escaped", offset);
    if (this.#high !== 0) this.#flushHigh();
    // The narrowed second byte keeps out overlong forms, surrogates and what lies past U+10FFFF.
    if (byte >= 0xc2 && byte <= 0xdf) this.#continuation = 1;
    else if (byte >= 0xe0 && byte <= 0xef) {
      this.#continuation = 2;
      this.#expect(byte === 0xe0 ? 0xa0 : 0x80, byte === 0xed ? 0x9f : 0xbf);
    } else if (byte >= 0xf0 && byte <= 0xf4) {
      this.#continuation = 3;
      this.#expect(byte === 0xf0 ? 0x90 : 0x80, byte === 0xf4 ? 0x8f : 0xbf);
    } else throw new JsonError("UTF-8", offset);
  }

  #expect(lowest: number, highest: number): void {
    this.#lowest = lowest;
    this.#highest = highest;
  }

  /** A UTF-16 code unit of an escape. A surrogate without its partner becomes U+FFFD, as bytes have no form for it. */
  #codeUnit(unit: number): void {
    const isLow = unit >= 0xdc00 && unit <= 0xdfff;
    if (this.#high !== 0 && isLow) {
      this.#utf8(0x10000 + ((this.#high - 0xd800) << 10) + (unit - 0xdc00));
      this.#high = 0;
      return;
    }
    if (this.#high !== 0) this.#flushHigh();
    if (unit >= 0xd800 && unit <= 0xdbff) this.#high = unit;
    else this.#utf8(isLow ? REPLACEMENT : unit);
  }

  #flushHigh(): void {
    this.#high = 0;
    this.#utf8(REPLACEMENT);
  }

  #utf8(point: number): void {
    const sink = this.#sink;
    if (sink === undefined) return;
    if (point < 0x80) return sink.push(point);
    if (point < 0x800) sink.push(0xc0 | (point >> 6));
    else {
      if (point < 0x10000) sink.push(0xe0 | (point >> 12));
      else {
        sink.push(0xf0 | (point >> 18));
        sink.push(0x80 | ((point >> 12) & 0x3f));
      }
      sink.push(0x80 | ((point >> 6) & 0x3f));
    }
    sink.push(0x80 | (point & 0x3f));
  }
}

function hexDigit(byte: number, offset: number): number {
  if (byte >= 0x30 && byte <= 0x39) return byte - 0x30;
  const lower = byte | 0x20;
  if (lower >= 0x61 && lower <= 0x66) return lower - 0x57;
  throw new JsonError("four hexadecimal digits", offset);
}

/**
 * What a secret looks like when it was copied somewhere: every encoding in which a program might hold it, and a search
 * for all of them at once.
 *
 * Not for: where to search (`memory_scan.ts`).
 *
 * @module
 */

/** Bytes or text that must not be found. */
export interface Secret {
  /** `rsa-2048 d`; never anything of the bytes. */
  readonly name: string;
  readonly bytes: Uint8Array;
}

/** One encoding of one secret. */
export interface Pattern {
  readonly secret: string;
  /** `raw`, `hex`, … */
  readonly form: string;
  readonly bytes: Uint8Array;
  /** Length of a run of these bytes that counts as a find. */
  readonly enough: number;
}

/** A find. Holds no byte of the secret. */
export interface Match {
  readonly secret: string;
  readonly form: string;
  /** Where in what was searched the run begins, and its length. */
  readonly at: number;
  readonly length: number;
}

/** A run of so many bytes of a secret is a find: three quarters of a seed, and too long for chance. */
export const WINDOW = 24;
/** No run that counts is longer than this; pieces searched one after the other must overlap by it. */
export const OVERLAP = 256;

const ANCHOR = 8;
/** Every run of WINDOW bytes holds a whole anchor that begins at a multiple of this. */
const ANCHOR_STEP = WINDOW - ANCHOR;
const HASH_BITS = 22;

const encoder = new TextEncoder();

/** The encodings of secret bytes: as they are, as numbers are kept in words, and as text. */
export function patternsOf({ name, bytes }: Secret): readonly Pattern[] {
  const hex = Array.from(bytes, (byte) => byte.toString(16).padStart(2, "0")).join("");
  const binary = [
    ["raw", bytes],
    ["little-endian", bytes.toReversed()], // BIGNUM's words, least significant first, on a little-endian machine
    ["64-bit words", swapped(bytes, 8)], // a hash's message schedule
    ["32-bit words", swapped(bytes, 4)],
  ] as const;
  const text = [
    ["hex", hex, 2 * WINDOW],
    ["HEX", hex.toUpperCase(), 2 * WINDOW],
    ["base64 +0", base64At(bytes, 0), 32],
    ["base64 +1", base64At(bytes, 1), 32],
    ["base64 +2", base64At(bytes, 2), 32],
    ["decimal", bytes.join(","), 3 * WINDOW],
    ["decimal, spaced", bytes.join(", "), 4 * WINDOW],
  ] as const;
  return [
    ...binary.map(([form, content]) => ({ secret: name, form, bytes: content, enough: WINDOW })),
    ...text.map(([form, content, enough]) => ({ secret: name, form, bytes: encoder.encode(content), enough })),
  ].filter((pattern) => pattern.bytes.length >= pattern.enough);
}

/** Text that must not be found, as it is. */
export function textPattern(secret: string, form: string, text: string, enough = WINDOW): Pattern {
  return { secret, form, bytes: encoder.encode(text), enough: Math.min(enough, text.length) };
}

/** Searches bytes for many patterns in one pass. */
export class Search {
  readonly #patterns: readonly Pattern[];
  /** Whether some anchor's first four bytes have this hash. */
  readonly #bitmap = new Uint8Array(1 << (HASH_BITS - 3));
  /** Anchors by their first four bytes. */
  readonly #anchors = new Map<number, { readonly pattern: Pattern; readonly at: number }[]>();

  constructor(patterns: readonly Pattern[]) {
    this.#patterns = patterns;
    for (const pattern of patterns) this.#addAnchors(pattern);
  }

  get patterns(): readonly Pattern[] {
    return this.#patterns;
  }

  /** Every find in the bytes as they are; and in every second, fourth and eighth of them: UTF-16, arrays of integers. */
  everywhere(bytes: Uint8Array): readonly Match[] {
    const spread = SPREADS.flatMap(([form, step, offset]) =>
      this.plain(every(bytes, step, offset)).map((match) => ({
        ...match,
        form: `${match.form}, ${form}`,
        at: match.at * step,
        length: match.length * step,
      }))
    );
    return [...this.plain(bytes), ...spread];
  }

  /** Every find in the bytes as they are. */
  plain(bytes: Uint8Array): readonly Match[] {
    const found = new Map<string, Match>();
    const bitmap = this.#bitmap;
    let word = 0;
    for (let end = 0; end < bytes.length; end++) {
      word = (word >>> 8) | ((bytes[end] ?? 0) << 24);
      const hash = Math.imul(word, 0x9e3779b1) >>> (32 - HASH_BITS);
      if (((bitmap[hash >>> 3] ?? 0) & (1 << (hash & 7))) === 0) continue;
      for (const { pattern, at } of this.#anchors.get(word) ?? []) {
        const match = run(bytes, end - 3, pattern, at);
        if (match !== undefined) found.set(`${match.secret} ${match.form} ${match.at}`, match);
      }
    }
    return [...found.values()];
  }

  #addAnchors(pattern: Pattern): void {
    // A pattern that is itself hardly longer than what counts has an anchor at every place.
    const step = Math.max(1, Math.min(ANCHOR_STEP, pattern.enough - ANCHOR));
    for (let at = 0; at + ANCHOR <= pattern.bytes.length; at += step) {
      const bytes = pattern.bytes.subarray(at, at + ANCHOR);
      const word = new DataView(bytes.buffer, bytes.byteOffset).getInt32(0, true);
      const hash = Math.imul(word, 0x9e3779b1) >>> (32 - HASH_BITS);
      this.#bitmap[hash >>> 3] = (this.#bitmap[hash >>> 3] ?? 0) | (1 << (hash & 7));
      const anchors = this.#anchors.get(word) ?? [];
      anchors.push({ pattern, at });
      this.#anchors.set(word, anchors);
    }
  }
}

const SPREADS = [
  ["16-bit units", 2, 0],
  ["32-bit units", 4, 0],
  ["64-bit units", 8, 0],
  ["small integers of V8", 8, 4],
] as const;

/** The run of a pattern's bytes around one place where its byte `at` is supposed to stand. */
function run(bytes: Uint8Array, place: number, pattern: Pattern, at: number): Match | undefined {
  let start = 0;
  while (start < at && start < place && bytes[place - start - 1] === pattern.bytes[at - start - 1]) start++;
  let end = 0;
  while (at + end < pattern.bytes.length && bytes[place + end] === pattern.bytes[at + end]) end++;
  if (start + end < pattern.enough) return undefined;
  return { secret: pattern.secret, form: pattern.form, at: place - start, length: start + end };
}

function every(bytes: Uint8Array, step: number, offset: number): Uint8Array {
  const picked = new Uint8Array(Math.floor((bytes.length - offset + step - 1) / step));
  for (let from = offset, to = 0; from < bytes.length; from += step) picked[to++] = bytes[from] ?? 0;
  return picked;
}

/** The bytes with each whole word of `width` reversed. */
function swapped(bytes: Uint8Array, width: number): Uint8Array {
  const result = bytes.slice();
  for (let at = 0; at + width <= result.length; at += width) result.subarray(at, at + width).reverse();
  return result;
}

/** The characters that the bytes alone determine in the base64 of something in which they stand at `offset` modulo 3. */
function base64At(bytes: Uint8Array, offset: 0 | 1 | 2): string {
  const shifted = new Uint8Array(offset + bytes.length);
  shifted.set(bytes, offset);
  let text = "";
  for (const byte of shifted) text += String.fromCharCode(byte);
  return btoa(text).slice(Math.ceil((offset * 8) / 6), Math.floor((shifted.length * 8) / 6));
}

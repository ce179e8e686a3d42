/**
 * The handle through which everything outside `ffi/` holds secret bytes. The bytes lie in the arena's locked memory;
 * a handle answers questions about them, moves them within locked memory and wipes them, and never hands them out.
 *
 * Not for: public bytes. What is public leaves through {@linkcode Secret.publicCopy}, whose callers are the review list.
 *
 * @module
 */

/** Bytes in locked memory. Owned by whoever opened it, unless made by {@linkcode Secret.view}. */
export interface Secret extends Disposable {
  /** Length in bytes. */
  readonly length: number;
  /**
   * One byte, for parsers and tokenizers.
   * @throws {RangeError} If `at` is outside the secret.
   */
  uint8(at: number): number;
  /** Big-endian uint32 at `at`. @throws {RangeError} If it does not fit. */
  uint32(at: number): number;
  /** The first index at or after `from` (default 0) where the ASCII text stands, or -1. */
  indexOf(ascii: string, from?: number): number;
  /** Whether the ASCII text stands at `at` (default 0). Not constant time: for public markers only. */
  startsWith(ascii: string, at?: number): boolean;
  /** A borrowed window onto the same bytes; disposing it does nothing, using it after its owner's wipe throws. */
  view(start: number, end?: number): Secret;
  /** The bytes copied into a new secret of the same arena. @throws {SecretMemoryError} */
  copy(start?: number, end?: number): Secret;
  /**
   * Bytes that are public by nature (a public key, a key type name, an algorithm name) copied to ordinary memory.
   * Every call site is a claim that these bytes are public; say why in a comment.
   */
  publicCopy(start?: number, end?: number): Uint8Array<ArrayBuffer>;
  /** Constant-time comparison with another secret or with public bytes. */
  equals(other: Secret | Uint8Array): boolean;
  /** Overwrites the bytes and gives the memory back; further use throws. Idempotent. */
  wipe(): void;
}

/** A secret under construction: grows within locked memory up to a cap, every outgrown piece is wiped. */
export interface SecretWriter extends Disposable {
  /** Bytes so far. */
  readonly length: number;
  /** @throws {SecretMemoryError} code "too-large" past the cap, "exhausted" when the arena is full. */
  push(byte: number): void;
  /** Appends `source[start, end)`. */
  append(source: Secret, start?: number, end?: number): void;
  /** Appends public bytes (a prefix such as `BW_SESSION=`). */
  appendPublic(bytes: Uint8Array): void;
  /** Wipes and forgets what was written; the writer can be used again. */
  reset(): void;
  /** A secret of exactly the bytes written; the writer is empty afterwards. */
  finish(): Secret;
}

/** Where secrets are made. The only implementation is the arena of `ffi/arena.ts`. */
export interface SecretMemory {
  /** Zeroed bytes. @throws {SecretMemoryError} */
  allocate(length: number): Secret;
  /** @param cap The most bytes the writer may hold. */
  writer(cap: number): SecretWriter;
  /**
   * Decodes base64 (white space skipped, padding optional at the end) within locked memory.
   * @returns The decoded secret, or undefined when the text is not base64.
   */
  decodeBase64(text: Secret): Secret | undefined;
}

/** Why secret memory could not be had. The message names the remedy. */
export class SecretMemoryError extends Error {
  override readonly name = "SecretMemoryError";
  readonly code: "exhausted" | "too-large" | "limit-too-low" | "unavailable";
  constructor(code: SecretMemoryError["code"], message: string, options?: ErrorOptions) {
    super(message, options);
    this.code = code;
  }
}

/**
 * libcrypto's failures as named errors.
 *
 * @module
 */

import type { Symbols } from "./symbols.ts";

/**
 * Something libcrypto was asked for did not work. Codes:
 *
 * - `secure-heap-unlocked`: OpenSSL's heap for private numbers cannot be kept in locked memory;
 * - `secure-heap-exhausted`: that heap is full; this one operation failed and left nothing behind;
 * - `inconsistent`: the numbers of a key contradict each other; `off-curve`: a point is not on its curve;
 * - `unavailable`: there is no libcrypto;
 * - `busy`: too many signatures wait already; `closed`: the library was closed while the operation waited;
 * - `failed`: anything else, with libcrypto's own words.
 */
export class CryptoError extends Error {
  override readonly name = "CryptoError";
  readonly code:
    | "secure-heap-unlocked"
    | "secure-heap-exhausted"
    | "inconsistent"
    | "off-curve"
    | "unavailable"
    | "busy"
    | "closed"
    | "failed";
  constructor(code: CryptoError["code"], message: string, options?: ErrorOptions) {
    super(message, options);
    this.code = code;
  }
}

/** Longest line of ERR_error_string_n(3) worth keeping; the man page asks for 256. */
const LINE = 256;

/**
 * Empties libcrypto's error queue of this thread, so that the next failure reports its own cause.
 *
 * @returns The first entry's words, or "" when the queue was empty. They name functions and reasons, never key bytes.
 */
export function drainErrors(symbols: Symbols): string {
  let first = "";
  for (;;) {
    const error = symbols.ERR_get_error();
    if (error === 0n) return first;
    if (first !== "") continue;
    const line = new Uint8Array(LINE);
    symbols.ERR_error_string_n(error, line, BigInt(LINE));
    first = new TextDecoder().decode(line.subarray(0, line.indexOf(0)));
  }
}

/** The error of the call that just failed, with the queue drained. @param what What was being done, after "Cannot". */
export function cryptoError(symbols: Symbols, code: CryptoError["code"], what: string): CryptoError {
  const words = drainErrors(symbols);
  return new CryptoError(code, words === "" ? `Cannot ${what}` : `Cannot ${what}: ${words}`);
}

/** Throws unless `status` is libcrypto's 1 for success. */
export function expectOne(symbols: Symbols, status: number, what: string): void {
  if (status !== 1) throw cryptoError(symbols, "failed", what);
}

/** The pointer, unless it is null. */
export function expectPointer(
  symbols: Symbols,
  pointer: Deno.PointerValue,
  what: string,
  code: CryptoError["code"] = "failed",
): Deno.PointerObject {
  if (pointer === null) throw cryptoError(symbols, code, what);
  return pointer;
}

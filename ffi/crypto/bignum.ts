/**
 * BIGNUMs for the length of one computation: the private ones in the secure heap, all of them wiped at the end, also
 * when it fails half way.
 *
 * @module
 */

import { expectOne, expectPointer } from "./errors.ts";
import type { Pointer, Symbols } from "./symbols.ts";

const BN_FLG_CONSTTIME = 0x04; // bn.h

/** A number of libcrypto's. */
export type Bignum = Pointer;

/**
 * A private number in the secure heap, read straight from locked memory, its arithmetic in constant time.
 * The caller owns it.
 *
 * @throws {CryptoError} code "secure-heap-exhausted"
 */
export function secureBignum(symbols: Symbols, bytes: Uint8Array<ArrayBuffer>): Bignum {
  const number = expectPointer(symbols, symbols.BN_secure_new(), "make a private number", "secure-heap-exhausted");
  symbols.BN_set_flags(number, BN_FLG_CONSTTIME);
  // The only way this fails is that the secure heap has no block left; it never falls back to the plain heap.
  if (symbols.BN_bin2bn(bytes, bytes.length, number) !== null) return number;
  symbols.BN_clear_free(number);
  return expectPointer(symbols, null, "keep a private number in the secure heap", "secure-heap-exhausted");
}

/** A public number in the plain heap. The caller owns it. @throws {CryptoError} code "failed" */
export function publicBignum(symbols: Symbols, bytes: Uint8Array<ArrayBuffer>): Bignum {
  return expectPointer(symbols, symbols.BN_bin2bn(bytes, bytes.length, null), "make a number");
}

/** The numbers of one computation. Their results are private, too: they live in the secure heap. */
export class Numbers implements Disposable {
  readonly #symbols: Symbols;
  readonly #owned: Bignum[] = [];
  readonly #context: Pointer;

  constructor(symbols: Symbols) {
    this.#symbols = symbols;
    const context = symbols.BN_CTX_secure_new(); // scratch numbers in the secure heap
    this.#context = expectPointer(symbols, context, "make room for numbers", "secure-heap-exhausted");
  }

  /** BN_CTX for calls that are made directly. */
  get context(): Pointer {
    return this.#context;
  }

  /** A private number. @throws {CryptoError} code "secure-heap-exhausted" */
  read(bytes: Uint8Array<ArrayBuffer>): Bignum {
    return this.#own(secureBignum(this.#symbols, bytes));
  }

  product(a: Bignum, b: Bignum): Bignum {
    const result = this.#empty();
    this.#done(this.#symbols.BN_mul(result, a, b, this.#context));
    return result;
  }

  productModulo(a: Bignum, b: Bignum, modulus: Bignum): Bignum {
    const result = this.#empty();
    this.#done(this.#symbols.BN_mod_mul(result, a, b, modulus, this.#context));
    return result;
  }

  remainder(a: Bignum, modulus: Bignum): Bignum {
    const result = this.#empty();
    this.#done(this.#symbols.BN_div(null, result, a, modulus, this.#context));
    return result;
  }

  minusOne(a: Bignum): Bignum {
    const result = this.#empty();
    this.#done(this.#symbols.BN_copy(result, a) === null ? 0 : 1);
    this.#done(this.#symbols.BN_sub_word(result, 1n));
    return result;
  }

  /** Big-endian into `target`, padded with zeros in front. @throws {CryptoError} code "failed" if it does not fit. */
  write(number: Bignum, target: Uint8Array<ArrayBuffer>): void {
    const written = this.#symbols.BN_bn2binpad(number, target, target.length);
    expectOne(this.#symbols, written === target.length ? 1 : 0, "write a number");
  }

  [Symbol.dispose](): void {
    for (const number of this.#owned.splice(0)) this.#symbols.BN_clear_free(number);
    this.#symbols.BN_CTX_free(this.#context);
  }

  #empty(): Bignum {
    const number = expectPointer(this.#symbols, this.#symbols.BN_secure_new(), "make a number");
    this.#symbols.BN_set_flags(number, BN_FLG_CONSTTIME);
    return this.#own(number);
  }

  #own(number: Bignum): Bignum {
    this.#owned.push(number);
    return number;
  }

  /** Arithmetic on numbers that are there can fail for want of memory only. */
  #done(status: number): void {
    if (status === 1) return;
    expectPointer(this.#symbols, null, "compute within the secure heap", "secure-heap-exhausted");
  }
}

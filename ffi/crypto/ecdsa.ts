/**
 * ECDSA over the NIST curves (FIPS 186-5) by libcrypto: EC_KEY objects whose scalar lies in the secure heap.
 *
 * @module
 */

import type { Secret } from "../secret.ts";
import { bytesOf } from "../secret_bytes.ts";
import { secureBignum } from "./bignum.ts";
import { pass } from "./digest.ts";
import { expectOne, expectPointer } from "./errors.ts";
import { type Curve, CURVE_NID, SCALAR_LENGTH } from "./curves.ts";
import { KeptObjects } from "./kept.ts";
import type { Pointer, Symbols } from "./symbols.ts";

/** Most bytes of scalars in kept EC_KEYs: 512 keys of P-256, 248 of P-521. */
const KEPT_BYTES = 16 * 1024;
/** Longest ECDSA-Sig-Value: P-521, two INTEGERs of 66 bytes and a sign byte at most, and their heads. */
const LONGEST_SIGNATURE = 144;
/** Longest digest, SHA-512. */
const LONGEST_DIGEST = 64;

/** ECDSA signatures. Synchronous: with a kept key P-256 takes 22 µs. */
export class Ecdsa implements Disposable {
  readonly #symbols: Symbols;
  readonly #kept: KeptObjects;
  readonly #signature = new Uint8Array(LONGEST_SIGNATURE);
  readonly #length = new Uint32Array(1);

  constructor(symbols: Symbols) {
    this.#symbols = symbols;
    this.#kept = new KeptObjects((key) => symbols.EC_KEY_free(key), KEPT_BYTES);
  }

  /** The EC_KEYs kept between signatures. */
  get kept(): KeptObjects {
    return this.#kept;
  }

  /**
   * Signs a digest.
   *
   * @param scalar The private half, big-endian, in range; names the kept object, so pass the same handle again.
   * @returns DER, an ECDSA-Sig-Value (RFC 3279 §2.2.3).
   * @throws {CryptoError} codes "secure-heap-exhausted", "failed"
   * @throws {TypeError} If the scalar is wiped.
   */
  sign(curve: Curve, scalar: Secret, digest: Uint8Array): Uint8Array<ArrayBuffer> {
    if (digest.length > LONGEST_DIGEST) throw new RangeError("Cannot sign with ECDSA: the digest is too long");
    using key = this.#kept.borrow(scalar, SCALAR_LENGTH[curve], () => this.#build(curve, scalar));
    const { ECDSA_sign } = this.#symbols;
    const bytes = pass(digest);
    const status = ECDSA_sign(0, bytes, bytes.length, this.#signature, this.#length, key.pointer);
    expectOne(this.#symbols, status, "sign with ECDSA");
    return this.#signature.slice(0, this.#length[0]);
  }

  [Symbol.dispose](): void {
    this.#kept[Symbol.dispose]();
  }

  #build(curve: Curve, scalar: Secret): Pointer {
    const symbols = this.#symbols;
    const made = symbols.EC_KEY_new_by_curve_name(CURVE_NID[curve]);
    const key = expectPointer(symbols, made, `make a key of ${curve}`);
    try {
      const number = secureBignum(symbols, bytesOf(scalar));
      // EC_KEY_set_private_key copies; the copy of a secure number is secure, or the call fails.
      const status = symbols.EC_KEY_set_private_key(key, number);
      symbols.BN_clear_free(number);
      expectPointer(symbols, status === 1 ? key : null, "keep a key in the secure heap", "secure-heap-exhausted");
      return key;
    } catch (error) {
      symbols.EC_KEY_free(key);
      throw error;
    }
  }
}

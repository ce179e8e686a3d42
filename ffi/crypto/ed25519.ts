/**
 * Ed25519 (RFC 8032) by libcrypto. No EVP_PKEY outlives a signature: while one lives, its seed stands in the plain heap
 * whatever the secure heap was told (measured, OpenSSL 3.0); after EVP_PKEY_free nothing is left.
 *
 * @module
 */

import type { Secret } from "../secret.ts";
import { bytesOf } from "../secret_bytes.ts";
import { pass } from "./digest.ts";
import { type KeyBuilder, openKeyBuilder } from "./ed25519_key.ts";
import { expectOne, expectPointer } from "./errors.ts";
import type { Pointer, Symbols } from "./symbols.ts";

const EVP_PKEY_ED25519 = 1087; // obj_mac.h, NID_ED25519
const POINT_LENGTH = 32;
const SIGNATURE_LENGTH = 64;

/** Ed25519 signatures and public halves. Synchronous: a signature takes 46 µs, less than a hop through the thread pool. */
export class Ed25519 implements Disposable {
  readonly #symbols: Symbols;
  readonly #context: Pointer;
  readonly #builder: KeyBuilder | undefined;
  readonly #signature = new Uint8Array(SIGNATURE_LENGTH);
  readonly #length = new BigUint64Array(1);

  constructor(symbols: Symbols) {
    this.#symbols = symbols;
    this.#context = expectPointer(symbols, symbols.EVP_MD_CTX_new(), "make a context for Ed25519");
    this.#builder = openKeyBuilder(symbols);
  }

  /**
   * Signs.
   *
   * @param seed 32 bytes, the private half.
   * @param point The public half, which must be derived from this very seed: signatures of one seed under two public
   * halves give the private scalar away.
   * @returns 64 bytes.
   * @throws {CryptoError} code "failed"
   */
  sign(seed: Secret, point: Uint8Array, data: Uint8Array): Uint8Array<ArrayBuffer> {
    const symbols = this.#symbols;
    const key = this.#builder?.build(seed, point) ?? this.#derive(seed);
    try {
      expectOne(
        symbols,
        symbols.EVP_DigestSignInit(this.#context, null, null, null, key),
        "start an Ed25519 signature",
      );
      this.#length[0] = BigInt(SIGNATURE_LENGTH);
      const bytes = pass(data);
      const size = BigInt(bytes.length);
      const status = symbols.EVP_DigestSign(this.#context, this.#signature, this.#length, bytes, size);
      expectOne(symbols, status, "sign with Ed25519");
      return this.#signature.slice();
    } finally {
      symbols.EVP_MD_CTX_reset(this.#context); // the context holds a reference to the key: only without it free wipes
      symbols.EVP_PKEY_free(key);
    }
  }

  /** Derives the public half. @returns 32 bytes. @throws {CryptoError} code "failed" */
  publicHalf(seed: Secret): Uint8Array<ArrayBuffer> {
    const key = this.#derive(seed);
    try {
      const point = new Uint8Array(POINT_LENGTH);
      this.#length[0] = BigInt(POINT_LENGTH);
      const status = this.#symbols.EVP_PKEY_get_raw_public_key(key, point, this.#length);
      expectOne(this.#symbols, status, "derive an Ed25519 public key");
      return point;
    } finally {
      this.#symbols.EVP_PKEY_free(key);
    }
  }

  [Symbol.dispose](): void {
    this.#builder?.[Symbol.dispose]();
    this.#symbols.EVP_MD_CTX_free(this.#context);
  }

  #derive(seed: Secret): Pointer {
    const key = this.#symbols.EVP_PKEY_new_raw_private_key(
      EVP_PKEY_ED25519,
      null,
      bytesOf(seed),
      BigInt(seed.length),
    );
    return expectPointer(this.#symbols, key, "take an Ed25519 key");
  }
}

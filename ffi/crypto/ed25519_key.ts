/**
 * An EVP_PKEY of both halves of an Ed25519 key, by EVP_PKEY_fromdata of OpenSSL 3: 2.4 µs, where
 * EVP_PKEY_new_raw_private_key derives the public half again for 30 to 40.
 *
 * @module
 */

import type { Secret } from "../secret.ts";
import { pointerOf } from "../secret_bytes.ts";
import { cryptoError, expectOne, expectPointer } from "./errors.ts";
import type { Pointer, Symbols } from "./symbols.ts";

const EVP_PKEY_KEYPAIR = 0x87; // evp.h: all parameters, public and private half
const OSSL_PARAM_OCTET_STRING = 5n; // core.h
/** Words of struct ossl_param_st (core.h): key, data_type (and padding), data, data_size, return_size. */
const PARAM_WORDS = 5;
const DATA_WORD = 2;
const HALF_LENGTH = 32;
const NAMES = "ED25519\0priv\0pub\0";

/** Makes EVP_PKEYs, one at a time, each to be freed by whoever asked for it. */
export interface KeyBuilder extends Disposable {
  /** @throws {CryptoError} code "failed" */
  build(seed: Secret, point: Uint8Array): Pointer;
}

/** A builder, or undefined where libcrypto is too old for it. @throws {CryptoError} code "failed" */
export function openKeyBuilder(symbols: Symbols): KeyBuilder | undefined {
  const { EVP_PKEY_CTX_new_from_name, EVP_PKEY_fromdata_init, EVP_PKEY_fromdata } = symbols;
  if (EVP_PKEY_CTX_new_from_name === null || EVP_PKEY_fromdata_init === null || EVP_PKEY_fromdata === null) {
    return undefined;
  }
  const made = EVP_PKEY_CTX_new_from_name(null, new TextEncoder().encode(NAMES), null);
  const context = expectPointer(symbols, made, "make a context for Ed25519 keys");
  expectOne(symbols, EVP_PKEY_fromdata_init(context), "prepare for Ed25519 keys");
  const list = new ParameterList();
  const out = new BigUint64Array(1);
  return {
    build(seed, point): Pointer {
      out[0] = 0n; // EVP_PKEY_fromdata reuses the object whose address stands here: an old one is a use after free
      const status = EVP_PKEY_fromdata(context, out, EVP_PKEY_KEYPAIR, list.of(seed, point));
      const key = Deno.UnsafePointer.create(out[0]);
      if (status !== 1 || key === null) throw cryptoError(symbols, "failed", "take an Ed25519 key");
      return key;
    },
    [Symbol.dispose]: () => symbols.EVP_PKEY_CTX_free(context),
  };
}

/**
 * OSSL_PARAM[3] whose `priv` points straight at the arena. C keeps addresses of the names and of the public half, so
 * both lie in buffers of their own, which V8 does not move, held by this object for as long as the addresses are used.
 */
class ParameterList {
  readonly #names = new Uint8Array(new ArrayBuffer(NAMES.length));
  readonly #point = new Uint8Array(new ArrayBuffer(HALF_LENGTH));
  readonly #params = new BigUint64Array(3 * PARAM_WORDS); // the third entry, all zero, ends the list

  constructor() {
    new TextEncoder().encodeInto(NAMES, this.#names);
    const names = address(Deno.UnsafePointer.of(this.#names));
    const size = BigInt(HALF_LENGTH);
    const priv = names + BigInt(NAMES.indexOf("priv"));
    const pub = names + BigInt(NAMES.indexOf("pub"));
    this.#params.set([priv, OSSL_PARAM_OCTET_STRING, 0n, size], 0);
    const point = address(Deno.UnsafePointer.of(this.#point));
    this.#params.set([pub, OSSL_PARAM_OCTET_STRING, point, size], PARAM_WORDS);
  }

  /** @throws {RangeError} If a half is not 32 bytes: C would read past it. @throws {TypeError} If the seed is wiped. */
  of(seed: Secret, point: Uint8Array): BigUint64Array<ArrayBuffer> {
    const seedAt = address(pointerOf(seed)); // throws first if the seed is wiped
    if (seed.length !== HALF_LENGTH || point.length !== HALF_LENGTH) {
      throw new RangeError("Cannot take an Ed25519 key: a half is not 32 bytes");
    }
    this.#point.set(point);
    this.#params[DATA_WORD] = seedAt;
    return this.#params;
  }
}

function address(pointer: Deno.PointerValue): bigint {
  return BigInt(Deno.UnsafePointer.value(pointer));
}

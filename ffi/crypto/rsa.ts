/**
 * RSA signatures (RFC 8017 §8.2, PKCS #1 v1.5) by libcrypto: RSA objects whose private numbers lie in the secure heap,
 * and RSA_sign as one call on a thread of the blocking pool.
 *
 * @module
 */

import { publicBignum, secureBignum } from "./bignum.ts";
import { DIGEST_LENGTH, DIGEST_NID, type HashName } from "./digest.ts";
import { CryptoError, expectOne, expectPointer } from "./errors.ts";
import { KeptObjects } from "./kept.ts";
import { type RsaPrivate, rsaViews } from "./rsa_numbers.ts";
import type { Pointer, Symbols } from "./symbols.ts";
import { Turns } from "./turns.ts";

/**
 * Without this flag cleared, RSA_sign leaves Montgomery contexts of p and q in the plain heap for the life of the object
 * (rsa_ossl.c, rsa_ossl_mod_exp).
 */
const RSA_FLAG_CACHE_PRIVATE = 0x0004;
/** RSA-16384, the longest modulus we take. */
const LONGEST_SIGNATURE = 2048;
const LONGEST_DIGEST = 64;
/**
 * Most bytes of private numbers in kept objects: 36 keys of RSA-3072, 6 of RSA-16384. In the secure heap each number is
 * rounded up to a power of two, which at worst doubles it.
 */
const KEPT_BYTES = 48 * 1024;
/** More than 8 at once would need a larger secure heap; the blocking pool has 32 threads for everybody. */
const MOST_IN_FLIGHT = 8;

/** Buffers of one signature, held while a thread writes into them. */
interface Slot {
  readonly digest: Uint8Array<ArrayBuffer>;
  readonly signature: Uint8Array<ArrayBuffer>;
  readonly length: Uint32Array<ArrayBuffer>;
}

/** How many signatures run at once: twice the cores; more would only make the event loop late (measured). */
export function signaturesInFlight(cores: number): number {
  return Math.min(MOST_IN_FLIGHT, 2 * Math.max(1, cores));
}

/** RSA signatures. */
export class Rsa implements Disposable {
  readonly #symbols: Symbols;
  readonly #kept: KeptObjects;
  readonly #turns: Turns<Slot>;

  constructor(symbols: Symbols) {
    this.#symbols = symbols;
    this.#kept = new KeptObjects((key) => symbols.RSA_free(key), KEPT_BYTES);
    this.#turns = new Turns(Array.from({ length: signaturesInFlight(navigator.hardwareConcurrency) }, makeSlot));
  }

  /** The RSA objects kept between signatures. */
  get kept(): KeptObjects {
    return this.#kept;
  }

  /**
   * Signs a digest. Several signatures by one key share one object: libcrypto guards its blinding by a lock
   * (rsa_crpt.c, RSA_setup_blinding; tests/keys/rsa_test.ts signs from many threads at once).
   *
   * @param lane Who asks: lanes take turns; the key if left out.
   * @returns As long as the modulus.
   * @throws {CryptoError} codes "busy", "closed", "secure-heap-exhausted", "failed"
   * @throws {TypeError} If the key was wiped before its turn came. One wiped later completes: libcrypto has its copy.
   */
  sign(
    key: RsaPrivate,
    hash: HashName,
    digest: Uint8Array,
    lane: unknown = key.numbers,
  ): Promise<Uint8Array<ArrayBuffer>> {
    if (digest.length !== DIGEST_LENGTH[hash] || key.n.length > LONGEST_SIGNATURE) {
      return Promise.reject(new RangeError("Cannot sign with RSA: digest or modulus has a wrong length"));
    }
    return this.#turns.run(lane, async (slot) => {
      using object = this.#kept.borrow(key.numbers, key.numbers.length, () => this.#build(key));
      slot.digest.set(digest);
      const status = await this.#symbols.RSA_sign(
        DIGEST_NID[hash],
        slot.digest,
        digest.length,
        slot.signature,
        slot.length,
        object.pointer,
      );
      // No words from libcrypto here: its error queue belongs to the thread that failed.
      if (status !== 1) throw new CryptoError("failed", "Cannot sign with RSA: libcrypto refused");
      return slot.signature.slice(0, slot.length[0]);
    });
  }

  [Symbol.dispose](): void {
    this.#turns[Symbol.dispose]();
    this.#kept[Symbol.dispose]();
  }

  #build(key: RsaPrivate): Pointer {
    const symbols = this.#symbols;
    const rsa = expectPointer(symbols, symbols.RSA_new(), "make an RSA object");
    const loose: Pointer[] = []; // numbers that the object does not own yet
    const take = (number: Pointer): Pointer => {
      loose.push(number);
      return number;
    };
    try {
      const views = rsaViews(key);
      const [n, e] = [take(publicBignum(symbols, key.n)), take(publicBignum(symbols, key.e))];
      const secret = (bytes: Uint8Array<ArrayBuffer>): Pointer => take(secureBignum(symbols, bytes));
      const d = secret(views.d);
      const [p, q] = [secret(views.p), secret(views.q)];
      const [dmp1, dmq1, iqmp] = [secret(views.dmp1), secret(views.dmq1), secret(views.iqmp)];
      // The setters fail only for a missing number, and take over what they are given.
      expectOne(symbols, symbols.RSA_set0_key(rsa, n, e, d), "set the numbers of an RSA key");
      loose.splice(0, 3);
      expectOne(symbols, symbols.RSA_set0_factors(rsa, p, q), "set the factors of an RSA key");
      loose.splice(0, 2);
      expectOne(symbols, symbols.RSA_set0_crt_params(rsa, dmp1, dmq1, iqmp), "set the exponents of an RSA key");
      loose.splice(0, 3);
      symbols.RSA_clear_flags(rsa, RSA_FLAG_CACHE_PRIVATE);
      return rsa;
    } catch (error) {
      for (const number of loose) symbols.BN_clear_free(number);
      symbols.RSA_free(rsa);
      throw error;
    }
  }
}

function makeSlot(): Slot {
  return {
    digest: new Uint8Array(new ArrayBuffer(LONGEST_DIGEST)),
    signature: new Uint8Array(new ArrayBuffer(LONGEST_SIGNATURE)),
    length: new Uint32Array(new ArrayBuffer(4)),
  };
}

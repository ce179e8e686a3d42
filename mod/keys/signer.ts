/**
 * The ports behind which private keys are used: signing, and the arithmetic that loading a key takes. Two back ends
 * stand behind them, `libcrypto_backend.ts` and `degraded_backend.ts`; tests/keys/backend_contract.ts says what both do.
 *
 * @module
 */

import type { RsaParts, RsaPrivate } from "../../ffi/crypto/rsa_numbers.ts";
import type { Secret, SecretMemory } from "../../ffi/secret.ts";
import type { EcdsaCurve } from "../ssh/public_key.ts";
import type { SignatureAlgorithm } from "../ssh/signature.ts";
import type { KeyUser, PrivateKey } from "./private_key.ts";

/** Signs. */
export interface Signer {
  /**
   * Makes a signature blob (RFC 4253 §6.6).
   *
   * @param algorithm One that fits the key; `ssh-rsa` is RSA with SHA-1, and whether that is allowed is decided elsewhere.
   * @param data Read before the call returns.
   * @param lane Who asks; requests of one lane wait for each other when more are wanted than can run at once.
   * @returns A promise for RSA; also for the rest where the back end cannot do otherwise.
   * @throws {TypeError} If the algorithm does not fit the key, or the key is wiped.
   * @throws {CryptoError} If the signature fails.
   */
  sign(
    key: PrivateKey,
    algorithm: SignatureAlgorithm,
    data: Uint8Array,
    lane?: unknown,
  ): Uint8Array | Promise<Uint8Array>;
}

/** What loading and making keys takes. Errors are `CryptoError`, code "inconsistent" or "off-curve" for a bad key. */
export interface KeyArithmetic {
  /** The public half of an Ed25519 seed, 32 bytes. */
  ed25519Point(seed: Secret): Uint8Array;
  /** The uncompressed public point of a scalar. Code "inconsistent" if the scalar is 0 or not below the order. */
  ecdsaPoint(curve: EcdsaCurve, scalar: Secret): Uint8Array;
  /** A claimed point, uncompressed. Code "off-curve" if it is not one. */
  checkedPoint(curve: EcdsaCurve, claimed: Uint8Array): Uint8Array;
  /** Checks RSA numbers and packs them into one block, which the caller owns. Code "inconsistent". */
  assembleRsa(parts: RsaParts, memory: SecretMemory): RsaPrivate;
  /** A secret of random bytes fit for a private key, which the caller owns. */
  random(length: number, memory: SecretMemory): Secret;
}

/** What of a back end `status` shows. */
export interface BackendStatus {
  /** `degraded`: keys pass through the JavaScript heap. */
  readonly kind: "libcrypto" | "degraded";
  /** `OpenSSL 3.0.19 27 Jan 2026`, or what stands in for it. */
  readonly version: string;
  /** OpenSSL's locked heap, in bytes; undefined where there is none. */
  readonly secureHeap: { readonly size: number; readonly used: number } | undefined;
}

/** One way of using keys. */
export interface KeyBackend extends Signer, KeyArithmetic, KeyUser, Disposable {
  status(): BackendStatus;
  /** Drops what was built of keys and not used for a minute. @param now Milliseconds of a monotonic clock. */
  dropIdle(now: number): void;
}

/** The error for an algorithm of another family, or another curve, than the key's. */
export function misfit(key: PrivateKey, algorithm: SignatureAlgorithm): TypeError {
  return new TypeError(`Cannot sign with "${algorithm}": the key is of type ${key.numbers.type}`);
}

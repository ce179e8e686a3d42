/**
 * A private key at rest: its public half, derived, and its secret numbers in the arena.
 *
 * @module
 */

import type { RsaPrivate } from "../../ffi/crypto/rsa_numbers.ts";
import type { Secret } from "../../ffi/secret.ts";
import {
  type EcdsaCurve,
  encodePublicKey,
  type Fingerprint,
  fingerprintOf,
  type KeyBlob,
  type KnownPublicKey,
} from "../ssh/public_key.ts";

/** The numbers, checked and complete. */
export type PrivateNumbers =
  /** `point`: derived from the seed, never taken from elsewhere. */
  | { readonly type: "ed25519"; readonly point: Uint8Array; readonly seed: Secret }
  /** `scalar`: as long as the curve's coordinates. */
  | { readonly type: "ecdsa"; readonly curve: EcdsaCurve; readonly point: Uint8Array; readonly scalar: Secret }
  | { readonly type: "rsa"; readonly rsa: RsaPrivate };

/** Told when a key goes, before its memory does. */
export interface KeyUser {
  /** Drops what was built of this secret. */
  forget(secret: Secret): void;
}

/** A private key. Whoever holds it disposes it; what then still signs with a copy completes. */
export class PrivateKey implements Disposable {
  readonly publicKey: KnownPublicKey;
  readonly blob: KeyBlob;
  readonly numbers: PrivateNumbers;
  readonly #user: KeyUser;
  #fingerprint: Fingerprint | undefined;
  #wiped = false;

  /**
   * Takes the numbers' memory over.
   * @param user What builds objects of it.
   */
  constructor(numbers: PrivateNumbers, user: KeyUser) {
    this.numbers = numbers;
    this.#user = user;
    this.publicKey = publicHalf(numbers);
    this.blob = encodePublicKey(this.publicKey);
  }

  /** `SHA256:…` */
  get fingerprint(): Fingerprint {
    return this.#fingerprint ??= fingerprintOf(this.blob);
  }

  /** Whether the key is gone. */
  get wiped(): boolean {
    return this.#wiped;
  }

  /** Wipes the numbers. Idempotent. */
  [Symbol.dispose](): void {
    if (this.#wiped) return;
    this.#wiped = true;
    const secret = secretOf(this.numbers);
    this.#user.forget(secret);
    secret.wipe();
  }
}

/** The one secret that holds a key's private numbers. */
export function secretOf(numbers: PrivateNumbers): Secret {
  switch (numbers.type) {
    case "ed25519":
      return numbers.seed;
    case "ecdsa":
      return numbers.scalar;
    case "rsa":
      return numbers.rsa.numbers;
    default:
      return numbers satisfies never;
  }
}

function publicHalf(numbers: PrivateNumbers): KnownPublicKey {
  switch (numbers.type) {
    case "ed25519":
      return { type: "ed25519", point: numbers.point };
    case "ecdsa":
      return { type: "ecdsa", curve: numbers.curve, point: numbers.point };
    case "rsa":
      return { type: "rsa", e: numbers.rsa.e, n: numbers.rsa.n };
    default:
      return numbers satisfies never;
  }
}

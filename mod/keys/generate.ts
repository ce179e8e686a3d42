/**
 * New keys, made in locked memory, for the `generated` source.
 *
 * Not for: RSA. RSA_generate_key_ex(3) draws candidates for the primes on the plain heap, whatever it is told.
 *
 * @module
 */

import { CryptoError } from "../../ffi/crypto/errors.ts";
import type { Secret, SecretMemory } from "../../ffi/secret.ts";
import { COORDINATE_LENGTH, type EcdsaCurve } from "../ssh/public_key.ts";
import type { ParseParts } from "./parse.ts";
import { PrivateKey } from "./private_key.ts";
import type { KeyBackend } from "./signer.ts";

/** What can be made. */
export type GeneratedType = "ed25519" | EcdsaCurve;

/** Bits of the first byte of a scalar that belong to it: P-521 has 521 of 528. */
const FIRST_BYTE_MASK: Readonly<Record<EcdsaCurve, number>> = { nistp256: 0xff, nistp384: 0xff, nistp521: 0x01 };
/** A random scalar is out of range once in 2^32 (P-256); so many in a row mean that the generator is broken. */
const ATTEMPTS = 16;

/**
 * Makes a key pair.
 *
 * @returns The key, which the caller owns.
 * @throws {CryptoError} If there are no random bytes; {SecretMemoryError} if there is no memory.
 */
export function generateKey(type: GeneratedType, { memory, backend }: ParseParts): PrivateKey {
  if (type !== "ed25519") return generateEcdsa(type, { memory, backend });
  const seed = backend.random(32, memory);
  try {
    return new PrivateKey({ type, seed, point: backend.ed25519Point(seed) }, backend);
  } catch (error) {
    seed.wipe();
    throw error;
  }
}

/** Draws until a scalar is in range, which is uniform (FIPS 186-5 §A.2.2). */
function generateEcdsa(curve: EcdsaCurve, { memory, backend }: ParseParts): PrivateKey {
  for (let attempt = 1;; attempt++) {
    const scalar = randomScalar(curve, memory, backend);
    try {
      const point = backend.ecdsaPoint(curve, scalar);
      return new PrivateKey({ type: "ecdsa", curve, scalar, point }, backend);
    } catch (error) {
      scalar.wipe();
      const outOfRange = error instanceof CryptoError && error.code === "inconsistent";
      if (!outOfRange || attempt === ATTEMPTS) throw error;
    }
  }
}

function randomScalar(curve: EcdsaCurve, memory: SecretMemory, backend: KeyBackend): Secret {
  using random = backend.random(COORDINATE_LENGTH[curve], memory);
  using writer = memory.writer(COORDINATE_LENGTH[curve]);
  writer.push(random.uint8(0) & FIRST_BYTE_MASK[curve]);
  writer.append(random, 1);
  return writer.finish();
}

/**
 * Keys used without libcrypto: noble signs Ed25519 and ECDSA, WebCrypto RSA. Key bytes pass through the JavaScript heap,
 * so this is built only where there is no libcrypto and `[memory] require_locked = false` allows it.
 *
 * @module
 */

import { ed25519 } from "@noble/curves/ed25519.js";
import { p256, p384, p521 } from "@noble/curves/nist.js";
import { CryptoError } from "../../ffi/crypto/errors.ts";
import type { RsaParts, RsaPrivate } from "../../ffi/crypto/rsa_numbers.ts";
import { exposeToHeap } from "../../ffi/degraded.ts";
import type { Secret, SecretMemory } from "../../ffi/secret.ts";
import type { EcdsaCurve } from "../ssh/public_key.ts";
import { ecdsaSignatureFromRaw, encodeSignature, rsaSignature, type SignatureAlgorithm } from "../ssh/signature.ts";
import { assembleRsaOnHeap, pkcs8OnHeap } from "./degraded_rsa.ts";
import type { PrivateKey } from "./private_key.ts";
import { type BackendStatus, type KeyBackend, misfit } from "./signer.ts";

const CURVES = { nistp256: p256, nistp384: p384, nistp521: p521 } as const;
const RSA_HASHES = { "ssh-rsa": "SHA-1", "rsa-sha2-256": "SHA-256", "rsa-sha2-512": "SHA-512" } as const;
type RsaAlgorithm = keyof typeof RSA_HASHES;

/** The back end of last resort. */
export class DegradedBackend implements KeyBackend {
  /** Ed25519 and ECDSA at once, RSA as a promise. */
  sign(key: PrivateKey, algorithm: SignatureAlgorithm, data: Uint8Array): Uint8Array | Promise<Uint8Array> {
    const { numbers } = key;
    switch (numbers.type) {
      case "ed25519":
        if (algorithm !== "ssh-ed25519") throw misfit(key, algorithm);
        return encodeSignature(algorithm, onHeap(numbers.seed, (seed) => ed25519.sign(data, seed)));
      case "ecdsa": {
        if (algorithm !== `ecdsa-sha2-${numbers.curve}`) throw misfit(key, algorithm);
        const curve = CURVES[numbers.curve];
        const raw = onHeap(numbers.scalar, (scalar) => curve.sign(data, scalar, { lowS: false, prehash: true }));
        return encodeSignature(algorithm, ecdsaSignatureFromRaw(raw));
      }
      case "rsa":
        if (!isRsaAlgorithm(algorithm)) throw misfit(key, algorithm);
        // Both copies are made before the call returns: neither a wipe nor a reused buffer reaches the signature.
        return signRsa(numbers.rsa.n.length, { pkcs8: pkcs8OnHeap(numbers.rsa), algorithm, data: data.slice() });
      default:
        return numbers satisfies never;
    }
  }

  ed25519Point(seed: Secret): Uint8Array {
    return onHeap(seed, (bytes) => ed25519.getPublicKey(bytes));
  }

  ecdsaPoint(curve: EcdsaCurve, scalar: Secret): Uint8Array {
    return onHeap(scalar, (bytes) => {
      if (!CURVES[curve].utils.isValidSecretKey(bytes)) {
        throw new CryptoError(
          "inconsistent",
          `Cannot take the key: the private scalar is not in the range of ${curve}`,
        );
      }
      return CURVES[curve].getPublicKey(bytes, false);
    });
  }

  checkedPoint(curve: EcdsaCurve, claimed: Uint8Array): Uint8Array {
    try {
      return CURVES[curve].Point.fromBytes(claimed).toBytes(false);
    } catch (cause) {
      throw new CryptoError("off-curve", `Cannot take the key: the public point is not on ${curve}`, { cause });
    }
  }

  assembleRsa(parts: RsaParts, memory: SecretMemory): RsaPrivate {
    return assembleRsaOnHeap(parts, memory);
  }

  random(length: number, memory: SecretMemory): Secret {
    const bytes = crypto.getRandomValues(new Uint8Array(length));
    using writer = memory.writer(length);
    writer.appendPublic(bytes);
    bytes.fill(0);
    return writer.finish();
  }

  status(): BackendStatus {
    return { kind: "degraded", version: "noble and WebCrypto", secureHeap: undefined };
  }

  /** Nothing is kept between signatures. */
  dropIdle(): void {}

  /** Nothing is kept between signatures. */
  forget(): void {}

  [Symbol.dispose](): void {}
}

function isRsaAlgorithm(algorithm: SignatureAlgorithm): algorithm is RsaAlgorithm {
  return algorithm in RSA_HASHES;
}

interface RsaJob {
  readonly pkcs8: Uint8Array<ArrayBuffer>;
  readonly algorithm: RsaAlgorithm;
  readonly data: Uint8Array<ArrayBuffer>;
}

async function signRsa(modulusLength: number, { pkcs8, algorithm, data }: RsaJob): Promise<Uint8Array> {
  const scheme = { name: "RSASSA-PKCS1-v1_5", hash: RSA_HASHES[algorithm] };
  try {
    const key = await crypto.subtle.importKey("pkcs8", pkcs8, scheme, false, ["sign"]);
    const raw = new Uint8Array(await crypto.subtle.sign(scheme.name, key, data));
    return encodeSignature(algorithm, rsaSignature(raw, modulusLength));
  } catch (cause) {
    throw new CryptoError("failed", "Cannot sign with RSA: WebCrypto refused", { cause });
  } finally {
    pkcs8.fill(0);
  }
}

function onHeap<T>(secret: Secret, use: (bytes: Uint8Array<ArrayBuffer>) => T): T {
  const bytes = exposeToHeap(secret);
  try {
    return use(bytes);
  } finally {
    bytes.fill(0);
  }
}

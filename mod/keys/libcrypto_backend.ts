/**
 * Keys used by libcrypto: their numbers never leave locked memory, but for what `ffi/crypto/ed25519.ts` says.
 *
 * @module
 */

import type { Libcrypto } from "../../ffi/crypto/open.ts";
import type { RsaParts, RsaPrivate } from "../../ffi/crypto/rsa_numbers.ts";
import type { Secret, SecretMemory } from "../../ffi/secret.ts";
import type { EcdsaCurve } from "../ssh/public_key.ts";
import {
  ecdsaSignatureFromDer,
  encodeSignature,
  rsaSignature,
  type SignatureAlgorithm,
  signatureHash,
} from "../ssh/signature.ts";
import type { PrivateKey } from "./private_key.ts";
import { type BackendStatus, type KeyBackend, misfit } from "./signer.ts";

/** The back end of every ordinary installation. */
export class LibcryptoBackend implements KeyBackend {
  readonly #libcrypto: Libcrypto;

  /** Takes the library over. */
  constructor(libcrypto: Libcrypto) {
    this.#libcrypto = libcrypto;
  }

  /** Ed25519 and ECDSA at once, RSA as a promise. */
  sign(
    key: PrivateKey,
    algorithm: SignatureAlgorithm,
    data: Uint8Array,
    lane?: unknown,
  ): Uint8Array | Promise<Uint8Array> {
    const { numbers } = key;
    const hash = signatureHash(algorithm);
    switch (numbers.type) {
      case "ed25519": {
        if (algorithm !== "ssh-ed25519") throw misfit(key, algorithm);
        return encodeSignature(algorithm, this.#libcrypto.ed25519.sign(numbers.seed, numbers.point, data));
      }
      case "ecdsa": {
        if (algorithm !== `ecdsa-sha2-${numbers.curve}` || hash === undefined) throw misfit(key, algorithm);
        const digest = this.#libcrypto.digest(hash, data);
        const der = this.#libcrypto.ecdsa.sign(numbers.curve, numbers.scalar, digest);
        return encodeSignature(algorithm, ecdsaSignatureFromDer(der));
      }
      case "rsa":
        if (algorithm !== "ssh-rsa" && algorithm !== "rsa-sha2-256" && algorithm !== "rsa-sha2-512") {
          throw misfit(key, algorithm);
        }
        return this.#signRsa(numbers.rsa, algorithm, { data, lane });
      default:
        return numbers satisfies never;
    }
  }

  ed25519Point(seed: Secret): Uint8Array {
    return this.#libcrypto.ed25519.publicHalf(seed);
  }

  ecdsaPoint(curve: EcdsaCurve, scalar: Secret): Uint8Array {
    return this.#libcrypto.publicPoint(curve, scalar);
  }

  checkedPoint(curve: EcdsaCurve, claimed: Uint8Array): Uint8Array {
    return this.#libcrypto.checkedPoint(curve, claimed);
  }

  assembleRsa(parts: RsaParts, memory: SecretMemory): RsaPrivate {
    return this.#libcrypto.assembleRsa(parts, memory);
  }

  random(length: number, memory: SecretMemory): Secret {
    const secret = memory.allocate(length);
    try {
      this.#libcrypto.fillRandom(secret);
      return secret;
    } catch (error) {
      secret.wipe();
      throw error;
    }
  }

  status(): BackendStatus {
    return { kind: "libcrypto", version: this.#libcrypto.version, secureHeap: this.#libcrypto.secureHeap() };
  }

  dropIdle(now: number): void {
    this.#libcrypto.dropIdle(now);
  }

  forget(secret: Secret): void {
    this.#libcrypto.forget(secret);
  }

  [Symbol.dispose](): void {
    this.#libcrypto[Symbol.dispose]();
  }

  async #signRsa(
    key: RsaPrivate,
    algorithm: "ssh-rsa" | "rsa-sha2-256" | "rsa-sha2-512",
    { data, lane }: { readonly data: Uint8Array; readonly lane: unknown },
  ): Promise<Uint8Array> {
    const hash = signatureHash(algorithm) ?? "sha1";
    const raw = await this.#libcrypto.rsa.sign(key, hash, this.#libcrypto.digest(hash, data), lane);
    return encodeSignature(algorithm, rsaSignature(raw, key.n.length));
  }
}

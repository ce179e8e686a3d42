/**
 * Hashes through libcrypto, synchronous: what RSA and ECDSA sign is the hash of the data.
 *
 * @module
 */

import { expectOne } from "./errors.ts";
import type { Symbols } from "./symbols.ts";

/** The hashes SSH signatures use. */
export type HashName = "sha1" | "sha256" | "sha384" | "sha512";

/** Bytes of each digest. */
export const DIGEST_LENGTH: Readonly<Record<HashName, number>> = { sha1: 20, sha256: 32, sha384: 48, sha512: 64 };

/** libcrypto's numbers for them (obj_mac.h), as RSA_sign(3) takes them. */
export const DIGEST_NID: Readonly<Record<HashName, number>> = { sha1: 64, sha256: 672, sha384: 673, sha512: 674 };

/** Hashes public data. @throws {CryptoError} code "failed", say where the platform forbids SHA-1. */
export function digest(symbols: Symbols, hash: HashName, data: Uint8Array): Uint8Array<ArrayBuffer> {
  const type = symbols[`EVP_${hash}`]();
  const result = new Uint8Array(DIGEST_LENGTH[hash]);
  const status = symbols.EVP_Digest(pass(data), BigInt(data.length), result, null, type, null);
  expectOne(symbols, status, `compute ${hash}`);
  return result;
}

/** FFI takes bytes of ordinary memory only; a shared buffer would be read while another thread writes it. */
export function pass(data: Uint8Array): Uint8Array<ArrayBuffer> {
  return data.buffer instanceof ArrayBuffer ? data as Uint8Array<ArrayBuffer> : new Uint8Array(data);
}

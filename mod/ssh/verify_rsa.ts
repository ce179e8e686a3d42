/**
 * RSASSA-PKCS1-v1_5 verification (RFC 8017 §8.2.2, RFC 8332): one modular power and one comparison, of public numbers only.
 * Done here because the WebCrypto of Deno 2.4 takes no modulus above 4096 bits, and ssh-keygen makes them up to 16384.
 *
 * Not for: signing; nothing here takes the same time for every number.
 *
 * @module
 */

import { sha256, sha512 } from "@noble/hashes/sha2.js";
import { sameBytes } from "./bytes.ts";
import { modulusBits, RSA_MAX_BITS } from "./public_key.ts";

/**
 * OpenSSH's default of RequiredRSASize. Smaller than what we load ourselves: it is the host's key, and ssh has accepted it
 * already; to refuse it here would only leave the destination unknown.
 */
export const RSA_MIN_VERIFIED_BITS = 1024;
/** No key in use has a longer exponent (65537 is what ssh-keygen makes); a long one makes the power slow. */
const MAX_EXPONENT_LENGTH = 8;

/** DER of DigestInfo up to the digest, RFC 8017 §9.2 note 1. */
const DIGEST_INFO = {
  "rsa-sha2-256": "3031300d060960864801650304020105000420",
  "rsa-sha2-512": "3051300d060960864801650304020305000440",
} as const;

/** The RSA signature algorithms that are verified. SHA-1 is not among them. */
export type VerifiedRsaAlgorithm = keyof typeof DIGEST_INFO;

/** A public key, numbers unsigned and big-endian without leading zeros. */
export interface RsaNumbers {
  readonly e: Uint8Array;
  readonly n: Uint8Array;
}

/**
 * Checks a signature.
 *
 * @param raw The signature; OpenSSH also takes one that lacks leading zeros, and so do we.
 * @returns false also for a key or a signature of a size that is not taken.
 */
export function verifyRsa(
  { e, n }: RsaNumbers,
  algorithm: VerifiedRsaAlgorithm,
  raw: Uint8Array,
  data: Uint8Array,
): boolean {
  const bits = modulusBits(n);
  if (bits < RSA_MIN_VERIFIED_BITS || bits > RSA_MAX_BITS || e.length > MAX_EXPONENT_LENGTH) return false;
  const modulus = toBigInt(n);
  const exponent = toBigInt(e);
  // An exponent of 1 would make every message its own signature; even ones and even moduli are no RSA.
  if (exponent < 3n || exponent % 2n === 0n || modulus % 2n === 0n) return false;
  if (raw.length === 0 || raw.length > n.length) return false;
  const signature = toBigInt(raw);
  if (signature >= modulus) return false;
  // Comparing with what must stand there, rather than reading what does, leaves no room for forged padding (RFC 8017 §8.2.2).
  return sameBytes(fromBigInt(power(signature, exponent, modulus), n.length), encoded(algorithm, data, n.length));
}

/** EMSA-PKCS1-v1_5: 00 01 FF … FF 00 DigestInfo. */
function encoded(algorithm: VerifiedRsaAlgorithm, data: Uint8Array, length: number): Uint8Array {
  const digest = algorithm === "rsa-sha2-256" ? sha256(data) : sha512(data);
  const info = Uint8Array.from(DIGEST_INFO[algorithm].match(/../g) ?? [], (pair) => parseInt(pair, 16));
  const message = new Uint8Array(length).fill(0xff);
  const infoAt = length - digest.length - info.length;
  message[0] = 0;
  message[1] = 1;
  message[infoAt - 1] = 0;
  message.set(info, infoAt);
  message.set(digest, length - digest.length);
  return message;
}

function power(base: bigint, exponent: bigint, modulus: bigint): bigint {
  let result = base;
  for (const bit of exponent.toString(2).slice(1)) {
    result = result * result % modulus;
    if (bit === "1") result = result * base % modulus;
  }
  return result;
}

function toBigInt(bytes: Uint8Array): bigint {
  let hex = "0x0";
  for (const byte of bytes) hex += byte.toString(16).padStart(2, "0");
  return BigInt(hex);
}

function fromBigInt(number: bigint, length: number): Uint8Array {
  const hex = number.toString(16).padStart(2 * length, "0");
  return Uint8Array.from({ length }, (_, at) => parseInt(hex.slice(2 * at, 2 * at + 2), 16));
}

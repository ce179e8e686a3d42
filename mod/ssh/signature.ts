/**
 * Signatures: which algorithm a request gets, and the blobs they travel in (RFC 4253 §6.6, RFC 5656 §3.1.2, RFC 8332,
 * RFC 8709 §6), made of what libcrypto, WebCrypto and noble give.
 *
 * Not for: making or checking a signature.
 *
 * @module
 */

import { COORDINATE_LENGTH, type EcdsaCurve, type KnownPublicKey } from "./public_key.ts";
import { WireError, WireReader, WireWriter } from "./wire.ts";

/** Flag of a sign request (RFC 9987, signature flags): RSA with SHA-256. */
export const SSH_AGENT_RSA_SHA2_256 = 2;
/** Flag of a sign request (RFC 9987, signature flags): RSA with SHA-512. */
export const SSH_AGENT_RSA_SHA2_512 = 4;

/** The algorithm named in a signature blob. `ssh-rsa` is RSA with SHA-1. */
export type SignatureAlgorithm =
  | "ssh-ed25519"
  | `ecdsa-sha2-${EcdsaCurve}`
  | "rsa-sha2-256"
  | "rsa-sha2-512"
  | "ssh-rsa";

/** The hash that is signed; Ed25519 hashes the message itself. */
export type SignatureHash = "sha1" | "sha256" | "sha384" | "sha512";

/**
 * Picks the algorithm as OpenSSH's agent does (measured, 9.2): flag 2 wins over 4, none means SHA-1, flags it does not know are
 * ignored, and Ed25519 and ECDSA ignore all of them (Erlang and sshpk send flags with every key).
 *
 * @param flags The request's flags.
 * @returns `ssh-rsa`, SHA-1, for RSA without a flag: whether that is refused is the caller's decision.
 */
export function signatureAlgorithm(key: KnownPublicKey, flags: number): SignatureAlgorithm {
  switch (key.type) {
    case "ed25519":
      return "ssh-ed25519";
    case "ecdsa":
      return `ecdsa-sha2-${key.curve}`;
    case "rsa":
      if ((flags & SSH_AGENT_RSA_SHA2_256) !== 0) return "rsa-sha2-256";
      return (flags & SSH_AGENT_RSA_SHA2_512) !== 0 ? "rsa-sha2-512" : "ssh-rsa";
    default:
      return key satisfies never;
  }
}

/** The hash an algorithm signs (RFC 5656 §6.2.1 for ECDSA), undefined for Ed25519. */
export function signatureHash(algorithm: SignatureAlgorithm): SignatureHash | undefined {
  switch (algorithm) {
    case "ssh-ed25519":
      return undefined;
    case "ssh-rsa":
      return "sha1";
    case "ecdsa-sha2-nistp256":
    case "rsa-sha2-256":
      return "sha256";
    case "ecdsa-sha2-nistp384":
      return "sha384";
    case "ecdsa-sha2-nistp521":
    case "rsa-sha2-512":
      return "sha512";
    default:
      return algorithm satisfies never;
  }
}

/**
 * The signature blob: `string algorithm, string signature`.
 * @param raw 64 bytes for Ed25519, `rsaSignature` for RSA, one of the `ecdsaSignature…` for ECDSA.
 */
export function encodeSignature(algorithm: SignatureAlgorithm, raw: Uint8Array): Uint8Array<ArrayBuffer> {
  return new WireWriter(8 + algorithm.length + raw.length).ascii(algorithm).string(raw).finish();
}

/** Takes a signature blob apart. Security keys' blobs have more fields and are refused. @throws {WireError} */
export function decodeSignature(blob: Uint8Array): { algorithm: string; raw: Uint8Array } {
  const reader = new WireReader(blob);
  const algorithm = reader.algorithmName("signature algorithm");
  const raw = reader.string("signature");
  reader.end("signature blob");
  return { algorithm, raw };
}

/**
 * Left-pads an RSA signature to the modulus length: some libraries drop leading zeros, and verifiers want exactly that
 * length (RFC 8332 §3, RFC 8017 §8.2.1).
 * @param modulusLength Length of the modulus in bytes.
 * @throws {RangeError} If the signature is longer than the modulus.
 */
export function rsaSignature(raw: Uint8Array, modulusLength: number): Uint8Array {
  if (raw.length === modulusLength) return raw;
  if (raw.length > modulusLength) throw new RangeError("Cannot encode RSA signature: it is longer than the modulus");
  const padded = new Uint8Array(modulusLength);
  padded.set(raw, modulusLength - raw.length);
  return padded;
}

/**
 * The ECDSA part of a signature blob: `mpint r, mpint s`.
 * @param r Unsigned, big-endian; leading zeros do not matter.
 * @throws {RangeError} If r or s is zero: no signature has that.
 */
export function ecdsaSignature(r: Uint8Array, s: Uint8Array): Uint8Array<ArrayBuffer> {
  if (isZero(r) || isZero(s)) throw new RangeError("Cannot encode ECDSA signature: r or s is zero");
  return new WireWriter(10 + r.length + s.length).mpint(r).mpint(s).finish();
}

/** From r and s of equal length, one after the other: WebCrypto's and noble's form (IEEE P1363). @throws {RangeError} */
export function ecdsaSignatureFromRaw(raw: Uint8Array): Uint8Array<ArrayBuffer> {
  if (raw.length % 2 !== 0) throw new RangeError("Cannot encode ECDSA signature: the halves are not of equal length");
  return ecdsaSignature(raw.subarray(0, raw.length / 2), raw.subarray(raw.length / 2));
}

/**
 * From DER, libcrypto's form: `SEQUENCE { r INTEGER, s INTEGER }` (RFC 3279 §2.2.3).
 * @throws {WireError} If it is not the one encoding DER has for two positive numbers.
 * @throws {RangeError} If r or s is zero.
 */
export function ecdsaSignatureFromDer(der: Uint8Array): Uint8Array<ArrayBuffer> {
  const outer = new WireReader(der);
  const sequence = new WireReader(derValue(outer, 0x30));
  outer.end("ECDSA-Sig-Value");
  const r = derInteger(sequence);
  const s = derInteger(sequence);
  sequence.end("ECDSA-Sig-Value");
  return ecdsaSignature(r, s);
}

/** The contents of one DER value of this tag. */
function derValue(reader: WireReader, tag: number): Uint8Array {
  if (reader.uint8("DER tag") !== tag) throw new WireError("value", "Cannot read ECDSA-Sig-Value: wrong tag");
  let length = reader.uint8("DER length");
  if (length >= 0x80) {
    // P-521 needs two length bytes, nothing longer is a signature. A long form of a short length is BER, not DER.
    if (length !== 0x81) throw new WireError("value", "Cannot read ECDSA-Sig-Value: length form not allowed");
    length = reader.uint8("DER length");
    if (length < 0x80) throw new WireError("value", "Cannot read ECDSA-Sig-Value: length not minimal");
  }
  return reader.bytes(length, "DER value");
}

/** A DER INTEGER has the same two rules as an mpint: no sign, no superfluous zero. */
function derInteger(reader: WireReader): Uint8Array {
  const value = derValue(reader, 0x02);
  const first = value[0];
  if (first === undefined || first >= 0x80) throw new WireError("mpint", "Cannot read ECDSA-Sig-Value: not positive");
  if (first === 0 && value.length > 1 && (value[1] ?? 0) < 0x80) {
    throw new WireError("mpint", "Cannot read ECDSA-Sig-Value: it has a superfluous zero");
  }
  return value;
}

/**
 * The ECDSA part of a signature blob as r and s of the curve's length, one after the other: what verifiers take.
 * @throws {WireError} If it is malformed or a number is too long for the curve.
 */
export function ecdsaSignatureToRaw(blob: Uint8Array, curve: EcdsaCurve): Uint8Array<ArrayBuffer> {
  const reader = new WireReader(blob);
  const r = reader.mpint("ECDSA r");
  const s = reader.mpint("ECDSA s");
  reader.end("ECDSA signature");
  const size = COORDINATE_LENGTH[curve];
  if (r.length > size || s.length > size) {
    throw new WireError("too-long", "Cannot read ECDSA signature: r or s too long");
  }
  const raw = new Uint8Array(2 * size);
  raw.set(r, size - r.length);
  raw.set(s, 2 * size - s.length);
  return raw;
}

function isZero(number: Uint8Array): boolean {
  return number.every((byte) => byte === 0);
}

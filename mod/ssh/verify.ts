/**
 * Checks signatures made by others: a host's over a session id, an authority's over a certificate. Every key type that
 * OpenSSH has for hosts: Ed25519, ECDSA, RSA with SHA-2, both security keys (PROTOCOL.u2f), and certificates of them.
 *
 * Not for: DSA, and RSA with SHA-1: what only those would prove counts as not proved.
 *
 * @module
 */

import { sha256 } from "@noble/hashes/sha2.js";
import { type Certificate, decodeCertificate, isCertificate } from "./certificate.ts";
import { COORDINATE_LENGTH, type EcdsaCurve, keyTypeName, parsePublicKey } from "./public_key.ts";
import { ecdsaSignatureToRaw } from "./signature.ts";
import { verifyRsa } from "./verify_rsa.ts";
import { tryRead, WireError, WireReader, WireWriter } from "./wire.ts";

/** WebCrypto's names. P-521 is not here: Deno 2.4 does not have it. */
const WEB_CURVES: ReadonlyMap<EcdsaCurve, readonly [curve: string, hash: string]> = new Map([
  ["nistp256", ["P-256", "SHA-256"]],
  ["nistp384", ["P-384", "SHA-384"]],
]);

/** The signature algorithms that fit a key type: for all but RSA just the one of its name. */
const RSA_ALGORITHMS = ["rsa-sha2-512", "rsa-sha2-256"] as const;

/** A plain key, made ready to check with. */
type VerifyingKey =
  | { readonly type: "ed25519"; readonly point: Uint8Array }
  | { readonly type: "ecdsa"; readonly curve: EcdsaCurve; readonly point: Uint8Array }
  | { readonly type: "rsa"; readonly e: Uint8Array; readonly n: Uint8Array }
  /** `inner` signs what the token was given: the application's hash, flags, counter, the message's hash. */
  | {
    readonly type: "security-key";
    readonly inner: VerifyingKey & { readonly type: "ed25519" | "ecdsa" };
    readonly application: Uint8Array;
  };

/**
 * The signature algorithms that are taken from a plain key of this type, for saying why one was not.
 * @returns Empty for a type whose signatures are not verified at all.
 */
export function verifiedAlgorithms(keyType: string): readonly string[] {
  switch (keyType) {
    case "ssh-rsa":
      return RSA_ALGORITHMS;
    case "ssh-ed25519":
    case "ecdsa-sha2-nistp256":
    case "ecdsa-sha2-nistp384":
    case "ecdsa-sha2-nistp521":
    case "sk-ssh-ed25519@openssh.com":
    case "sk-ecdsa-sha2-nistp256@openssh.com":
      return [keyType];
    default:
      return [];
  }
}

/**
 * Whether `signature` is this key's signature of `data`. For a certificate: of the key in it, and the certificate must be
 * whole itself, that is, its authority's signature must be good too (as OpenSSH checks while it parses one, cert_parse()).
 * Whether that authority is trusted, and whether the certificate is in force, is not asked.
 *
 * @param publicKey Key blob or certificate blob.
 * @param signature Signature blob.
 * @returns false for everything else as well: malformed, unknown type, an algorithm that does not fit the key. Never throws.
 */
export async function verifySignature(
  publicKey: Uint8Array,
  signature: Uint8Array,
  data: Uint8Array,
): Promise<boolean> {
  if (!isCertificate(publicKey)) return await verifyPlain(publicKey, signature, data);
  const certificate = tryRead(() => decodeCertificate(publicKey));
  if (certificate === undefined) return false;
  return await verifyPlain(certificate.plainKey, signature, data) && await verifyCertificate(certificate);
}

/** Whether a certificate bears the signature of the authority it names. An authority is a plain key. */
export function verifyCertificate({ authority, signature, signed }: Certificate): Promise<boolean> {
  return verifyPlain(authority, signature, signed);
}

async function verifyPlain(publicKey: Uint8Array, signature: Uint8Array, data: Uint8Array): Promise<boolean> {
  try {
    const reader = new WireReader(signature);
    const algorithm = reader.algorithmName("signature algorithm");
    if (!verifiedAlgorithms(keyTypeName(publicKey)).includes(algorithm)) return false;
    const raw = reader.string("signature");
    const key = readKey(publicKey);
    if (key.type !== "security-key") {
      reader.end("signature blob");
      return key.type === "rsa"
        ? (algorithm === "rsa-sha2-512" || algorithm === "rsa-sha2-256") && verifyRsa(key, algorithm, raw, data)
        : await verifyOnCurve(key, raw, data);
    }
    const flags = reader.uint8("flags");
    const counter = reader.uint32("counter");
    reader.end("signature blob");
    // PROTOCOL.u2f: whether somebody touched the token is in the flags; sshd asks that of users, nobody asks it of hosts.
    const attested = new WireWriter(69).bytes(sha256(key.application)).uint8(flags).uint32(counter).bytes(sha256(data));
    return await verifyOnCurve(key.inner, raw, attested.finish());
  } catch (error) {
    if (error instanceof WireError) return false;
    throw error;
  }
}

/** @throws {WireError} */
function readKey(blob: Uint8Array): VerifyingKey {
  const key = parsePublicKey(blob);
  return key.type === "unknown" ? readSecurityKey(blob) : key;
}

/** PROTOCOL.u2f, "SSH U2F Key formats". @throws {WireError} */
function readSecurityKey(blob: Uint8Array): VerifyingKey {
  const reader = new WireReader(blob);
  const name = reader.algorithmName("key type");
  const inner = readTokenKey(name, reader);
  const application = reader.string("application");
  reader.end("key blob");
  return { type: "security-key", inner, application };
}

function readTokenKey(name: string, reader: WireReader): VerifyingKey & { readonly type: "ed25519" | "ecdsa" } {
  switch (name) {
    case "sk-ssh-ed25519@openssh.com": {
      const point = reader.string("Ed25519 public key");
      if (point.length !== 32) throw new WireError("value", "Cannot read Ed25519 public key: it is not 32 bytes");
      return { type: "ed25519", point };
    }
    case "sk-ecdsa-sha2-nistp256@openssh.com": {
      if (reader.algorithmName("curve name") !== "nistp256") {
        throw new WireError("value", "Cannot read ECDSA public key: the curve is not nistp256");
      }
      const point = reader.string("ECDSA point");
      if (point[0] !== 4 || point.length !== 1 + 2 * COORDINATE_LENGTH.nistp256) {
        throw new WireError("value", "Cannot read ECDSA public key: no uncompressed point of nistp256");
      }
      return { type: "ecdsa", curve: "nistp256", point };
    }
    default:
      throw new WireError("value", "Cannot read public key: it is of no type we know");
  }
}

async function verifyOnCurve(
  key: VerifyingKey & { readonly type: "ed25519" | "ecdsa" },
  raw: Uint8Array,
  data: Uint8Array,
): Promise<boolean> {
  const message = new Uint8Array(data); // WebCrypto takes no window onto a SharedArrayBuffer, and the types know it
  if (key.type === "ed25519") {
    if (raw.length !== 64) return false;
    const ed25519 = { name: "Ed25519" };
    return await verifyByWebCrypto({ point: key.point, kind: ed25519, scheme: ed25519 }, raw, message);
  }
  const signature = ecdsaSignatureToRaw(raw, key.curve);
  const web = WEB_CURVES.get(key.curve);
  if (web === undefined) return await verifyByNoble(signature, message, key.point);
  const [namedCurve, hash] = web;
  const scheme = { name: "ECDSA", hash };
  return await verifyByWebCrypto({ point: key.point, kind: { ...scheme, namedCurve }, scheme }, signature, message);
}

/** How WebCrypto is to be asked. */
interface WebKey {
  readonly point: Uint8Array;
  readonly kind: Algorithm | EcKeyImportParams;
  readonly scheme: Algorithm | EcdsaParams;
}

async function verifyByWebCrypto(
  { point, kind, scheme }: WebKey,
  signature: Uint8Array,
  message: Uint8Array<ArrayBuffer>,
): Promise<boolean> {
  try {
    const key = await crypto.subtle.importKey("raw", new Uint8Array(point), kind, false, ["verify"]);
    return await crypto.subtle.verify(scheme, key, new Uint8Array(signature), message);
  } catch {
    return false; // a point that is not on the curve, or whatever else WebCrypto will not have: no proof
  }
}

async function verifyByNoble(
  signature: Uint8Array,
  message: Uint8Array<ArrayBuffer>,
  point: Uint8Array,
): Promise<boolean> {
  // Loaded only where it verifies: it takes tens of milliseconds, and P-521 host keys are rare.
  const { p521 } = await import("@noble/curves/nist.js");
  try {
    // SSH has no rule of a low s (RFC 5656 §3.1.2).
    return p521.verify(signature, message, point, { lowS: false, prehash: true });
  } catch {
    return false; // a point that is not on the curve
  }
}

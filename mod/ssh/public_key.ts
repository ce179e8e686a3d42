/**
 * Public keys: the wire form (RFC 4253 §6.6, RFC 5656 §3.1, RFC 8709 §4), fingerprints, and lines of authorized_keys.
 *
 * Not for: whether a key is good enough to use (sizes, points on the curve), which is decided where keys are loaded.
 *
 * @module
 */

import { sha256 } from "@noble/hashes/sha2.js";
import { decodeBase64, encodeBase64 } from "./base64.ts";
import { plainKeyBlob } from "./certificate_types.ts";
import { WireError, WireReader, WireWriter } from "./wire.ts";

declare const brand: unique symbol;
type Brand<T, Name extends string> = T & { readonly [brand]: Name };

/** A public key or certificate in wire form. Whether it parses is another question: a client may ask for any bytes. */
export type KeyBlob = Brand<Uint8Array, "KeyBlob">;
/** `SHA256:` and the unpadded base64 of the plain key blob's SHA-256, as ssh-keygen -l prints it. */
export type Fingerprint = Brand<string, "Fingerprint">;

/** Longest blob we parse: half an agent frame. A certificate with OpenSSH's 256 principals of 255 bytes fits. */
export const MAX_KEY_BLOB_LENGTH = 128 * 1024;
/** Shorter moduli are refused where keys are loaded; OpenSSH's floor is 1024, but 2048 is the least anybody should use. */
export const RSA_MIN_BITS = 2048;
/** OpenSSH's SSHBUF_MAX_BIGNUM * 8; larger keys cost seconds a signature. */
export const RSA_MAX_BITS = 16384;

/** The curves of RFC 5656 that OpenSSH has. */
export type EcdsaCurve = "nistp256" | "nistp384" | "nistp521";

/** Length in bytes of a coordinate (and of r and s) on each curve. */
export const COORDINATE_LENGTH: Readonly<Record<EcdsaCurve, number>> = { nistp256: 32, nistp384: 48, nistp521: 66 };

/** A key whose form we know. */
export type KnownPublicKey =
  /** `point`: the 32 bytes of RFC 8032. */
  | { readonly type: "ed25519"; readonly point: Uint8Array }
  /** `point`: uncompressed, 04 x y (SEC 1 §2.3.3). Not checked to be on the curve. */
  | { readonly type: "ecdsa"; readonly curve: EcdsaCurve; readonly point: Uint8Array }
  /** Unsigned, big-endian, no leading zeros. */
  | { readonly type: "rsa"; readonly e: Uint8Array; readonly n: Uint8Array };

/** A key, or only its type's name: security keys, certificates, post-quantum keys, whatever comes next. */
export type PublicKey = KnownPublicKey | { readonly type: "unknown"; readonly name: string };

/** Claims that bytes stand where a key blob belongs. */
export function keyBlob(bytes: Uint8Array): KeyBlob {
  return bytes as KeyBlob;
}

/**
 * The type's name that opens a blob, such as `ssh-ed25519`.
 * @throws {WireError} If there is no name.
 */
export function keyTypeName(blob: Uint8Array): string {
  return new WireReader(blob).algorithmName("key type");
}

/**
 * Takes a blob apart. Strict: `encodePublicKey` of a known key gives the same bytes again.
 * @throws {WireError} If the blob is too long, has no name, or is not what its name says.
 */
export function parsePublicKey(blob: Uint8Array): PublicKey {
  if (blob.length > MAX_KEY_BLOB_LENGTH) {
    throw new WireError("too-long", `Cannot read key blob: ${blob.length} bytes, at most ${MAX_KEY_BLOB_LENGTH}`);
  }
  const reader = new WireReader(blob);
  const name = reader.algorithmName("key type");
  const key = readFields(name, reader);
  if (key.type !== "unknown") reader.end("key blob");
  return key;
}

function readFields(name: string, reader: WireReader): PublicKey {
  switch (name) {
    case "ssh-ed25519": {
      const point = reader.string("Ed25519 public key");
      if (point.length !== 32) throw new WireError("value", "Cannot read Ed25519 public key: it is not 32 bytes");
      return { type: "ed25519", point };
    }
    case "ecdsa-sha2-nistp256":
      return readEcdsa("nistp256", reader);
    case "ecdsa-sha2-nistp384":
      return readEcdsa("nistp384", reader);
    case "ecdsa-sha2-nistp521":
      return readEcdsa("nistp521", reader);
    case "ssh-rsa": {
      const e = reader.mpint("RSA exponent");
      const n = reader.mpint("RSA modulus");
      if (e.length === 0 || n.length === 0) {
        throw new WireError("value", "Cannot read RSA public key: a number is zero");
      }
      return { type: "rsa", e, n };
    }
    default:
      return { type: "unknown", name };
  }
}

function readEcdsa(curve: EcdsaCurve, reader: WireReader): KnownPublicKey {
  if (reader.algorithmName("curve name") !== curve) {
    throw new WireError("value", `Cannot read ECDSA public key: the curve is not ${curve}`);
  }
  const point = reader.string("ECDSA point");
  // OpenSSH has no compressed points (RFC 5656 §3.1 makes them optional).
  if (point[0] !== 4 || point.length !== 1 + 2 * COORDINATE_LENGTH[curve]) {
    throw new WireError("value", `Cannot read ECDSA public key: no uncompressed point of ${curve}`);
  }
  return { type: "ecdsa", curve, point };
}

/** The wire form of a key. */
export function encodePublicKey(key: KnownPublicKey): KeyBlob {
  const writer = new WireWriter();
  switch (key.type) {
    case "ed25519":
      writer.string("ssh-ed25519").string(key.point);
      break;
    case "ecdsa":
      writer.string(`ecdsa-sha2-${key.curve}`).string(key.curve).string(key.point);
      break;
    case "rsa":
      writer.string("ssh-rsa").mpint(key.e).mpint(key.n);
      break;
    default:
      key satisfies never;
  }
  return keyBlob(writer.finish());
}

/** Length of an RSA modulus in bits. @param n Unsigned, big-endian, no leading zeros. */
export function modulusBits(n: Uint8Array): number {
  return n.length * 8 - Math.clz32(n[0] ?? 0) + 24;
}

/** What ssh-keygen -l prints for the blob: for a certificate, the fingerprint of the key in it. */
export function fingerprintOf(blob: Uint8Array): Fingerprint {
  return `SHA256:${encodeBase64(sha256(plainKeyBlob(blob))).replace(/=+$/, "")}` as Fingerprint;
}

/**
 * One line of authorized_keys, without the line feed.
 * @param comment Control characters are replaced: a line feed would begin a second line, and thus admit a second key.
 * @throws {WireError} If the blob has no type name.
 */
export function authorizedKeyLine(blob: Uint8Array, comment: string): string {
  const line = `${keyTypeName(blob)} ${encodeBase64(blob)}`;
  return comment === "" ? line : `${line} ${comment.replace(/\p{Cc}/gu, "?")}`;
}

/**
 * Reads one line of the form `type base64 [comment]`. Options in front are not understood.
 * @throws {WireError} If it is anything else, if type and blob disagree, or if the blob does not parse.
 */
export function parseAuthorizedKeyLine(text: string): { type: string; blob: KeyBlob; comment: string } {
  if (text.length > 2 * MAX_KEY_BLOB_LENGTH) throw new WireError("too-long", "Cannot read public key line: too long");
  const match = /^([!-~]+)[ \t]+([A-Za-z0-9+/=]+)(?:[ \t]+(.*))?$/.exec(text.trim());
  const bytes = decodeBase64(match?.[2] ?? "");
  if (match === null || bytes === undefined) {
    throw new WireError("value", "Cannot read public key line: it is not 'type base64 comment'");
  }
  const [, type = "", , comment = ""] = match;
  parsePublicKey(bytes);
  if (keyTypeName(bytes) !== type) throw new WireError("value", "Cannot read public key line: type and key disagree");
  return { type, blob: keyBlob(bytes), comment };
}

/**
 * OpenSSH's own format (OpenSSH's PROTOCOL.key), without a cipher, holding one key.
 *
 * @module
 */

import type { Secret } from "../../ffi/secret.ts";
import { COORDINATE_LENGTH, type EcdsaCurve } from "../ssh/public_key.ts";
import { malformed, passphraseProtected, unsupported } from "./key_error.ts";
import type { RawKey, RawNumbers } from "./parsed.ts";
import { SecretReader } from "./secret_reader.ts";

const MAGIC = "openssh-key-v1\0";
const CURVES: readonly EcdsaCurve[] = ["nistp256", "nistp384", "nistp521"];
const SEED_LENGTH = 32;

/** Reads an unprotected key. @throws {KeyError} */
export function readOpenssh(bytes: Secret): RawKey {
  if (!bytes.startsWith(MAGIC)) throw malformed("it does not begin as OpenSSH's format does");
  const reader = new SecretReader(bytes.view(MAGIC.length));
  const cipher = reader.string("cipher");
  const kdf = reader.string("key derivation");
  const kdfOptions = reader.string("key derivation options");
  if (!isText(cipher, "none")) throw passphraseProtected();
  if (!isText(kdf, "none") || kdfOptions.length !== 0) throw malformed("it has a key derivation but no cipher");
  const count = reader.uint32("number of keys");
  if (count !== 1) throw count === 0 ? malformed("it holds no key") : unsupported("it holds more than one key");
  const claimed = reader.string("public key");
  const section = new SecretReader(reader.string("private section"));
  reader.end("private section");
  // Two equal random numbers: with a cipher, how a wrong passphrase shows.
  if (section.uint32("check number") !== section.uint32("check number")) throw malformed("its check numbers differ");
  const read = readNumbers(section);
  const comment = section.string("comment");
  for (let expected = 1; section.left > 0; expected++) {
    if (section.uint8("padding") !== (expected & 0xff)) throw malformed("its padding is not 1, 2, 3, …");
  }
  // public: the public key section and the comment; only now, when everything around them was what it should be
  return { ...read, claimedBlob: claimed.publicCopy(), comment: new TextDecoder().decode(comment.publicCopy()) };
}

type NumbersAndPoints = Pick<RawKey, "numbers" | "claimedPoints">;

function readNumbers(section: SecretReader): NumbersAndPoints {
  const type = section.string("key type");
  if (isText(type, "ssh-ed25519")) return readEd25519(section);
  if (isText(type, "ssh-rsa")) return { numbers: readRsa(section), claimedPoints: [] };
  for (const curve of CURVES) if (isText(type, `ecdsa-sha2-${curve}`)) return readEcdsa(section, curve);
  if (isText(type, "ssh-dss")) throw unsupported("DSA is not used any more");
  if (type.startsWith("sk-")) throw unsupported("it needs a security key; let ssh use it directly");
  throw unsupported("its type is none of Ed25519, ECDSA and RSA");
}

function readEd25519(section: SecretReader): NumbersAndPoints {
  const point = section.string("Ed25519 public key");
  const both = section.string("Ed25519 private key"); // seed, then the public key once more
  if (point.length !== 32 || both.length !== 2 * SEED_LENGTH) throw malformed("its Ed25519 halves have a wrong length");
  return {
    numbers: { type: "ed25519", seed: both.view(0, SEED_LENGTH) },
    claimedPoints: [point.publicCopy(), both.publicCopy(SEED_LENGTH)], // public: both copies of the public key
  };
}

function readEcdsa(section: SecretReader, curve: EcdsaCurve): NumbersAndPoints {
  if (!isText(section.string("curve name"), curve)) throw malformed("its type and its curve disagree");
  const point = section.string("public point");
  if (point.length > 1 + 2 * COORDINATE_LENGTH[curve]) throw malformed("its public point is too long");
  const scalar = section.mpint("private scalar");
  return { numbers: { type: "ecdsa", curve, scalar }, claimedPoints: [point.publicCopy()] }; // public: the point
}

function readRsa(section: SecretReader): RawNumbers {
  const n = section.mpint("modulus").publicCopy(); // public: half of the public key
  const e = section.mpint("public exponent").publicCopy(); // public: the other half
  const d = section.mpint("private exponent");
  const iqmp = section.mpint("coefficient");
  const p = section.mpint("first factor");
  return { type: "rsa", parts: { n, e, d, iqmp, p, q: section.mpint("second factor") } };
}

function isText(field: Secret, text: string): boolean {
  return field.length === text.length && field.startsWith(text);
}

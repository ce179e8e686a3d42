/**
 * PrivateKeyInfo (RFC 5208) and OneAsymmetricKey (RFC 5958) of Ed25519 (RFC 8410), EC and RSA keys.
 *
 * @module
 */

import type { Secret } from "../../ffi/secret.ts";
import { DerReader, TAG } from "./der.ts";
import { malformed, unsupported } from "./key_error.ts";
import type { RawKey } from "./parsed.ts";
import { readPkcs1 } from "./pkcs1.ts";
import { readCurve, readSec1 } from "./sec1.ts";

/** Contents of the OBJECT IDENTIFIERs of algorithms. */
const OID = {
  ed25519: Uint8Array.of(0x2b, 0x65, 0x70), // RFC 8410 §3
  ec: Uint8Array.of(0x2a, 0x86, 0x48, 0xce, 0x3d, 0x02, 0x01), // id-ecPublicKey, RFC 5480 §2.1.1
  rsa: Uint8Array.of(0x2a, 0x86, 0x48, 0x86, 0xf7, 0x0d, 0x01, 0x01, 0x01), // rsaEncryption, RFC 8017 §A.1
} as const;
/** Algorithms to name when they are refused. */
const REFUSED: readonly (readonly [string, Uint8Array])[] = [
  ["DSA is not used any more", Uint8Array.of(0x2a, 0x86, 0x48, 0xce, 0x38, 0x04, 0x01)],
  ["SSH agents have no Ed448", Uint8Array.of(0x2b, 0x65, 0x71)],
  ["X25519 cannot sign", Uint8Array.of(0x2b, 0x65, 0x6e)],
  ["X448 cannot sign", Uint8Array.of(0x2b, 0x65, 0x6f)],
  ["SSH has no RSASSA-PSS", Uint8Array.of(0x2a, 0x86, 0x48, 0x86, 0xf7, 0x0d, 0x01, 0x01, 0x0a)],
];
const SEED_LENGTH = 32;
const POINT_LENGTH = 32;

/** Reads a PKCS#8 key that is not encrypted. @throws {KeyError} */
export function readPkcs8(der: Secret): RawKey {
  const file = new DerReader(der);
  const reader = file.nested(TAG.sequence, "PKCS#8 key");
  file.end("PKCS#8 key");
  if (reader.small("version") > 1) throw malformed("its version is neither 0 nor 1");
  const algorithm = reader.nested(TAG.sequence, "algorithm");
  const inner = reader.value(TAG.octetString, "private key");
  reader.optional(TAG.context0, "attributes");
  // Some writers put the public key into version 0, too.
  const claimed = reader.nextTag === TAG.implicit1 ? reader.bits(TAG.implicit1, "public key") : undefined;
  reader.end("PKCS#8 key");
  const oid = algorithm.value(TAG.oid, "algorithm name");
  if (oid.equals(OID.ed25519)) {
    algorithm.end("algorithm");
    return readEd25519(inner, claimed);
  }
  if (oid.equals(OID.ec)) {
    const curve = readCurve(algorithm);
    algorithm.end("algorithm");
    return readSec1(inner, curve);
  }
  if (oid.equals(OID.rsa)) {
    algorithm.optional(TAG.null, "parameters"); // RFC 8017 §A.1 wants it; some writers leave it out
    algorithm.end("algorithm");
    return readPkcs1(inner);
  }
  for (const [why, refused] of REFUSED) if (oid.equals(refused)) throw unsupported(why);
  throw unsupported("its algorithm is none of Ed25519, ECDSA and RSA");
}

/** CurvePrivateKey (RFC 8410 §7): an OCTET STRING in the OCTET STRING. */
function readEd25519(inner: Secret, claimed: Secret | undefined): RawKey {
  const reader = new DerReader(inner);
  const seed = reader.value(TAG.octetString, "Ed25519 seed");
  reader.end("Ed25519 seed");
  if (seed.length !== SEED_LENGTH) throw malformed("its Ed25519 seed is not 32 bytes");
  if (claimed !== undefined && claimed.length !== POINT_LENGTH) throw malformed("its public key is not 32 bytes");
  return {
    numbers: { type: "ed25519", seed },
    claimedPoints: claimed === undefined ? [] : [claimed.publicCopy()], // public: the field publicKey
    claimedBlob: undefined,
    comment: "",
  };
}

/**
 * RSAPrivateKey (RFC 8017 §A.1.2).
 *
 * @module
 */

import type { Secret } from "../../ffi/secret.ts";
import { DerReader, TAG } from "./der.ts";
import { malformed, unsupported } from "./key_error.ts";
import type { RawKey } from "./parsed.ts";

/** Reads an RSAPrivateKey. @throws {KeyError} */
export function readPkcs1(der: Secret): RawKey {
  const file = new DerReader(der);
  const reader = file.nested(TAG.sequence, "RSA key");
  file.end("RSA key");
  const version = reader.small("version");
  if (version === 1) throw unsupported("it has more than two factors");
  if (version !== 0) throw malformed("its version is neither 0 nor 1");
  const n = reader.integer("modulus").publicCopy(); // public: half of the public key
  const e = reader.integer("public exponent").publicCopy(); // public: the other half
  const parts = {
    n,
    e,
    d: reader.integer("private exponent"),
    p: reader.integer("first factor"),
    q: reader.integer("second factor"),
    dmp1: reader.integer("first exponent"),
    dmq1: reader.integer("second exponent"),
    iqmp: reader.integer("coefficient"),
  };
  reader.end("RSA key");
  return { numbers: { type: "rsa", parts }, claimedPoints: [], claimedBlob: undefined, comment: "" };
}

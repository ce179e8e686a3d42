/**
 * ECPrivateKey (SEC 1 §C.4, RFC 5915 §3): a scalar, maybe the curve's name, maybe the public point.
 *
 * @module
 */

import type { Secret } from "../../ffi/secret.ts";
import { COORDINATE_LENGTH, type EcdsaCurve } from "../ssh/public_key.ts";
import { DerReader, TAG } from "./der.ts";
import { malformed, unsupported } from "./key_error.ts";
import type { RawKey } from "./parsed.ts";

/** Contents of the OBJECT IDENTIFIERs (RFC 5480 §2.1.1.1): secp256r1, secp384r1, secp521r1. */
const CURVES: readonly (readonly [EcdsaCurve, Uint8Array])[] = [
  ["nistp256", Uint8Array.of(0x2a, 0x86, 0x48, 0xce, 0x3d, 0x03, 0x01, 0x07)],
  ["nistp384", Uint8Array.of(0x2b, 0x81, 0x04, 0x00, 0x22)],
  ["nistp521", Uint8Array.of(0x2b, 0x81, 0x04, 0x00, 0x23)],
];

/**
 * Reads ECParameters: the name of a curve.
 * @throws {KeyError} code "unsupported" for another curve, or one that is spelled out instead of named.
 */
export function readCurve(reader: DerReader): EcdsaCurve {
  if (reader.nextTag === TAG.sequence) throw unsupported("its curve is written out, not named");
  const name = reader.value(TAG.oid, "curve name");
  for (const [curve, oid] of CURVES) if (name.equals(oid)) return curve;
  throw unsupported("its curve is none of P-256, P-384 and P-521");
}

/**
 * Reads an ECPrivateKey.
 *
 * @param outer The curve that PKCS#8 names around it.
 * @throws {KeyError}
 */
export function readSec1(der: Secret, outer?: EcdsaCurve): RawKey {
  const file = new DerReader(der);
  const reader = file.nested(TAG.sequence, "EC key");
  file.end("EC key");
  if (reader.small("version") !== 1) throw malformed("its version is not 1");
  const scalar = reader.value(TAG.octetString, "private scalar");
  const curve = readInnerCurve(reader) ?? outer;
  if (curve === undefined) throw malformed("its curve is not named");
  if (outer !== undefined && outer !== curve) throw malformed("it names two curves");
  const point = readPoint(reader, curve);
  reader.end("EC key");
  return {
    numbers: { type: "ecdsa", curve, scalar },
    claimedPoints: point === undefined ? [] : [point],
    claimedBlob: undefined,
    comment: "",
  };
}

function readInnerCurve(reader: DerReader): EcdsaCurve | undefined {
  if (reader.nextTag !== TAG.context0) return undefined;
  const parameters = reader.nested(TAG.context0, "parameters");
  const curve = readCurve(parameters);
  parameters.end("parameters");
  return curve;
}

function readPoint(reader: DerReader, curve: EcdsaCurve): Uint8Array | undefined {
  if (reader.nextTag !== TAG.context1) return undefined;
  const wrapper = reader.nested(TAG.context1, "public point");
  const point = wrapper.bits(TAG.bitString, "public point");
  wrapper.end("public point");
  if (point.length > 1 + 2 * COORDINATE_LENGTH[curve]) throw malformed("its public point is too long");
  return point.publicCopy(); // public: the field publicKey of ECPrivateKey
}

/**
 * Whether signatures are good, by node:crypto, which shares no code with what made them.
 *
 * @module
 */

import { createPublicKey, type KeyObject, verify } from "node:crypto";
import { type KnownPublicKey, parsePublicKey } from "../../mod/ssh/public_key.ts";
import { decodeSignature, ecdsaSignatureToRaw } from "../../mod/ssh/signature.ts";
import { WireReader } from "../../mod/ssh/wire.ts";
import { signatureOf, signRequestOf } from "../support/agent_frames.ts";

/**
 * Verifies the pairs of request and answer that the load generator kept.
 *
 * @returns How many there were.
 * @throws {Error} If there are none, or one is not good.
 */
export function verifySamples(samples: Uint8Array<ArrayBuffer>): number {
  const reader = new WireReader(samples);
  let count = 0;
  for (; reader.left > 0; count++) {
    const { key, data } = signRequestOf(frame(reader));
    const { algorithm, raw } = decodeSignature(signatureOf(frame(reader)));
    if (!isGood(parsePublicKey(key), algorithm, data, raw)) throw new Error(`A signature by ${algorithm} is not good`);
  }
  if (count === 0) throw new Error("Cannot verify signatures: no sample was kept");
  return count;
}

/** A whole frame, its length included. */
function frame(reader: WireReader<ArrayBuffer>): Uint8Array<ArrayBuffer> {
  const contents = reader.string("frame");
  const whole = new Uint8Array(4 + contents.length);
  new DataView(whole.buffer).setUint32(0, contents.length);
  whole.set(contents, 4);
  return whole;
}

function isGood(key: ReturnType<typeof parsePublicKey>, algorithm: string, data: Uint8Array, raw: Uint8Array): boolean {
  switch (key.type) {
    case "ed25519":
      return algorithm === "ssh-ed25519" && verify(null, data, keyObject(key), raw);
    case "ecdsa": {
      if (algorithm !== "ecdsa-sha2-nistp256") return false;
      const signature = ecdsaSignatureToRaw(raw, key.curve);
      return verify("sha256", data, { key: keyObject(key), dsaEncoding: "ieee-p1363" }, signature);
    }
    case "rsa":
      return algorithm === "rsa-sha2-512" && verify("sha512", data, keyObject(key), raw);
    case "unknown":
      return false;
    default:
      return key satisfies never;
  }
}

function keyObject(key: KnownPublicKey): KeyObject {
  switch (key.type) {
    case "ed25519":
      return createPublicKey({ format: "jwk", key: { kty: "OKP", crv: "Ed25519", x: base64url(key.point) } });
    case "ecdsa": {
      const [x, y] = [base64url(key.point.subarray(1, 33)), base64url(key.point.subarray(33))];
      return createPublicKey({ format: "jwk", key: { kty: "EC", crv: "P-256", x, y } });
    }
    case "rsa":
      return createPublicKey({ format: "jwk", key: { kty: "RSA", n: base64url(key.n), e: base64url(key.e) } });
    default:
      return key satisfies never;
  }
}

function base64url(bytes: Uint8Array): string {
  return btoa(String.fromCharCode(...bytes)).replaceAll("+", "-").replaceAll("/", "_").replaceAll("=", "");
}

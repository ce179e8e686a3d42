/**
 * Checks signature blobs with Node's crypto, which shares no code with what makes them.
 *
 * @module
 */

import { createPublicKey, type KeyObject, verify } from "node:crypto";
import type { KnownPublicKey } from "../../mod/ssh/public_key.ts";
import { decodeSignature, ecdsaSignatureToRaw, type SignatureAlgorithm } from "../../mod/ssh/signature.ts";

const HASHES: Readonly<Record<SignatureAlgorithm, string | null>> = {
  "ssh-ed25519": null,
  "ecdsa-sha2-nistp256": "sha256",
  "ecdsa-sha2-nistp384": "sha384",
  "ecdsa-sha2-nistp521": "sha512",
  "ssh-rsa": "sha1",
  "rsa-sha2-256": "sha256",
  "rsa-sha2-512": "sha512",
};
const JWK_CURVES = { nistp256: "P-256", nistp384: "P-384", nistp521: "P-521" } as const;

/** Whether `blob` is a signature over `data` by this key with this algorithm. */
export function isSignature(
  key: KnownPublicKey,
  algorithm: SignatureAlgorithm,
  signed: { readonly data: Uint8Array; readonly blob: Uint8Array },
): boolean {
  const { algorithm: named, raw } = decodeSignature(signed.blob);
  if (named !== algorithm) return false;
  const object = keyObject(key);
  if (key.type !== "ecdsa") return verify(HASHES[algorithm], signed.data, object, raw);
  const fixed = ecdsaSignatureToRaw(raw, key.curve);
  return verify(HASHES[algorithm], signed.data, { key: object, dsaEncoding: "ieee-p1363" }, fixed);
}

/** Every algorithm the key can sign with. */
export function algorithmsOf(key: KnownPublicKey): readonly SignatureAlgorithm[] {
  switch (key.type) {
    case "ed25519":
      return ["ssh-ed25519"];
    case "ecdsa":
      return [`ecdsa-sha2-${key.curve}`];
    case "rsa":
      return ["rsa-sha2-256", "rsa-sha2-512", "ssh-rsa"];
    default:
      return key satisfies never;
  }
}

function keyObject(key: KnownPublicKey): KeyObject {
  switch (key.type) {
    case "ed25519":
      return fromJwk({ kty: "OKP", crv: "Ed25519", x: base64url(key.point) });
    case "ecdsa": {
      const half = (key.point.length - 1) / 2;
      const [x, y] = [key.point.subarray(1, 1 + half), key.point.subarray(1 + half)];
      return fromJwk({ kty: "EC", crv: JWK_CURVES[key.curve], x: base64url(x), y: base64url(y) });
    }
    case "rsa":
      return fromJwk({ kty: "RSA", n: base64url(key.n), e: base64url(key.e) });
    default:
      return key satisfies never;
  }
}

function fromJwk(jwk: Readonly<Record<string, string>>): KeyObject {
  return createPublicKey({ key: { ...jwk }, format: "jwk" });
}

function base64url(bytes: Uint8Array): string {
  return btoa(String.fromCharCode(...bytes)).replaceAll("+", "-").replaceAll("/", "_").replaceAll("=", "");
}

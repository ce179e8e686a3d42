/**
 * What parsePrivateKey() refuses, under which code, and that nothing is left in locked memory.
 *
 * @module
 */

import { deepStrictEqual as deepEqual, match, ok, strictEqual as equal, throws } from "node:assert/strict";
import { KeyError } from "../../mod/keys/key_error.ts";
import { encodePublicKey } from "../../mod/ssh/public_key.ts";
import { WireWriter } from "../../mod/ssh/wire.ts";
import { bytesOfNumber, concat, der, numberOfBytes, oid, opensshRsa, pem, pkcs8, sec1 } from "./containers.ts";
import {
  ED25519,
  ED25519_BLOB,
  INCONSISTENT,
  MALFORMED,
  NOT_KEYS,
  opensshPem,
  P256,
  P256_BLOB,
  POINT,
  PROTECTED,
  type Row,
  RSA,
  RSA_BLOB,
  UNSUPPORTED,
} from "./refused_keys.ts";
import { BACKENDS, parseText, type Setup, withKeys } from "./setup.ts";

for (const { name, text, code, says } of [...NOT_KEYS, ...PROTECTED, ...UNSUPPORTED, ...MALFORMED]) {
  Deno.test(`parsePrivateKey() refuses ${name}: ${code}`, () =>
    withKeys((setup) => refuses({ text, code, says }, setup)));
}

for (const [backend, open] of Object.entries(BACKENDS)) {
  if (backend.includes("1.1") && !hasOld()) continue;
  for (const { name, text, code, says } of INCONSISTENT) {
    Deno.test(`parsePrivateKey() with ${backend} refuses ${name}: ${code}`, () =>
      withKeys((setup) => refuses({ text, code, says }, setup), open()));
  }
}

function hasOld(): boolean {
  using backend = BACKENDS["libcrypto 1.1"]?.();
  return backend !== undefined;
}

function refuses(row: Omit<Row, "name">, setup: Setup): void {
  throws(() => parseText(setup, row.text), (error) => {
    ok(error instanceof KeyError);
    equal(error.code, row.code);
    match(error.message, row.says);
    equal(error.hint, hintOf(row));
    return true;
  });
}

function hintOf({ code, text }: Omit<Row, "name">): string | undefined {
  if (code === "passphrase-protected") return "ssh-keygen -p -f KEYFILE";
  return text.startsWith("PuTTY") ? "puttygen KEYFILE -O private-openssh -o NEWFILE" : undefined;
}

Deno.test("parsePrivateKey() reports public halves that differ, and goes by the derived one", async () => {
  const fields = (first: Uint8Array, second: Uint8Array): Uint8Array =>
    new WireWriter().string("ssh-ed25519").string(first).string(concat(ED25519.d, second)).finish();
  const other = ED25519.x.map((byte) => byte ^ 1);
  const otherBlob = encodePublicKey({ type: "ed25519", point: other });
  const negated = (2n ** 256n - 2n ** 224n + 2n ** 192n + 2n ** 96n - 1n) - numberOfBytes(P256.y);
  const otherPoint = concat(Uint8Array.of(4), P256.x, bytesOfNumber(negated)); // -P: on the curve, not ours
  const rows: readonly (readonly [name: string, text: string, claimsOther: boolean])[] = [
    ["all alike", opensshPem(fields(ED25519.x, ED25519.x)), false],
    ["the first copy", opensshPem(fields(other, ED25519.x)), true],
    ["the second copy", opensshPem(fields(ED25519.x, other)), true],
    ["the public section", opensshPem(fields(ED25519.x, ED25519.x), {}, otherBlob), true],
    ["PKCS#8 v2", pem("PRIVATE KEY", pkcs8([oid("ed25519")], der(4, ED25519.d), other)), true],
    ["PKCS#8 v2 alike", pem("PRIVATE KEY", pkcs8([oid("ed25519")], der(4, ED25519.d), ED25519.x)), false],
    ["RSA's public section", opensshPem(opensshRsa(RSA)), true],
  ];
  await withKeys((setup) => {
    for (const [name, text, expected] of rows) {
      const { key, claimsOther } = parseText(setup, text);
      using _ = key;
      equal(claimsOther, expected, name);
      deepEqual(key.blob, name.startsWith("RSA") ? RSA_BLOB : ED25519_BLOB, name);
    }
    const sec1s = [
      [POINT, false],
      [concat(Uint8Array.of(2 + (P256.y[31] ?? 0) % 2), P256.x), false], // compressed
      [otherPoint, otherPoint.length === 65],
    ] as const;
    for (const [point, expected] of sec1s) {
      if (point.length !== 65 && point.length !== 33) continue; // a y with a leading zero byte, once in 256 runs
      const { key, claimsOther } = parseText(
        setup,
        pem("EC PRIVATE KEY", sec1(P256.d, { curve: oid("nistp256"), point })),
      );
      using _ = key;
      equal(claimsOther, expected);
      deepEqual(key.blob, P256_BLOB);
    }
  });
});

Deno.test("parsePrivateKey() takes scalars that are padded, or short of their leading zeros", async () => {
  await withKeys((setup) => {
    for (
      const scalar of [
        concat(new Uint8Array(8), P256.d),
        Uint8Array.of(5),
        concat(new Uint8Array(31), Uint8Array.of(5)),
      ]
    ) {
      using key = parseText(setup, pem("EC PRIVATE KEY", sec1(scalar, { curve: oid("nistp256") }))).key;
      equal(key.publicKey.type, "ecdsa");
    }
  });
});

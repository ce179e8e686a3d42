/**
 * The test keys and what is called secret in them: a search for the wrong bytes would find nothing and prove nothing.
 *
 * @module
 */

import { p256, p384, p521 } from "@noble/curves/nist.js";
import { createPrivateKey, createPublicKey } from "node:crypto";
import { match, ok, strictEqual as equal } from "node:assert/strict";
import { secretsForMemoryScan } from "./key_secrets.ts";
import { baseEnv, runOk } from "./process.ts";
import { makeTempDir } from "./temp.ts";
import { type KeySpec, makeTestKeys, type TestKey } from "./test_keys.ts";

const FORMS = [
  { name: "ed25519", spec: { type: "ed25519" }, header: "OPENSSH PRIVATE KEY" },
  { name: "ed25519 in PKCS#8", spec: { type: "ed25519", form: "pkcs8" }, header: "PRIVATE KEY" },
  { name: "ecdsa", spec: { type: "ecdsa", bits: 256 }, header: "OPENSSH PRIVATE KEY" },
  { name: "ecdsa in SEC1", spec: { type: "ecdsa", bits: 521, form: "pem" }, header: "EC PRIVATE KEY" },
  { name: "ecdsa in PKCS#8", spec: { type: "ecdsa", bits: 384, form: "pkcs8" }, header: "PRIVATE KEY" },
  { name: "rsa", spec: { type: "rsa", bits: 2048 }, header: "OPENSSH PRIVATE KEY" },
  { name: "rsa in PKCS#1", spec: { type: "rsa", bits: 2048, form: "pem" }, header: "RSA PRIVATE KEY" },
  { name: "rsa in PKCS#8", spec: { type: "rsa", bits: 2048, form: "pkcs8" }, header: "PRIVATE KEY" },
] as const satisfies readonly { readonly name: string; readonly spec: KeySpec; readonly header: string }[];

const CURVES: Readonly<Record<string, typeof p256>> = {
  "ecdsa-sha2-nistp256": p256,
  "ecdsa-sha2-nistp384": p384,
  "ecdsa-sha2-nistp521": p521,
};

Deno.test("test keys are what they are called, and their secrets make their public halves", async (t) => {
  const keys = await makeTestKeys(Object.fromEntries(FORMS.map(({ name, spec }) => [name, spec])));
  for (const { name, header } of FORMS) {
    await t.step(name, async () => {
      const key = keys[name];
      ok(key !== undefined);
      ok(key.revealPrivateText().startsWith(`-----BEGIN ${header}-----\n`));
      equal(await fingerprintBySshKeygen(key), key.fingerprint);
      ok(await secretsMakePublicHalf(key));
    });
  }
});

Deno.test("test keys show nothing of themselves", async () => {
  const { key } = await makeTestKeys({ key: { type: "ed25519" } });
  const body = key.revealPrivateText().split("\n")[2] ?? "";
  equal(body.length, 70);
  for (const shown of [Deno.inspect(key, { depth: 9, showHidden: true }), JSON.stringify(key), String(key)]) {
    ok(!shown.includes(body));
  }
});

async function fingerprintBySshKeygen(key: TestKey): Promise<string> {
  await using dir = makeTempDir("fingerprint");
  const { text } = await runOk(["ssh-keygen", "-l", "-f", dir.write("key.pub", key.publicKey)], {
    env: baseEnv(dir.path),
  });
  match(text, /SHA256:/);
  return text.split(" ")[1] ?? "";
}

async function secretsMakePublicHalf(key: TestKey): Promise<boolean> {
  const secrets = await secretsForMemoryScan(key);
  const named = (name: string): Uint8Array => secrets.find((each) => each.name === name)?.bytes ?? new Uint8Array(0);
  const blob = Uint8Array.from(atob(key.publicKey.split(" ")[1] ?? ""), (char) => char.charCodeAt(0));
  const [type = ""] = key.publicKey.split(" ");
  switch (type) {
    case "ssh-ed25519":
      return endsWith(blob, ed25519PublicHalf(named("seed")));
    case "ssh-rsa":
      return endsWith(blob, bytesOf(bigint(named("p")) * bigint(named("q"))));
    default: {
      const curve = CURVES[type];
      if (curve === undefined) return false;
      const scalar = new Uint8Array(curve.lengths.secretKey ?? 0);
      scalar.set(named("scalar"), scalar.length - named("scalar").length);
      return endsWith(blob, curve.getPublicKey(scalar, false));
    }
  }
}

/** RFC 8410 §7: the seed in PKCS#8. */
function ed25519PublicHalf(seed: Uint8Array): Uint8Array {
  const start = [0x30, 0x2e, 0x02, 0x01, 0x00, 0x30, 0x05, 0x06, 0x03, 0x2b, 0x65, 0x70, 0x04, 0x22, 0x04, 0x20];
  const pem = `-----BEGIN PRIVATE KEY-----\n${
    btoa(String.fromCharCode(...start, ...seed))
  }\n-----END PRIVATE KEY-----\n`;
  return new Uint8Array(createPublicKey(createPrivateKey(pem)).export({ type: "spki", format: "der" })).slice(-32);
}

function endsWith(bytes: Uint8Array, end: Uint8Array): boolean {
  return end.length >= 32 && end.every((byte, at) => bytes[bytes.length - end.length + at] === byte);
}

function bigint(bytes: Uint8Array): bigint {
  return bytes.reduce((sum, byte) => sum * 256n + BigInt(byte), 0n);
}

function bytesOf(number: bigint): Uint8Array {
  const hex = number.toString(16);
  const even = hex.length % 2 === 0 ? hex : `0${hex}`;
  return Uint8Array.from(even.match(/../g) ?? [], (pair) => Number.parseInt(pair, 16));
}

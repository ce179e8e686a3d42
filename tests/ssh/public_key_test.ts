import { deepStrictEqual, strictEqual, throws } from "node:assert/strict";
import fc from "fast-check";
import { decodeBase64, encodeBase64 } from "../../mod/ssh/base64.ts";
import {
  authorizedKeyLine,
  encodePublicKey,
  fingerprintOf,
  keyTypeName,
  MAX_KEY_BLOB_LENGTH,
  modulusBits,
  parseAuthorizedKeyLine,
  parsePublicKey,
} from "../../mod/ssh/public_key.ts";
import { WireError, WireWriter } from "../../mod/ssh/wire.ts";
import vectors from "../vectors/ssh/public_keys.json" with { type: "json" };

const line = (name: string): string => vectors.keys.find((key) => key.name === name)?.line ?? "";
const blobOf = (name: string): Uint8Array => parseAuthorizedKeyLine(line(name)).blob;

for (const key of vectors.keys) {
  Deno.test(`${key.name} of ssh-keygen: line, fingerprint and fields`, () => {
    const { type, blob, comment } = parseAuthorizedKeyLine(key.line);
    strictEqual(key.line.split(" ")[0], type);
    strictEqual(keyTypeName(blob), type);
    strictEqual(authorizedKeyLine(blob, comment), key.line);
    strictEqual(fingerprintOf(blob), key.fingerprint);
    const parsed = parsePublicKey(blob);
    if (parsed.type === "unknown") {
      strictEqual(parsed.name, type);
      strictEqual(/cert|sk-/.test(key.name), true);
      return;
    }
    deepStrictEqual(encodePublicKey(parsed), blob);
    if (parsed.type === "rsa") strictEqual(modulusBits(parsed.n), key.bits);
    if (parsed.type === "ecdsa") strictEqual(parsed.curve, `nistp${key.bits}`);
  });
}

const string = (...parts: (Uint8Array | string)[]): Uint8Array =>
  parts.reduce<WireWriter>((writer, part) => writer.string(part), new WireWriter()).finish();
const bytes = (length: number, first = 1): Uint8Array => new Uint8Array(length).fill(1).fill(first, 0, 1);

const BAD_BLOBS: { name: string; blob: Uint8Array; error: RegExp }[] = [
  { name: "nothing", blob: new Uint8Array(0), error: /key type at byte 0: need 4, have 0/ },
  { name: "an empty name", blob: string(""), error: /key type: it is empty/ },
  { name: "a name with a line feed", blob: string("ssh\ned25519", bytes(32)), error: /key type/ },
  { name: "Ed25519 of 31 bytes", blob: string("ssh-ed25519", bytes(31)), error: /not 32 bytes/ },
  { name: "Ed25519 of 33 bytes", blob: string("ssh-ed25519", bytes(33)), error: /not 32 bytes/ },
  { name: "Ed25519 and more", blob: string("ssh-ed25519", bytes(32), ""), error: /key blob: 4 bytes are left over/ },
  { name: "Ed25519 cut short", blob: string("ssh-ed25519", bytes(32)).subarray(0, -1), error: /need 32, have 31/ },
  {
    name: "another curve's name",
    blob: string("ecdsa-sha2-nistp256", "nistp384", bytes(97, 4)),
    error: /curve is not nistp256/,
  },
  {
    name: "a compressed point",
    blob: string("ecdsa-sha2-nistp256", "nistp256", bytes(33, 2)),
    error: /no uncompressed point/,
  },
  {
    name: "a hybrid point",
    blob: string("ecdsa-sha2-nistp256", "nistp256", bytes(65, 6)),
    error: /no uncompressed point/,
  },
  {
    name: "a point of another curve",
    blob: string("ecdsa-sha2-nistp521", "nistp521", bytes(97, 4)),
    error: /no uncompressed point of nistp521/,
  },
  { name: "RSA without a modulus", blob: string("ssh-rsa", bytes(3)), error: /RSA modulus at byte 18/ },
  { name: "RSA with modulus 0", blob: string("ssh-rsa", bytes(3), ""), error: /a number is zero/ },
  { name: "RSA with a negative modulus", blob: string("ssh-rsa", bytes(3), bytes(256, 0x80)), error: /negative/ },
  { name: "RSA with a padded exponent", blob: string("ssh-rsa", bytes(4, 0), bytes(256)), error: /superfluous zero/ },
  { name: "RSA and more", blob: string("ssh-rsa", bytes(3), bytes(256), ""), error: /left over/ },
  { name: "too long a blob", blob: string("x", bytes(MAX_KEY_BLOB_LENGTH)), error: /at most 131072/ },
];
for (const { name, blob, error } of BAD_BLOBS) {
  Deno.test(`parsePublicKey() refuses ${name}`, () => {
    throws(() => parsePublicKey(blob), (thrown) => thrown instanceof WireError && error.test(thrown.message));
  });
}

Deno.test("parsePublicKey() knows other types by name only, whatever follows", () => {
  for (const name of ["ssh-dss", "ssh-mldsa44-ed25519-cert-v01@openssh.com", "webauthn-sk@example.org"]) {
    deepStrictEqual(parsePublicKey(string(name)), { type: "unknown", name });
    deepStrictEqual(parsePublicKey(string(name, bytes(9)).subarray(0, -3)), { type: "unknown", name });
  }
});

Deno.test("parsePublicKey() either reads bytes that encode back to themselves, or throws a WireError", () => {
  const samples = vectors.keys.map((key) => parseAuthorizedKeyLine(key.line).blob);
  const changed = fc.tuple(fc.constantFrom(...samples), fc.nat(), fc.nat(255), fc.nat(40)).map(
    ([blob, at, byte, cut]) => {
      const copy = new Uint8Array(blob);
      copy[at % copy.length] = byte;
      return copy.subarray(0, Math.max(0, copy.length - (cut > 30 ? cut - 30 : 0)));
    },
  );
  fc.assert(
    fc.property(fc.oneof(changed, fc.uint8Array({ maxLength: 120 })), (blob) => {
      try {
        const key = parsePublicKey(blob);
        if (key.type !== "unknown") deepStrictEqual(new Uint8Array(encodePublicKey(key)), new Uint8Array(blob));
      } catch (error) {
        if (!(error instanceof WireError)) throw error;
      }
    }),
    { numRuns: 2000 },
  );
});

Deno.test("fingerprintOf() takes a certificate it cannot read as the bytes it is", () => {
  const blob = blobOf("ed25519-cert");
  const fingerprints = [blob, blob.subarray(0, 60), blob.subarray(0, 50)].map(fingerprintOf);
  strictEqual(new Set(fingerprints).size, 3);
});

Deno.test("modulusBits() counts from the highest bit that is set", () => {
  for (const [hex, bits] of [[[0x80, 0], 16], [[0x01, 0xff], 9], [[0xff], 8], [[0x01], 1]] as const) {
    strictEqual(modulusBits(Uint8Array.from(hex)), bits);
  }
});

Deno.test("authorizedKeyLine() is one line whatever the comment", () => {
  const blob = blobOf("ed25519");
  strictEqual(authorizedKeyLine(blob, ""), line("ed25519").split(" ").slice(0, 2).join(" "));
  const hostile = authorizedKeyLine(blob, "a\nssh-rsa AAAA b\r\0\u001b[2J\u0085é");
  strictEqual(/\p{Cc}/u.test(hostile), false);
  strictEqual(hostile.endsWith(" a?ssh-rsa AAAA b???[2J?é"), true);
});

Deno.test("parseAuthorizedKeyLine() takes white space around it and words in the comment", () => {
  const [type, key] = line("ed25519").split(" ");
  strictEqual(parseAuthorizedKeyLine(`  ${type}\t${key}  my old  key\r\n`).comment, "my old  key");
  strictEqual(parseAuthorizedKeyLine(`${type} ${key}`).comment, "");
});

const [TYPE = "", KEY = ""] = line("ed25519").split(" ");
const BAD_LINES: { name: string; text: string; error: RegExp }[] = [
  { name: "nothing", text: "", error: /it is not 'type base64 comment'/ },
  { name: "a type alone", text: TYPE, error: /it is not/ },
  { name: "a private key", text: "-----BEGIN OPENSSH PRIVATE KEY-----\nAAAA", error: /it is not/ },
  { name: "two lines", text: `${TYPE} ${KEY} a\n${TYPE} ${KEY} b`, error: /it is not/ },
  { name: "an option in front", text: `restrict ${TYPE} ${KEY}`, error: /it is not|disagree|Cannot read/ },
  { name: "base64 with a letter less", text: `${TYPE} ${KEY.slice(0, -1)}`, error: /it is not/ },
  {
    name: "base64 with unused bits set",
    text: `${TYPE} ${encodeBase64(bytes(4)).replace("AQ==", "AR==")}`,
    error: /it is not/,
  },
  { name: "another type in front", text: `ssh-rsa ${KEY}`, error: /type and key disagree/ },
  { name: "a key cut short", text: `${TYPE} ${KEY.slice(0, -4)}`, error: /need 32, have 29/ },
  { name: "too long a line", text: `${TYPE} ${"A".repeat(2 * MAX_KEY_BLOB_LENGTH)}`, error: /too long/ },
];
for (const { name, text, error } of BAD_LINES) {
  Deno.test(`parseAuthorizedKeyLine() refuses ${name}`, () => {
    throws(() => parseAuthorizedKeyLine(text), (thrown) => thrown instanceof WireError && error.test(thrown.message));
  });
}

Deno.test("base64 of any bytes reads back, and nothing but canonical base64 reads", () => {
  fc.assert(fc.property(fc.uint8Array({ maxLength: 300 }), (data) => {
    deepStrictEqual(decodeBase64(encodeBase64(data)), new Uint8Array(data));
  }));
  const long = new Uint8Array(100_000).fill(7);
  deepStrictEqual(decodeBase64(encodeBase64(long)), long);
  for (const text of ["A", "AA", "AAA", "AA=A", "AB==", "AAAB=", "A A=", "AA==\n", "AA-_", "===="]) {
    strictEqual(decodeBase64(text), undefined, text);
  }
});

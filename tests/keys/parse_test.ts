/**
 * parsePrivateKey() on keys of the real ssh-keygen and openssl: every container, type and way of writing lines.
 *
 * @module
 */

import { ok, strictEqual as equal } from "node:assert/strict";
import type { KeySpec, TestKey } from "../support/test_keys.ts";
import { makeTestKeys } from "../support/test_keys.ts";
import { parseText, publicLineOf, withKeys } from "./setup.ts";
import { algorithmsOf, isSignature } from "./verify.ts";

const SPECS = {
  "ed25519 openssh": { type: "ed25519", comment: "me@laptop ✓" },
  "ed25519 pkcs8": { type: "ed25519", form: "pkcs8" },
  "p256 openssh": { type: "ecdsa", bits: 256 },
  "p256 pkcs8": { type: "ecdsa", bits: 256, form: "pkcs8" },
  "p256 sec1": { type: "ecdsa", bits: 256, form: "pem" },
  "p384 openssh": { type: "ecdsa", bits: 384 },
  "p384 pkcs8": { type: "ecdsa", bits: 384, form: "pkcs8" },
  "p384 sec1": { type: "ecdsa", bits: 384, form: "pem" },
  "p521 openssh": { type: "ecdsa", bits: 521 },
  "p521 pkcs8": { type: "ecdsa", bits: 521, form: "pkcs8" },
  "p521 sec1": { type: "ecdsa", bits: 521, form: "pem" },
  "rsa-2048 openssh": { type: "rsa", bits: 2048 },
  "rsa-2048 pkcs8": { type: "rsa", bits: 2048, form: "pkcs8" },
  "rsa-2048 pkcs1": { type: "rsa", bits: 2048, form: "pem" },
  "rsa-3071 openssh": { type: "rsa", bits: 3071, comment: "an odd size" },
} as const satisfies Record<string, KeySpec>;

const KEYS = await makeTestKeys(SPECS);
const NAMES = Object.keys(SPECS) as (keyof typeof SPECS)[];
const DATA = new TextEncoder().encode("to be signed");

for (const name of NAMES) {
  Deno.test(`parsePrivateKey() reads ${name} and signs with it`, async () => {
    const made = KEYS[name];
    await withKeys(async (setup) => {
      const { key, comment, claimsOther } = parseText(setup, made.revealPrivateText());
      using _ = key;
      equal(publicLineOf(key), made.publicKey);
      equal(key.fingerprint, made.fingerprint);
      equal(comment, "comment" in SPECS[name] ? SPECS[name].comment : "");
      equal(claimsOther, false);
      for (const algorithm of algorithmsOf(key.publicKey)) {
        const blob = await setup.backend.sign(key, algorithm, DATA);
        ok(isSignature(key.publicKey, algorithm, { data: DATA, blob }), algorithm);
      }
    });
  });
}

/** Ways in which vaults and their users write the same lines. */
const VARIANTS: Readonly<Record<string, (text: string) => string>> = {
  "CRLF": (text) => text.replaceAll("\n", "\r\n"),
  "CR alone": (text) => text.replaceAll("\n", "\r"),
  "no final newline": (text) => text.trimEnd(),
  "a BOM": (text) => `\ufeff${text}`,
  "blanks and lines around": (text) => `  \n\t\n${text} \r\n\t `,
  "indented lines": (text) => text.replaceAll("\n", "\n    "),
  "one line, without breaks": (text) => refold(text, Infinity, ""),
  "one line, blanks for breaks": (text) => text.trim().replaceAll("\n", " "),
  "lines of 1": (text) => refold(text, 1, "\n"),
  "lines of 76": (text) => refold(text, 76, "\n"),
  "lines of 1000": (text) => refold(text, 1000, "\n"),
  "blank lines between": (text) => text.replaceAll("\n", "\n\n"),
  "quotes and \\n": (text) => `"${text.replaceAll("\n", "\\n")}"`,
  "single quotes and \\r\\n": (text) => `'${text.replaceAll("\n", "\\r\\n")}'`,
  "JSON": (text) => JSON.stringify(text).replaceAll("/", "\\/"),
  "JSON in JSON": (text) => JSON.stringify(JSON.stringify(text)),
  "no padding": (text) => text.replaceAll("=", ""),
  "a header": (text) => text.replace("-----\n", "-----\nComment: of no meaning\n\n"),
  "words around": (text) => `my key, do not share:\n${text}and that was it`,
  "a public key and parameters beside it": (text) =>
    `-----BEGIN PUBLIC KEY-----\nAAAA\n-----END PUBLIC KEY-----\n` +
    `-----BEGIN EC PARAMETERS-----\nBggqhkjOPQMBBw==\n-----END EC PARAMETERS-----\n${text}`,
};

function refold(text: string, width: number, between: string): string {
  const [first = "", ...rest] = text.trim().split("\n");
  const last = rest.pop() ?? "";
  const body = rest.join("");
  const lines = width === Infinity ? [body] : body.match(new RegExp(`.{1,${width}}`, "g")) ?? [];
  return [first, ...lines, last].join(between);
}

const VARIED: readonly (keyof typeof SPECS)[] = ["ed25519 openssh", "p256 sec1", "rsa-2048 pkcs1", "ed25519 pkcs8"];
for (const [variant, write] of Object.entries(VARIANTS)) {
  Deno.test(`parsePrivateKey() reads a key written with ${variant}`, async () => {
    const made: Readonly<Record<string, TestKey>> = KEYS;
    await withKeys((setup) => {
      for (const name of VARIED) {
        using key = parseText(setup, write(made[name]?.revealPrivateText() ?? "")).key;
        equal(publicLineOf(key), made[name]?.publicKey, name);
      }
    });
  });
}

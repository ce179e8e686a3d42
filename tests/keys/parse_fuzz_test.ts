/**
 * Broken key files: parsePrivateKey() throws KeyError and nothing else, or gives a key, and no byte of locked memory is
 * lost either way.
 *
 * @module
 */

import { match, ok, strictEqual as equal } from "node:assert/strict";
import fc from "fast-check";
import { KeyError } from "../../mod/keys/key_error.ts";
import { makeTestKeys } from "../support/test_keys.ts";
import { concat, pem } from "./containers.ts";
import { parseText, type Setup, withKeys } from "./setup.ts";

const KEYS = await makeTestKeys({
  "ed25519 openssh": { type: "ed25519" },
  "ed25519 pkcs8": { type: "ed25519", form: "pkcs8" },
  "p521 openssh": { type: "ecdsa", bits: 521 },
  "p256 pkcs8": { type: "ecdsa", bits: 256, form: "pkcs8" },
  "p384 sec1": { type: "ecdsa", bits: 384, form: "pem" },
  "rsa openssh": { type: "rsa", bits: 2048 },
  "rsa pkcs1": { type: "rsa", bits: 2048, form: "pem" },
  "rsa pkcs8": { type: "rsa", bits: 2048, form: "pkcs8" },
});
/** Fixed, so that a run can be repeated; the keys are new each time all the same. */
const SEED = 20_25;

function unarmoured(text: string): { readonly label: string; readonly body: Uint8Array } {
  const [, label = "", body = ""] = /-----BEGIN ([^-]+)-----([^-]+)-----END/.exec(text) ?? [];
  return { label, body: Uint8Array.from(atob(body.replaceAll(/\s/g, "")), (char) => char.charCodeAt(0)) };
}

/** Parses what may be broken. @returns Whether it was refused. */
function survives(setup: Setup, text: string | Uint8Array): boolean {
  try {
    parseText(setup, text).key[Symbol.dispose]();
    return false;
  } catch (error) {
    // Not the error itself: an assertion would print it, and its cause.
    ok(error instanceof KeyError, `refused with ${error instanceof Error ? error.name : "no error"}`);
    match(error.message, /^Cannot (read|use|find) (the|a) private key: /);
    return true;
  } finally {
    equal(setup.memory.status().used, 0, "bytes of the arena were lost");
  }
}

/** Changes of some bytes. None of the arbitraries holds key bytes, so a counterexample shows none. */
const CHANGES = fc.array(
  fc.record({
    at: fc.nat(10_000),
    kind: fc.constantFrom("set", "flip", "insert", "delete", "length"),
    value: fc.integer({ min: 0, max: 255 }),
  }),
  { minLength: 1, maxLength: 4 },
);

function change(bytes: Uint8Array, { at, kind, value }: { at: number; kind: string; value: number }): Uint8Array {
  const place = at % Math.max(1, bytes.length);
  const [before, after] = [bytes.subarray(0, place), bytes.subarray(place + 1)];
  switch (kind) {
    case "set":
      return concat(before, Uint8Array.of(value), after);
    case "flip":
      return concat(before, Uint8Array.of((bytes[place] ?? 0) ^ (1 << value % 8)), after);
    case "insert":
      return concat(before, Uint8Array.of(value), bytes.subarray(place));
    case "delete":
      return concat(before, after);
    default: // where lengths are likely: the beginning
      return bytes.map((byte, i) => i === at % 64 ? value : byte);
  }
}

for (const [name, key] of Object.entries(KEYS)) {
  Deno.test(`parsePrivateKey() survives every truncation of ${name}`, () =>
    withKeys((setup) => {
      const { label, body } = unarmoured(key.revealPrivateText());
      for (let length = 0; length < body.length; length++) {
        ok(survives(setup, pem(label, body.subarray(0, length))), `${length} of ${body.length} bytes were accepted`);
      }
    }));

  Deno.test(`parsePrivateKey() survives changed bytes in the container of ${name}`, () =>
    withKeys((setup) => {
      const { label, body } = unarmoured(key.revealPrivateText());
      const property = fc.property(CHANGES, (changes) => {
        survives(setup, pem(label, changes.reduce(change, body)));
      });
      fc.assert(property, { seed: SEED, numRuns: 300 });
    }));

  Deno.test(`parsePrivateKey() survives changed bytes in the text of ${name}, and other armour`, () =>
    withKeys((setup) => {
      const text = new TextEncoder().encode(key.revealPrivateText());
      const property = fc.property(CHANGES, (changes) => {
        survives(setup, changes.reduce(change, text));
      });
      fc.assert(property, { seed: SEED, numRuns: 150 });
      const { body } = unarmoured(key.revealPrivateText());
      for (const label of ["OPENSSH PRIVATE KEY", "PRIVATE KEY", "RSA PRIVATE KEY", "EC PRIVATE KEY"]) {
        survives(setup, pem(label, body));
      }
    }));
}

Deno.test("parsePrivateKey() survives any bytes", () =>
  withKeys((setup) => {
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 300 }), fc.constantFrom("OPENSSH", "RSA", "EC"), (bytes, label) => {
        survives(setup, bytes);
        survives(setup, pem(`${label} PRIVATE KEY`, bytes));
        survives(setup, pem("PRIVATE KEY", bytes));
      }),
      { seed: SEED, numRuns: 300 },
    );
  }));

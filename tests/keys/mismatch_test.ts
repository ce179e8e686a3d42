import { match, strictEqual as equal } from "node:assert/strict";
import { describeMismatch } from "../../mod/keys/mismatch.ts";
import { authorizedKeyLine, encodePublicKey, fingerprintOf } from "../../mod/ssh/public_key.ts";

const OURS = encodePublicKey({ type: "ed25519", point: new Uint8Array(32).fill(1) });
const OTHER = encodePublicKey({ type: "ed25519", point: new Uint8Array(32).fill(2) });

for (
  const claimed of [undefined, "", "  \n", authorizedKeyLine(OURS, ""), ` ${authorizedKeyLine(OURS, "a comment")}\n`]
) {
  Deno.test(`describeMismatch() has nothing to say about ${JSON.stringify(claimed?.slice(0, 20))}`, () => {
    equal(describeMismatch(OURS, claimed), undefined);
  });
}

Deno.test("describeMismatch() names both keys, and which one is used", () => {
  const words = describeMismatch(OURS, authorizedKeyLine(OTHER, "a comment")) ?? "";
  match(words, /^The item's public key is SHA256:\S+, but its private key belongs to SHA256:\S+, which is used$/);
  equal(words.includes(fingerprintOf(OTHER)), true);
  equal(words.endsWith(`${fingerprintOf(OURS)}, which is used`), true);
});

for (const claimed of ["nonsense", "ssh-ed25519 AAAA", "ssh-rsa !!!", `restrict ${authorizedKeyLine(OURS, "")}`]) {
  Deno.test(`describeMismatch() says that ${JSON.stringify(claimed.slice(0, 20))} cannot be read`, () => {
    match(describeMismatch(OURS, claimed) ?? "", /cannot be read; SHA256:\S+, derived/);
  });
}

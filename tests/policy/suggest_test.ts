import { match, strictEqual as equal } from "node:assert/strict";
import fc from "fast-check";
import { decide } from "../../mod/policy/decide.ts";
import { suggestRule, tomlString } from "../../mod/policy/suggest.ts";
import { fingerprintOf } from "../../mod/ssh/public_key.ts";
import { load } from "../config/harness.ts";
import { askWith, blobOf, FINGERPRINT, login, OTHER, OUR_UID, sshsig } from "./asks.ts";

const OTHER_FINGERPRINT = fingerprintOf(blobOf(9));

Deno.test("suggestRule() names this key and this kind", () => {
  equal(
    suggestRule(askWith()),
    `[[rules]]\naction = "allow"\nkeys = ["${FINGERPRINT}"] # work laptop\nkinds = ["auth"]\n`,
  );
  match(suggestRule(askWith({ signed: sshsig("git") })), /^kinds = \["sshsig:git"\]$/m);
  match(suggestRule(askWith({ identity: { itemName: "" } })), /# me@laptop$/m);
  match(suggestRule(askWith({ signed: OTHER })), /^# Careful: .*\n\[\[rules\]\]/);
  match(suggestRule(askWith({ signed: { kind: "certificate", certType: "host" } })), /^# Careful: .*\n\[\[rules\]\]/);
});

Deno.test("suggestRule() shows hostile names harmlessly", () => {
  const itemName = 'x\n[[rules]]\r\naction = "allow"\x1b[2J\u202e\x9b';
  const text = suggestRule(askWith({ identity: { itemName } }));
  equal(text.split("\n").length, 5);
  match(text, /# x\\u000A\[\[rules\]\]\\u000D\\u000Aaction = "allow"\\u001B\[2J\\u202E\\u009B$/m);
  match(suggestRule(askWith({ identity: { itemName: "n".repeat(100) } })), /# n{60}…$/m);
});

Deno.test("tomlString() escapes what would end, expand, or disturb", () => {
  equal(tomlString('a"\\b$c${d}\u007f\u{e0041}'), '"a\\"\\\\b$$c$${d}\\u007F\\U000E0041"');
});

/** Text as it comes out of UTF-8, with whatever is special to TOML, to interpolation or to a terminal. */
const text = fc.string({
  unit: fc.oneof(
    fc.constantFrom(
      '"',
      "'",
      "\\",
      "$",
      "${HOME}",
      "\n",
      "\r",
      "\0",
      "\x1b",
      "\x7f",
      "#",
      "*",
      "?",
      "\u202e",
      "\u2028",
      "\ufeff",
    ),
    fc.string({ unit: "grapheme", minLength: 1, maxLength: 1 }),
    fc.integer({ min: 0, max: 0x10ffff }).filter((code) => code < 0xd800 || code > 0xdfff).map((code) =>
      String.fromCodePoint(code)
    ),
  ),
  maxLength: 20,
});

Deno.test("the suggested rule loads, allows the ask, and nothing else", async () => {
  const signed = fc.oneof(
    fc.constant(login()),
    text.filter((namespace) => namespace !== "").map(sshsig),
    fc.constantFrom(OTHER, { kind: "certificate", certType: "user" } as const),
  );
  await fc.assert(
    fc.asyncProperty(text, text, signed, async (itemName, comment, signed) => {
      const ask = askWith({ identity: { itemName, comment }, signed });
      const suggestion = suggestRule(ask);
      equal(/[^\P{C}\n]/u.test(suggestion), false);
      const { config } = await load(`[auth]\napprover = "none"\n\n${suggestion}`);
      equal(config.rules.length, 1);
      const policy = { ourUid: OUR_UID, rules: config.rules };
      equal(decide(ask, policy).kind, "allow");
      equal(
        decide(askWith({ identity: { fingerprint: OTHER_FINGERPRINT, itemName, comment }, signed }), policy).kind ===
          "allow",
        false,
      );
      equal(
        decide(askWith({ identity: { itemName, comment }, signed: sshsig("unlike any other") }), policy).kind,
        "ask",
      );
    }),
    { numRuns: 500 },
  );
});

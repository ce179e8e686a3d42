import { match, strictEqual as equal } from "node:assert/strict";
import fc from "fast-check";
import { decide } from "../../mod/policy/decide.ts";
import { suggestRule, tomlString } from "../../mod/policy/suggest.ts";
import { fingerprintOf } from "../../mod/ssh/public_key.ts";
import { load } from "../config/harness.ts";
import { policyOf } from "../../mod/config/policy.ts";
import {
  askWith,
  blobOf,
  bound,
  FINGERPRINT,
  FORWARDED,
  hop,
  login,
  NO_GRANTS,
  NOW,
  OTHER,
  OUR_UID,
  sshsig,
  UNBOUND,
} from "./asks.ts";

const OTHER_FINGERPRINT = fingerprintOf(blobOf(9));

const KEY_AND_KIND = `[[rules]]\naction = "allow"\nkeys = ["${FINGERPRINT}"] # work laptop\nkinds = ["auth"]\n`;
const EXE = 'exe = ["/usr/bin/ssh"]\n';
const NO_EXE = { exe: undefined, exeFile: undefined };

Deno.test("suggestRule() names what is proven, and nothing else", () => {
  const to = 'hosts = ["git.example.org"]\nusers = ["git"]\n';
  equal(suggestRule(askWith()), `${KEY_AND_KIND}${to}${EXE}`);
  equal(suggestRule(askWith({ route: UNBOUND })), `${KEY_AND_KIND}${EXE}`);
  equal(suggestRule(askWith({ peer: NO_EXE, route: UNBOUND })), KEY_AND_KIND);
  equal(suggestRule(askWith({ route: UNBOUND, peer: { foreignMounts: true } })), KEY_AND_KIND);
  equal(suggestRule(askWith({ route: FORWARDED })), `${KEY_AND_KIND}${to}via = ["bastion.example.org"]\n${EXE}`);
  equal(suggestRule(askWith({ peer: { uid: 0 } })), `${KEY_AND_KIND}${to}${EXE}uid = [0]\n`);
  const unnamed = hop("|hashed");
  match(suggestRule(askWith({ route: { kind: "bound", hops: [unnamed] } })), /^hosts = \["SHA256:[^"]{43}"\]$/m);
});

Deno.test("suggestRule() names this key and this kind", () => {
  match(suggestRule(askWith({ signed: sshsig("git") })), /^kinds = \["sshsig:git"\]$/m);
  match(suggestRule(askWith({ identity: { itemName: "" } })), /# me@laptop$/m);
  match(suggestRule(askWith({ signed: OTHER })), /^# Careful: .*\n\[\[rules\]\]/);
  match(suggestRule(askWith({ signed: { kind: "certificate", certType: "host" } })), /^# Careful: .*\n\[\[rules\]\]/);
});

Deno.test("suggestRule() shows hostile names harmlessly", () => {
  const itemName = 'x\n[[rules]]\r\naction = "allow"\x1b[2J\u202e\x9b';
  const text = suggestRule(askWith({ identity: { itemName } }));
  equal(text.split("\n").length, 8);
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
  const surroundings = fc.record({
    ...{ itemName: text, comment: text, signed, user: text, exe: text },
    ...{ host: text.filter((name) => name !== ""), bastion: text, forwarded: fc.boolean() },
  });
  await fc.assert(
    fc.asyncProperty(surroundings, async ({ itemName, comment, signed, user, exe, host, bastion, forwarded }) => {
      const kept = signed.kind === "auth" ? { ...signed, user } : signed;
      const route = forwarded ? bound(bastion, host) : bound(host);
      const ask = askWith({ identity: { itemName, comment }, signed: kept, route, peer: { exe: `/${exe}` } });
      const suggestion = suggestRule(ask);
      equal(/[^\P{C}\n]/u.test(suggestion), false);
      const { config } = await load(`[auth]\napprover = "none"\n\n${suggestion}`);
      equal(config.rules.length, 1);
      const policy = policyOf(config, OUR_UID);
      const decided = (other: typeof ask): string => decide(other, policy, NO_GRANTS, NOW).kind;
      equal(decided(ask), "allow");
      equal(decided({ ...ask, identity: { ...ask.identity, fingerprint: OTHER_FINGERPRINT } }) === "allow", false);
      equal(decided({ ...ask, signed: sshsig("unlike any other") }) === "allow", false);
      equal(decided({ ...ask, peer: { ...ask.peer, exe: "/unlike any other path" } }) === "allow", false);
      equal(
        decided({ ...ask, route: bound("elsewhere.example.org") }) === "allow",
        signed.kind !== "auth" && !forwarded,
      );
    }),
    { numRuns: 500 },
  );
});

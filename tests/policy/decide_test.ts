import { deepStrictEqual as deepEqual, match, strictEqual as equal } from "node:assert/strict";
import { decide, type Policy } from "../../mod/policy/decide.ts";
import { KIND_WORDS, parseKind, type Rule } from "../../mod/policy/rules.ts";
import { Permission, type Verdict } from "../../mod/policy/verdict.ts";
import type { SignedData } from "../../mod/ssh/signed_data.ts";
import { askWith, blobOf, certificateBlob, type Differences, login, OTHER, OUR_UID, sshsig } from "./asks.ts";

/** A verdict in one line. */
function summary(verdict: Verdict): string {
  switch (verdict.kind) {
    case "allow":
      return `allow by ${verdict.permission.by}`;
    case "deny":
      return `deny ${verdict.reason}`;
    case "ask":
      return `ask: ${verdict.by}`;
    default:
      return verdict satisfies never;
  }
}

function policyOf(...rules: readonly Partial<Rule>[]): Policy {
  const numbered = rules.map((rule, index): Rule => ({
    name: `rule ${index + 1}`,
    origin: `config.toml:${index + 1}`,
    action: "allow",
    ...rule,
  }));
  return { ourUid: OUR_UID, rules: numbered };
}

const NO_RULES = policyOf();
/** As much as can be written: every key, every kind. */
const ALL = policyOf({ kinds: KIND_WORDS.map(parseKind).filter((kind) => kind !== undefined) });
const BY_ALL = "allow by rule 1 (config.toml:1)";

const CERTIFICATE: SignedData = { kind: "certificate", certType: "user" };

const ROWS: readonly (readonly [name: string, ask: Differences, withoutRules: string, withAll: string])[] = [
  ["a login", {}, "ask: no rule matches", BY_ALL],
  ["an sshsig", { signed: sshsig("git") }, "ask: no rule matches", BY_ALL],
  ["a certificate", { signed: CERTIFICATE }, "deny kind-not-allowed", BY_ALL],
  ["anything else", { signed: OTHER }, "deny kind-not-allowed", BY_ALL],
  ["another user's process", { peer: { uid: 1001 } }, "deny other-user", "deny other-user"],
  ["root's process", { peer: { uid: 0 } }, "deny other-user", "deny other-user"],
  ["a process without a pid", { peer: { pid: 0 } }, "deny peer-unreadable", "deny peer-unreadable"],
  [
    "a process without a start time",
    { peer: { startTime: undefined } },
    "deny peer-unreadable",
    "deny peer-unreadable",
  ],
  ["a process without a program", { peer: { exe: undefined } }, "ask: no rule matches", BY_ALL],
  ["a forwarded connection", { route: { forwarded: true } }, "deny forwarded", "deny forwarded"],
  ["a re-prompt item", { identity: { reprompt: true } }, "deny re-prompt-item", "deny re-prompt-item"],
  ["a login for another key", { signed: login(blobOf(8)) }, "deny kind-not-allowed", "deny kind-not-allowed"],
  ["a login with a certificate", { signed: login(certificateBlob(7)) }, "ask: no rule matches", BY_ALL],
  [
    "a login with a certificate for another key",
    { signed: login(certificateBlob(8)) },
    "deny kind-not-allowed",
    "deny kind-not-allowed",
  ],
];

for (const [name, differences, withoutRules, withAll] of ROWS) {
  Deno.test(`decide() on ${name}: ${withoutRules}, ${withAll}`, () => {
    const ask = askWith(differences);
    equal(summary(decide(ask, NO_RULES)), withoutRules);
    equal(summary(decide(ask, ALL)), withAll);
  });
}

Deno.test("decide() looks at who asks before what, so that the log names the worst", () => {
  const worst = [{ peer: { uid: 5 } }, { peer: { pid: 0 } }, { route: { forwarded: true } }, {
    identity: { reprompt: true },
  }];
  const reasons = worst.map((_, index) => {
    const ask = askWith(Object.assign({ signed: OTHER }, ...worst.slice(index).reverse()));
    return summary(decide(ask, NO_RULES));
  });
  deepEqual(reasons, ["deny other-user", "deny peer-unreadable", "deny forwarded", "deny re-prompt-item"]);
});

Deno.test("decide() takes the first rule that matches", () => {
  const work = { keys: ["work *"] };
  const rows: readonly (readonly [policy: Policy, expected: string])[] = [
    [policyOf({ ...work, action: "deny" }, {}), "deny denied-by-rule"],
    [policyOf({}, { ...work, action: "deny" }), "allow by rule 1 (config.toml:1)"],
    [policyOf({ keys: ["x"] }, { kinds: [{ kind: "sshsig" }] }, work), "allow by rule 3 (config.toml:3)"],
    [policyOf({ ...work, action: "ask" }, {}), "ask: rule 1 (config.toml:1) says ask"],
    [policyOf({ keys: ["x"] }), "ask: no rule matches"],
  ];
  for (const [policy, expected] of rows) equal(summary(decide(askWith(), policy)), expected);
});

Deno.test("decide() allows exactly the ask it was given", () => {
  const ask = askWith();
  const verdict = decide(ask, ALL);
  equal(verdict.kind === "allow" && Permission.spend(verdict.permission) === ask, true);
});

Deno.test("decide() gives every denial one plain sentence", () => {
  for (const [, differences] of ROWS) {
    for (const policy of [NO_RULES, policyOf({ action: "deny" })]) {
      const verdict = decide(askWith(differences), policy);
      if (verdict.kind === "deny") match(verdict.detail, /^[\w ()."=[\],:-]{10,120}(?<!\.)$/);
    }
  }
});

Deno.test("a permission cannot be forged", () => {
  for (const forged of [{ ask: askWith(), by: "me" }, Object.create(Permission.prototype), null, "allow", undefined]) {
    equal(Permission.spend(forged), "forged");
  }
});

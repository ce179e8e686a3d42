import { deepStrictEqual as deepEqual, match, ok, strictEqual as equal } from "node:assert/strict";
import { decide, type Grants, type Policy } from "../../mod/policy/decide.ts";
import { FloodGuard } from "../../mod/policy/flood.ts";
import { GrantBook } from "../../mod/policy/grants.ts";
import { POLICY_DENY_REASONS } from "../../mod/policy/policy_reasons.ts";
import { KIND_WORDS, parseKind } from "../../mod/policy/rule.ts";
import { type DenyReason, Permission, type Verdict } from "../../mod/policy/verdict.ts";
import type { SignedData } from "../../mod/ssh/signed_data.ts";
import {
  askWith,
  blobOf,
  bound,
  certificateBlob,
  type Differences,
  FORWARDED,
  hop,
  login,
  NO_GRANTS,
  NOW,
  OTHER,
  OUR_UID,
  POISONED,
  policyOf,
  sshsig,
  UNBOUND,
} from "./asks.ts";

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

function decided(differences: Differences, policy: Policy, grants: Grants = NO_GRANTS): string {
  return summary(decide(askWith(differences), policy, grants, NOW));
}

const KINDS = KIND_WORDS.map(parseKind).filter((kind) => kind !== undefined);
const NO_RULES = policyOf();
/** As much as can be written: every key, every kind, every uid, forwarded or not. */
const ALL = policyOf(
  { kinds: KINDS, uid: [0, OUR_UID, 1001] },
  { kinds: KINDS, uid: [0, OUR_UID, 1001], forwarded: true },
);
const BY_ALL = "allow by rule 1 (config.toml:1)";
const BY_NONE = "ask: no rule matches";

const CERTIFICATE: SignedData = { kind: "certificate", certType: "user" };
/** A login for a session that nobody bound. */
const STOLEN: SignedData = { ...login(), sessionId: new Uint8Array(32).fill(1) };
const HOSTBOUND = { ...login(), method: "publickey-hostbound-v00@openssh.com" } as const;
/** The last hop forwards: what asks is somewhere beyond it. */
const BEYOND = { kind: "bound", hops: [hop("git.example.org", { forwarding: true })] } as const;
const EACH_TIME = "ask: the vault item says ask at every signature";

const ROWS: readonly (readonly [name: string, ask: Differences, withoutRules: string, withAll: string])[] = [
  ["a login", {}, BY_NONE, BY_ALL],
  ["an sshsig", { signed: sshsig("git") }, BY_NONE, BY_ALL],
  ["an sshsig, unbound", { signed: sshsig("git"), route: UNBOUND }, BY_NONE, BY_ALL],
  ["a certificate", { signed: CERTIFICATE }, "deny kind-not-allowed", BY_ALL],
  ["anything else", { signed: OTHER }, "deny kind-not-allowed", BY_ALL],
  ["another user's process", { peer: { uid: 1001 } }, "deny other-user", "deny other-user"],
  ["root's process", { peer: { uid: 0 } }, "deny root-needs-rule", BY_ALL],
  ["a process without a pid", { peer: { pid: 0 } }, "deny peer-unreadable", "deny peer-unreadable"],
  ["a process of no start", { peer: { startTime: undefined } }, "deny peer-unreadable", "deny peer-unreadable"],
  ["a process without a program", { peer: { exe: undefined, exeFile: undefined } }, BY_NONE, BY_ALL],
  ["a poisoned connection", { route: POISONED }, "deny route-poisoned", "deny route-poisoned"],
  ["an sshsig over a poisoned connection", { route: POISONED, signed: sshsig("git") }, ...twice("deny route-poisoned")],
  ["ssh without a bind", { route: UNBOUND }, "deny unbound-login", "deny unbound-login"],
  ["ssh without a bind, elsewhere", { route: UNBOUND, peer: { exe: "/opt/ssh" } }, ...twice("deny unbound-login")],
  ["a replaced ssh", { route: UNBOUND, peer: { exe: "/usr/bin/ssh (deleted)" } }, ...twice("deny unbound-login")],
  ["ssh in a container", { route: UNBOUND, peer: { foreignMounts: true } }, ...twice("deny unbound-login")],
  ["another client without a bind", { route: UNBOUND, peer: { exe: "/usr/bin/paramiko" } }, BY_NONE, BY_ALL],
  ["sshd without a bind", { route: UNBOUND, peer: { exe: "/usr/bin/autossh" } }, BY_NONE, BY_ALL],
  ["a login for another session", { signed: STOLEN }, ...twice("deny bind-mismatch")],
  ["a login for another session, forwarded", { signed: STOLEN, route: FORWARDED }, ...twice("deny bind-mismatch")],
  ["a login for this host", { signed: { ...HOSTBOUND, hostKey: hop("git.example.org").hostKey } }, BY_NONE, BY_ALL],
  ["a login for another host", { signed: { ...HOSTBOUND, hostKey: blobOf(3) } }, ...twice("deny bind-mismatch")],
  ["a login from beyond a forwarding host", { route: BEYOND }, ...twice("deny bind-mismatch")],
  [
    "an sshsig from beyond one",
    { route: BEYOND, signed: sshsig("git") },
    "deny forwarded",
    "allow by rule 2 (config.toml:2)",
  ],
  ["a login for another key", { signed: login(blobOf(8)) }, "deny key-mismatch", "deny key-mismatch"],
  ["a login with a certificate", { signed: login(certificateBlob(7)) }, BY_NONE, BY_ALL],
  ["one for another key", { signed: login(certificateBlob(8)) }, "deny key-mismatch", "deny key-mismatch"],
  ["a forwarded login", { route: FORWARDED }, "deny forwarded", "allow by rule 2 (config.toml:2)"],
  [
    "a forwarded sshsig",
    { route: FORWARDED, signed: sshsig("git") },
    "deny forwarded",
    "allow by rule 2 (config.toml:2)",
  ],
  ["a forwarded unknown", { route: FORWARDED, signed: OTHER }, "deny forwarded", "allow by rule 2 (config.toml:2)"],
  ["a re-prompt item", { identity: { reprompt: true } }, EACH_TIME, EACH_TIME],
  ["a re-prompt item, forwarded", { identity: { reprompt: true }, route: FORWARDED }, "deny forwarded", EACH_TIME],
  ["an item to ask for always", { identity: { limits: { approve: "always" } } }, EACH_TIME, EACH_TIME],
  ...item({ sign: [] }, {}, "deny item-forbids-kind"),
  ...item({ sign: ["git"] }, {}, "deny item-forbids-kind"),
  ...item({ sign: ["auth"] }, {}, undefined),
  ...item({ sign: ["git", "file"] }, { signed: sshsig("git") }, undefined),
  ...item({ sign: ["sshsig"] }, { signed: sshsig("file") }, undefined),
  ...item({ sign: ["sshsig:git"] }, { signed: sshsig("file") }, "deny item-forbids-kind"),
  ...item({ sign: ["auth"] }, { signed: sshsig("auth") }, "deny item-forbids-kind"),
  ...item({ sign: ["auth", "git"] }, { signed: CERTIFICATE }, "deny item-forbids-kind"),
  ...item({ sign: ["auth", "git"] }, { signed: OTHER }, "deny item-forbids-kind"),
  ...item({ hosts: ["git.example.org"] }, {}, undefined),
  ...item({ hosts: ["GIT.example.org"] }, {}, undefined),
  ...item({ hosts: ["x", "*.example.org"] }, {}, undefined),
  ...item({ hosts: [hop("git.example.org").hostFingerprint] }, {}, undefined),
  ...item({ hosts: ["other.example.org"] }, {}, "deny item-forbids-host"),
  ...item({ hosts: ["*"] }, { route: UNBOUND, peer: { exe: "/x" } }, "deny item-forbids-host"),
  ...item({ hosts: ["git.example.org"] }, { signed: sshsig("git"), route: UNBOUND }, undefined),
  ...item({ hosts: ["git.example.org"] }, { signed: OTHER }, "deny item-forbids-kind"),
  ...item({ hosts: ["bastion"] }, { route: bound("bastion", "git.example.org") }, "deny item-forbids-host"),
];

function twice(text: string): [string, string] {
  return [text, text];
}

function item(
  limits: NonNullable<Differences["identity"]>["limits"] & object,
  ask: Differences,
  denied: string | undefined,
): [string, Differences, string, string][] {
  const name = `${JSON.stringify(limits)} on ${JSON.stringify({ ...ask, route: ask.route?.kind })}`;
  return [[name, { ...ask, identity: { limits } }, denied ?? BY_NONE, denied ?? BY_ALL]];
}

for (const [name, differences, withoutRules, withAll] of ROWS) {
  Deno.test(`decide() on ${name}: ${withoutRules}, ${withAll}`, () => {
    equal(decided(differences, NO_RULES), withoutRules);
    equal(decided(differences, ALL), withAll);
  });
}

Deno.test("decide() looks at who asks before what, so that the log names the worst", () => {
  const worst: Differences[] = [
    { peer: { uid: 5, pid: 0 } },
    { peer: { pid: 0 } },
    { route: POISONED },
    { signed: { ...login(blobOf(8)), sessionId: new Uint8Array(1) } },
    { signed: login(blobOf(8)), identity: { limits: { sign: [], hosts: [] } } },
    { identity: { limits: { sign: [], hosts: [] } } },
    { identity: { limits: { hosts: [] }, reprompt: true } },
  ];
  const policy = { ...policyOf({ action: "deny" }), canAsk: false };
  deepEqual(worst.map((each) => decided(each, policy)), [
    "deny other-user",
    "deny peer-unreadable",
    "deny route-poisoned",
    "deny bind-mismatch",
    "deny key-mismatch",
    "deny item-forbids-kind",
    "deny item-forbids-host",
  ]);
  equal(decided({ identity: { reprompt: true } }, policy), "deny denied-by-rule");
});

Deno.test("decide() takes the first rule that matches", () => {
  const work = { keys: ["work *"] };
  const rows: readonly (readonly [policy: Policy, expected: string])[] = [
    [policyOf({ ...work, action: "deny" }, {}), "deny denied-by-rule"],
    [policyOf({}, { ...work, action: "deny" }), "allow by rule 1 (config.toml:1)"],
    [policyOf({ keys: ["x"] }, { kinds: [{ kind: "sshsig" }] }, work), "allow by rule 3 (config.toml:3)"],
    [policyOf({ ...work, action: "ask" }, {}), "ask: rule 1 (config.toml:1) says ask"],
    [policyOf({ keys: ["x"] }), BY_NONE],
  ];
  for (const [policy, expected] of rows) equal(decided({}, policy), expected);
});

Deno.test("decide() lets root's processes sign by a rule that names their uid alone", () => {
  const root = { peer: { uid: 0 } };
  equal(decided(root, policyOf({})), "deny root-needs-rule");
  equal(decided(root, policyOf({ action: "ask" })), "deny root-needs-rule");
  equal(decided(root, policyOf({ action: "deny" }, { uid: [0] })), "deny denied-by-rule");
  equal(decided(root, policyOf({}, { uid: [0] })), "allow by rule 2 (config.toml:2)");
  equal(decided(root, policyOf({ action: "ask", uid: [0] })), "ask: rule 1 (config.toml:1) says ask");
  // A daemon that is root's own treats its user's processes like any other daemon does.
  equal(decided(root, { ...policyOf({}), ourUid: 0 }), BY_ALL);
  equal(decided({}, { ...policyOf({}), ourUid: 0 }), "deny other-user");
});

Deno.test("decide() asks about forwarded connections where it is not to deny them", () => {
  const policy = { ...NO_RULES, denyForwardedByDefault: false };
  const verdict = decide(askWith({ route: FORWARDED }), policy, NO_GRANTS, NOW);
  deepEqual(verdict, { kind: "ask", by: "no rule matches", remember: { scope: "once", seconds: 0, by: "no rule" } });
  equal(decided({ route: FORWARDED, signed: OTHER }, policy), "deny kind-not-allowed");
});

Deno.test("decide() denies re-prompt items where nobody can be asked", () => {
  for (const policy of [NO_RULES, ALL]) {
    equal(decided({ identity: { reprompt: true } }, { ...policy, canAsk: false }), "deny re-prompt-item");
  }
});

Deno.test("decide() lets a grant answer what would be asked, and nothing else", () => {
  const anything: Grants = {
    find: (ask, remember) => new GrantBook().add(ask, { ...remember, seconds: 1 }, NOW),
  };
  equal(decided({}, NO_RULES, anything), "allow by grant g1 (no rule)");
  equal(decided({}, policyOf({ action: "ask" }), anything), "allow by grant g1 (rule 1 (config.toml:1))");
  equal(decided({}, policyOf({ action: "deny" }), anything), "deny denied-by-rule");
  equal(decided({ route: FORWARDED }, NO_RULES, anything), "deny forwarded");
  for (const identity of [{ reprompt: true }, { limits: { approve: "always" as const } }]) {
    equal(decided({ identity }, NO_RULES, anything), EACH_TIME);
    equal(decided({ identity }, policyOf({ action: "ask", remember: "app" }), anything), EACH_TIME);
  }
  equal(decided({ peer: { uid: 1001 } }, NO_RULES, anything), "deny other-user");
});

Deno.test("decide() allows exactly the ask it was given", () => {
  const ask = askWith();
  const verdict = decide(ask, ALL, NO_GRANTS, NOW);
  equal(verdict.kind === "allow" && Permission.spend(verdict.permission) === ask, true);
});

Deno.test("decide() gives every denial one plain sentence", () => {
  for (const [, differences] of ROWS) {
    for (const policy of [NO_RULES, policyOf({ action: "deny" })]) {
      const verdict = decide(askWith(differences), policy, NO_GRANTS, NOW);
      if (verdict.kind === "deny") match(verdict.detail, /^[\w ()."'=[\],:;-]{10,160}(?<!\.)$/);
    }
  }
});

Deno.test("every reason of policy is produced", () => {
  const seen = new Set<DenyReason>();
  const note = (verdict: Verdict | undefined): void => {
    if (verdict?.kind === "deny") seen.add(verdict.reason);
  };
  for (const [, differences] of ROWS) note(decide(askWith(differences), NO_RULES, NO_GRANTS, NOW));
  note(decide(askWith(), policyOf({ action: "deny" }), NO_GRANTS, NOW));
  note(decide(askWith({ identity: { reprompt: true } }), { ...NO_RULES, canAsk: false }, NO_GRANTS, NOW));
  const none = { connection: 0, process_key: 0, exe: 0 };
  const limits = { requests: { ...none, exe: 1 }, prompts: none, queue: 1, cooldownAfter: 1, cooldownSeconds: 60 };
  const guard = new FloodGuard(limits);
  for (let count = 0; count < 2; count++) note(guard.request(askWith(), NOW));
  guard.answered(askWith(), "refused", NOW);
  note(guard.prompt(askWith(), 0, NOW));
  deepEqual(POLICY_DENY_REASONS.filter((reason) => !seen.has(reason)), []);
});

Deno.test("a permission cannot be forged", () => {
  for (const forged of [{ ask: askWith(), by: "me" }, Object.create(Permission.prototype), null, "allow", undefined]) {
    equal(Permission.spend(forged), "forged");
  }
});

Deno.test("a decision by the last of a thousand rules takes far less than a signature", () => {
  const others = Array.from({ length: 999 }, () => ({ keys: ["x-*"], hosts: ["y"] }));
  const [policy, grants] = [policyOf(...others, {}), new GrantBook()];
  const ask = askWith();
  const started = performance.now();
  for (let count = 0; count < 100; count++) decide(ask, policy, grants, NOW);
  ok((performance.now() - started) / 100 < 5, "slower than 5 ms");
});

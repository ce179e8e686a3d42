import { deepStrictEqual as deepEqual, strictEqual as equal } from "node:assert/strict";
import fc from "fast-check";
import { explain, type Explanation, mismatches } from "../../mod/policy/explain.ts";
import { decide } from "../../mod/policy/decide.ts";
import { GrantBook } from "../../mod/policy/grants.ts";
import { later } from "../../mod/policy/moment.ts";
import { TESTED_FIELDS } from "../../mod/policy/rule_fields.ts";
import { type Rule } from "../../mod/policy/rule.ts";
import { ruleMatches } from "../../mod/policy/rules.ts";
import {
  askWith,
  bound,
  type Differences,
  FINGERPRINT,
  FORWARDED,
  hop,
  login,
  NO_GRANTS,
  NOW,
  OUR_UID,
  POISONED,
  policyOf,
  sshsig,
  UNBOUND,
} from "./asks.ts";

Deno.test("explain() names the rule that decides, and why none before it did", () => {
  const policy = policyOf(
    { action: "deny", keys: ["prod-*"] },
    { kinds: [{ kind: "sshsig", namespace: "git" }], exe: ["/usr/bin/git"] },
    { action: "ask", hosts: ["git.example.org"], remember: "host", rememberFor: 900 },
    { action: "deny" },
  );
  const id = "2f1b2f4e-0c39-4e6e-9f3c-1d2e3f405162#key";
  const expected: Explanation = {
    verdict: "ask",
    by: "rule 3 (config.toml:3) says ask",
    detail: "",
    remember: { scope: "host", seconds: 900 },
    rule: "rule 3",
    rules: [
      {
        ...{ name: "rule 1", origin: "config.toml:1", action: "deny" as const },
        mismatches: [{
          field: "keys",
          wanted: '"prod-*"',
          found: `"${FINGERPRINT}", "${id}", "me@laptop", "work laptop"`,
        }],
      },
      {
        ...{ name: "rule 2", origin: "config.toml:2", action: "allow" as const },
        mismatches: [
          { field: "kinds", wanted: '"sshsig:git"', found: "auth" },
          { field: "exe", wanted: '"/usr/bin/git"', found: "/usr/bin/ssh" },
        ],
      },
      { name: "rule 3", origin: "config.toml:3", action: "ask", mismatches: [] },
    ],
  };
  deepEqual(explain(askWith(), policy, NO_GRANTS, NOW), expected);
});

Deno.test("explain() shows every rule where none matches, and none where the rules were not reached", () => {
  const none = explain(askWith(), policyOf({ keys: ["x"] }, { uid: [0] }), NO_GRANTS, NOW);
  deepEqual([none.verdict, none.by, none.rule, none.rules.length], ["ask", "no rule matches", undefined, 2]);
  const refused = explain(askWith({ route: POISONED }), policyOf({}), NO_GRANTS, NOW);
  deepEqual([refused.verdict, refused.by, refused.rules], ["deny", "route-poisoned", []]);
  equal(refused.detail.endsWith("the signature of a bind is wrong"), true);
});

Deno.test("explain() sees live grants, and gives none", () => {
  const [book, policy] = [new GrantBook(), policyOf()];
  const verdict = decide(askWith(), policy, book, NOW);
  if (verdict.kind === "ask") book.add(askWith(), verdict.remember, NOW);
  const { verdict: kind, by } = explain(askWith(), policy, book, NOW);
  deepEqual([kind, by, book.size], ["allow", "grant g1 (no rule)", 1]);
});

const NOT_BOUND = "unknown: the connection was never bound";
const MAYBE_OTHER = "unknown: the client may see other files under the same names";

const ROWS: readonly (readonly [rule: Partial<Rule>, ask: Differences, wanted: string, found: string])[] = [
  [{}, { signed: { kind: "other" } }, 'kinds: "auth", "sshsig"', "other"],
  [{}, { route: FORWARDED }, "forwarded: not forwarded (neither forwarded nor via is written)", "true"],
  [{ forwarded: false }, { route: UNBOUND }, "forwarded: false", NOT_BOUND],
  [{ forwarded: true }, {}, "forwarded: true", "false"],
  [{ via: ["x"] }, { route: FORWARDED }, 'via: all of "x"', "route bastion.example.org > git.example.org"],
  [{ via: ["x"], action: "deny" }, {}, 'via: any of "x"', "not known to be forwarded"],
  [{ hosts: ["x"] }, {}, 'hosts: "x"', `"git.example.org", "${hop("git.example.org").hostFingerprint}"`],
  [{ hosts: ["x"] }, { route: UNBOUND }, 'hosts: "x"', NOT_BOUND],
  [
    { hosts: ["x"] },
    { signed: { ...login(), sessionId: new Uint8Array(1) } },
    'hosts: "x"',
    "unknown: the last bind does not prove it",
  ],
  [{ hosts: ["x"] }, { signed: sshsig("git") }, 'hosts: "x"', "not a login"],
  [{ users: ["x"] }, {}, 'users: "x"', "git"],
  [{ users: ["git"] }, { route: UNBOUND }, 'users: "git"', NOT_BOUND],
  [{ exe: ["/x"] }, { peer: { exe: undefined } }, 'exe: "/x"', "unknown: the kernel does not say"],
  [{ exe: ["*"] }, { peer: { foreignMounts: true } }, 'exe: "*"', MAYBE_OTHER],
  [
    { exe: ["*"] },
    { peer: { exeFile: { device: 1, inode: 1, deleted: true } } },
    'exe: "*"',
    "unknown: /usr/bin/ssh was deleted or replaced",
  ],
  [{ ancestors: ["/x"] }, {}, 'ancestors: "/x"', '"/usr/bin/git", "/usr/bin/zsh"'],
  [{ ancestors: ["*"] }, { peer: { foreignMounts: undefined } }, 'ancestors: "*"', MAYBE_OTHER],
  [{ cgroup: ["/x"] }, { peer: { cgroup: "/y" } }, 'cgroup: "/x"', "/y"],
  [{ cgroup: ["/x"] }, { peer: { cgroup: undefined } }, 'cgroup: "/x"', "unknown"],
  [{ tty: ["/x"] }, { peer: { tty: undefined } }, 'tty: "/x"', "none"],
  [{ session: [1] }, {}, "session: 1", "4000"],
  [{ session: [1] }, { peer: { session: 0 } }, "session: 1", "unknown"],
  [{ uid: [0, 7] }, {}, "uid: 0, 7", "1000"],
  [{}, { peer: { uid: 0 } }, "uid: not root (uid is not written)", "0"],
  [{ maxTtl: 60 }, {}, "max_ttl: at most 1m", "a key without a lifetime"],
  [{ maxTtl: 60 }, { identity: { expires: later(NOW, 90_000) } }, "max_ttl: at most 1m", "1m30s left"],
];

for (const [rule, ask, wanted, found] of ROWS) {
  Deno.test(`a mismatch is told in words: ${wanted} | ${found}`, () => {
    const whole: Rule = { name: "rule 1", origin: "x:1", action: "allow", ...rule };
    const [first, ...rest] = mismatches(whole, askWith(ask), { now: NOW, ourUid: OUR_UID });
    deepEqual([`${first?.field}: ${first?.wanted}`, first?.found, rest], [wanted, found, []]);
  });
}

Deno.test("every field that can fail is told", () => {
  const told = new Set(ROWS.map(([, , wanted]) => wanted.split(":")[0]));
  told.add("keys"); // by the first test
  deepEqual(TESTED_FIELDS.filter((field) => !told.has(field)), []);
});

Deno.test("explain() agrees with decide(), and mismatches() with ruleMatches()", () => {
  const rules = fc.array(
    fc.record({
      action: fc.constantFrom("allow" as const, "ask" as const, "deny" as const),
      hosts: fc.constantFrom(["git.example.org"], ["x"]),
      forwarded: fc.boolean(),
      exe: fc.constantFrom(["*"], ["/x"]),
    }, { requiredKeys: ["action"] }),
    { maxLength: 4 },
  );
  const route = fc.constantFrom(UNBOUND, FORWARDED, POISONED, bound("git.example.org"));
  fc.assert(
    fc.property(rules, route, fc.boolean(), (rules, route, foreignMounts) => {
      const [ask, policy] = [askWith({ route, peer: { foreignMounts } }), policyOf(...rules)];
      const [told, verdict] = [explain(ask, policy, NO_GRANTS, NOW), decide(ask, policy, NO_GRANTS, NOW)];
      equal(told.verdict, verdict.kind);
      for (const rule of policy.rules) {
        const circumstances = { now: NOW, ourUid: OUR_UID };
        equal(mismatches(rule, ask, circumstances).length === 0, ruleMatches(rule, ask, circumstances));
      }
    }),
    { numRuns: 1000 },
  );
});

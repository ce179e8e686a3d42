import { deepStrictEqual as deepEqual, strictEqual as equal } from "node:assert/strict";
import fc from "fast-check";
import { globMatches } from "../../mod/policy/glob.ts";
import { decide } from "../../mod/policy/decide.ts";
import { later } from "../../mod/policy/moment.ts";
import { kindWord, parseKind, type Rule } from "../../mod/policy/rule.ts";
import { ruleMatches } from "../../mod/policy/rules.ts";
import {
  askWith,
  blobOf,
  bound,
  type Differences,
  FINGERPRINT,
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

const CIRCUMSTANCES = { now: NOW, ourUid: OUR_UID };

function matches(rule: Partial<Rule>, differences: Differences = {}): boolean {
  const whole: Rule = { name: "rule 1", origin: "x:1", action: "allow", ...rule };
  return ruleMatches(whole, askWith(differences), CIRCUMSTANCES);
}

const GLOBS: readonly (readonly [glob: string, text: string, matches: boolean])[] = [
  ["work", "work", true],
  ["work", "works", false],
  ["work", "Work", false],
  ["work-*", "work-", true],
  ["work-*", "work-laptop", true],
  ["work-*", "my work-laptop", false],
  ["*work*", "my work-laptop", true],
  ["*.example", "a.example.org", false],
  ["*a*b*c", "xxaxbxbxxc", true],
  ["*a*b*c", "xxaxcxb", false],
  ["**", "", true],
  ["*", "", true],
  ["", "", true],
  ["", "x", false],
  ["?", "", false],
  ["?", "é", true],
  ["?", "😀", true],
  ["??", "😀", false],
  ["a?c*", "abc", true],
  ["a.c", "abc", false],
  ["[ab]", "a", false],
  ["a\\*", "a*", false],
  ["a*", "a\nb", true],
];

for (const [glob, text, matches] of GLOBS) {
  Deno.test(`globMatches("${glob}", ${JSON.stringify(text)}) is ${matches}`, () =>
    equal(globMatches(glob, text), matches));
}

Deno.test("globMatches() agrees with a regular expression", () => {
  const text = fc.string({ unit: fc.constantFrom("a", "b", "é", "😀"), maxLength: 8 });
  const glob = fc.string({ unit: fc.constantFrom("a", "b", "é", "😀", "*", "?"), maxLength: 6 });
  fc.assert(
    fc.property(glob, text, (glob, text) => {
      const pattern = new RegExp(`^${glob.replaceAll("*", ".*").replaceAll("?", ".")}$`, "su");
      equal(globMatches(glob, text), pattern.test(text));
    }),
    { numRuns: 2000 },
  );
});

Deno.test("globMatches() is not slow on globs that are slow as regular expressions", () => {
  const started = performance.now();
  equal(globMatches("*a".repeat(100) + "b", "a".repeat(5000)), false);
  equal(performance.now() - started < 1000, true);
});

Deno.test("parseKind() reads the words of kinds and nothing else", () => {
  for (const word of ["auth", "sshsig", "sshsig:git", "sshsig:a b:c", "certificate", "other"]) {
    const kind = parseKind(word);
    equal(kind && kindWord(kind), word);
  }
  deepEqual(parseKind("sshsig:git"), { kind: "sshsig", namespace: "git" });
  for (const word of ["", "Auth", "auth:x", "sshsig:", "cert", "constructor"]) equal(parseKind(word), undefined, word);
});

const CERTIFICATE = { kind: "certificate", certType: "user" } as const;
const ALL = { auth: login(), git: sshsig("git"), file: sshsig("file"), certificate: CERTIFICATE, other: OTHER };

const KINDS: readonly (readonly [kinds: readonly string[] | undefined, matches: readonly (keyof typeof ALL)[]])[] = [
  [undefined, ["auth", "git", "file"]],
  [["auth"], ["auth"]],
  [["sshsig"], ["git", "file"]],
  [["sshsig:git"], ["git"]],
  [["sshsig:g*"], []], // a namespace is exact: globs are for keys
  [["sshsig:GIT"], []],
  [["auth", "sshsig:file"], ["auth", "file"]],
  [["certificate"], ["certificate"]],
  [["other"], ["other"]],
];

for (const [kinds, expected] of KINDS) {
  Deno.test(`a rule with kinds ${kinds === undefined ? "left out" : kinds.join(", ")} matches ${expected.join(", ")}`, () => {
    const patterns = kinds?.map(parseKind).filter((kind) => kind !== undefined);
    const rule: Rule = { name: "rule 1", origin: "x:1", action: "allow", ...(patterns && { kinds: patterns }) };
    const matched = Object.entries(ALL).filter(([, signed]) => matches(rule, { signed }));
    deepEqual(matched.map(([name]) => name), expected);
  });
}

const KEYS: readonly (readonly [keys: readonly string[], matches: boolean])[] = [
  [[FINGERPRINT], true],
  [[FINGERPRINT.slice(0, -1)], false],
  [[FINGERPRINT.toLowerCase()], false],
  [["SHA256:*"], false], // a fingerprint is exact
  [["2f1b2f4e-0c39-4e6e-9f3c-1d2e3f405162#key"], true],
  [["2f1b2f4e-0c39-4e6e-9f3c-1d2e3f405162"], true],
  [["2f1b2f4e-0c39-4e6e-9f3c-1d2e3f405162#notes"], false],
  [["2f1b2f4e*"], false], // so is an id
  [["me@laptop"], true],
  [["me@*"], true],
  [["work laptop"], true],
  [["work *"], true],
  [["Work *"], false],
  [["laptop"], false],
  [["*"], true],
  [["no", "nor this", "work l?ptop"], true],
];

for (const [keys, expected] of KEYS) {
  Deno.test(`a rule with keys ${keys.join(", ")} ${expected ? "matches" : "does not match"}`, () => {
    equal(matches({ keys }), expected);
  });
}

Deno.test("a rule matches no key without a name by an empty one", () => {
  equal(matches({ keys: ["work *"] }, { identity: { itemName: "", comment: "" } }), false);
});

const HERE = "git.example.org";
const BASTION = "bastion.example.org";
const TWO_BASTIONS = bound(BASTION, "other.example.org", HERE);
const HASHED = { kind: "bound", hops: [hop(["|secret.example.org"])] } as const;
/** The last hop forwards: what asks is somewhere beyond it. */
const BEYOND = { kind: "bound", hops: [hop(HERE, { forwarding: true })] } as const;
/** A login for a session that nobody bound. */
const STOLEN = { ...login(), sessionId: new Uint8Array(32).fill(1) };
const GIT = { signed: sshsig("git") };
const NO_EXE = { peer: { exe: undefined, exeFile: undefined } };
const DELETED = { peer: { exeFile: { device: 1, inode: 2, deleted: true } } };
const NO_FILE = { peer: { exeFile: undefined } };
const FOREIGN = { peer: { foreignMounts: true } };
const MAYBE_FOREIGN = { peer: { foreignMounts: undefined } };

const FIELDS: readonly (readonly [rule: Partial<Rule>, ask: Differences, expected: boolean])[] = [
  [{ hosts: [HERE] }, {}, true],
  [{ hosts: ["Git.Example.ORG"] }, {}, true],
  [{ hosts: ["x", HERE] }, {}, true],
  [{ hosts: ["*.example.org"] }, {}, true],
  [{ hosts: ["*.example.com"] }, {}, false],
  [{ hosts: ["example.org"] }, {}, false],
  [{ hosts: [hop(HERE).hostFingerprint] }, {}, true],
  [{ hosts: ["*"] }, GIT, false],
  [{ hosts: ["*"] }, { route: UNBOUND }, false],
  [{ hosts: ["*"] }, { route: POISONED }, false],
  [{ hosts: ["*"] }, { signed: STOLEN }, false],
  [{ hosts: ["*"], forwarded: true }, { route: BEYOND }, false],
  [{ hosts: ["secret.example.org"] }, { route: HASHED }, true],
  [{ hosts: ["*.example.org"] }, { route: HASHED }, false], // a hashed name can be tried, not read
  [{ hosts: [BASTION], forwarded: true }, { route: FORWARDED }, false], // the destination is the last hop
  [{ hosts: [HERE], forwarded: true }, { route: FORWARDED }, true],
  [{ users: ["git"] }, {}, true],
  [{ users: ["g?t"] }, {}, true],
  [{ users: ["Git"] }, {}, false],
  [{ users: ["*"] }, GIT, false],
  [{ users: ["*"] }, { route: UNBOUND }, false],
  [{ users: ["*"] }, { signed: STOLEN }, false],
  [{ users: ["*"], forwarded: true }, { route: BEYOND }, false],
  [{}, { route: UNBOUND }, true],
  [{}, { route: FORWARDED }, false],
  [{}, { route: POISONED }, false],
  [{ forwarded: true }, {}, false],
  [{ forwarded: true }, { route: UNBOUND }, false],
  [{ forwarded: true }, { route: FORWARDED }, true],
  [{ forwarded: true }, { route: POISONED }, false],
  [{ forwarded: false }, {}, true],
  [{ forwarded: false }, GIT, true],
  [{ forwarded: false }, { route: UNBOUND }, false],
  [{ forwarded: false }, { ...GIT, route: UNBOUND }, false],
  [{ forwarded: false }, { route: FORWARDED }, false],
  [{ forwarded: false }, { route: POISONED }, false],
  [{ via: [BASTION] }, { route: FORWARDED }, true],
  [{ via: [BASTION], forwarded: true }, { route: FORWARDED }, true],
  [{ via: ["*.example.org"] }, { route: FORWARDED }, true],
  [{ via: [HERE] }, { route: FORWARDED }, false],
  [{ via: ["*"] }, {}, false],
  [{ via: ["*"] }, { route: UNBOUND }, false],
  [{ via: ["*"] }, { route: POISONED }, false],
  [{ via: [BASTION] }, { route: TWO_BASTIONS }, false],
  [{ via: [BASTION], action: "ask" }, { route: TWO_BASTIONS }, false],
  [{ via: [BASTION], action: "deny" }, { route: TWO_BASTIONS }, true],
  [{ via: ["x"], action: "deny" }, { route: TWO_BASTIONS }, false],
  [{ via: [BASTION, "other.example.org"] }, { route: TWO_BASTIONS }, true],
  [{ via: [HERE] }, { route: BEYOND }, true],
  [{ exe: ["/usr/bin/ssh"] }, {}, true],
  [{ exe: ["*/ssh"] }, {}, true],
  [{ exe: ["/usr/bin/ss"] }, {}, false],
  [{ exe: ["*"] }, NO_EXE, false],
  [{ exe: ["*"] }, NO_FILE, false],
  [{ exe: ["*"] }, DELETED, false],
  [{ exe: ["*"] }, FOREIGN, false],
  [{ exe: ["*"] }, MAYBE_FOREIGN, false],
  [{}, FOREIGN, true],
  [{ ancestors: ["/usr/bin/zsh"] }, {}, true],
  [{ ancestors: ["*/git"] }, {}, true],
  [{ ancestors: ["git"] }, {}, false],
  [{ ancestors: ["/usr/bin/ssh"] }, {}, false], // the client is none of its own
  [{ ancestors: ["*"] }, FOREIGN, false],
  [{ ancestors: ["*"] }, { peer: { ancestors: [] } }, false],
  // The short name is whatever the process calls itself.
  [{ ancestors: ["*git"] }, { peer: { ancestors: [{ pid: 1, program: "git", exe: undefined }] } }, false],
  [{ cgroup: ["*/kitty.scope"] }, {}, true],
  [{ cgroup: ["/user.slice"] }, {}, false],
  [{ cgroup: ["*"] }, { peer: { cgroup: undefined } }, false],
  [{ tty: ["/dev/pts/*"] }, {}, true],
  [{ tty: ["/dev/tty?"] }, {}, false],
  [{ tty: ["*"] }, { peer: { tty: undefined } }, false],
  [{ session: [1, 4000] }, {}, true],
  [{ session: [4242] }, {}, false],
  [{ session: [0] }, { peer: { session: 0 } }, false],
  [{ uid: [OUR_UID] }, {}, true],
  [{ uid: [0] }, {}, false],
  [{ uid: [0] }, { peer: { uid: 0 } }, true],
  [{}, { peer: { uid: 0 } }, false],
  [{ action: "ask" }, { peer: { uid: 0 } }, false],
  [{ action: "deny" }, { peer: { uid: 0 } }, true],
  [{ maxTtl: 60 }, {}, false],
  [{ maxTtl: 60 }, { identity: { expires: later(NOW, 60_000) } }, true],
  [{ maxTtl: 60 }, { identity: { expires: later(NOW, 60_001) } }, false],
  [{ maxTtl: 60 }, { identity: { expires: NOW } }, false],
  [{ maxTtl: 60 }, { identity: { expires: { wall: NOW.wall + 9e9, monotonic: NOW.monotonic + 1 } } }, true],
];

for (const [rule, ask, expected] of FIELDS) {
  const text = JSON.stringify({ ...rule, ask: { ...ask, route: ask.route?.kind } });
  Deno.test(`a rule ${expected ? "matches" : "does not match"}: ${text}`, () => equal(matches(rule, ask), expected));
}

Deno.test("a rule needs one of its keys and one of its kinds", () => {
  const rule = { keys: ["me@*"], kinds: [{ kind: "auth" }] } as const;
  equal(matches(rule), true);
  equal(matches(rule, GIT), false);
  equal(matches(rule, { identity: { comment: "x" } }), false);
});

/** Each field with patterns some of which match some of the asks. */
const anyRule: fc.Arbitrary<Partial<Rule>> = fc.record({
  action: fc.constantFrom("allow", "ask", "deny"),
  keys: fc.subarray([FINGERPRINT, "me@*", "x"], { minLength: 1 }),
  kinds: fc.subarray([{ kind: "auth" }, { kind: "sshsig", namespace: "git" }, { kind: "sshsig" }, { kind: "other" }], {
    minLength: 1,
  }),
  hosts: fc.subarray([HERE, "*.example.org", "x"], { minLength: 1 }),
  users: fc.subarray(["git", "x"], { minLength: 1 }),
  forwarded: fc.boolean(),
  via: fc.subarray([BASTION, "other.example.org", "x"], { minLength: 1 }),
  exe: fc.subarray(["/usr/bin/ssh", "*/x"], { minLength: 1 }),
  ancestors: fc.subarray(["*/git", "*/x"], { minLength: 1 }),
  cgroup: fc.subarray(["*/kitty.scope", "/x"], { minLength: 1 }),
  tty: fc.subarray(["/dev/pts/3", "/x"], { minLength: 1 }),
  session: fc.subarray([4000, 1], { minLength: 1 }),
  uid: fc.subarray([0, OUR_UID], { minLength: 1 }),
  maxTtl: fc.constantFrom(1, 100),
}, { requiredKeys: ["action"] });

const anyAsk: fc.Arbitrary<Differences> = fc.record({
  signed: fc.constantFrom(login(), login(undefined, "x"), sshsig("git"), sshsig("file"), OTHER, login(blobOf(9))),
  route: fc.constantFrom(UNBOUND, bound(HERE), FORWARDED, TWO_BASTIONS, BEYOND, POISONED),
  peer: fc.record({
    uid: fc.constantFrom(OUR_UID, 0, 7),
    exe: fc.constantFrom("/usr/bin/ssh", "/bin/x", undefined),
    foreignMounts: fc.constantFrom(true, false),
  }, { requiredKeys: [] }),
  identity: fc.record({
    reprompt: fc.boolean(),
    limits: fc.constantFrom({}, { sign: ["auth"] }, { hosts: [HERE] }, { approve: "always" as const }),
    expires: fc.constantFrom(later(NOW, 500), later(NOW, 50_000)),
  }, { requiredKeys: [] }),
}, { requiredKeys: [] });

const STRICTNESS = { deny: 0, ask: 1, allow: 2 } as const;

Deno.test("a deny rule in front never allows more", () => {
  fc.assert(
    fc.property(fc.array(anyRule, { maxLength: 4 }), anyRule, anyAsk, fc.boolean(), (rules, first, ask, byDefault) => {
      const verdictOf = (all: readonly Partial<Rule>[]): keyof typeof STRICTNESS =>
        decide(askWith(ask), { ...policyOf(...all), denyForwardedByDefault: byDefault }, NO_GRANTS, NOW).kind;
      const [before, after] = [verdictOf(rules), verdictOf([{ ...first, action: "deny" }, ...rules])];
      equal(STRICTNESS[after] <= STRICTNESS[before], true);
    }),
    { numRuns: 3000 },
  );
});

Deno.test("a rule with a field less never matches less, unless leaving the field out means something", () => {
  let widened = 0;
  fc.assert(
    fc.property(anyRule, anyAsk, fc.nat(), (rule, ask, which) => {
      // Left out, these do not match anything, but what is harmless.
      const names = Object.keys(rule).filter((name) => !["action", "kinds", "forwarded", "via", "uid"].includes(name));
      const left = names[which % names.length];
      if (left === undefined) return;
      const [narrow, wide] = [matches(rule, ask), matches({ ...rule, [left]: undefined }, ask)];
      equal(narrow && !wide, false);
      if (wide && !narrow) widened++;
    }),
    { numRuns: 5000 },
  );
  equal(widened > 0, true);
});

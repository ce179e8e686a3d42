import { deepStrictEqual as deepEqual, strictEqual as equal } from "node:assert/strict";
import fc from "fast-check";
import { globMatches } from "../../mod/policy/glob.ts";
import { kindWord, parseKind, type Rule, ruleMatches } from "../../mod/policy/rules.ts";
import { askWith, FINGERPRINT, login, OTHER, sshsig } from "./asks.ts";

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

for (const [kinds, matches] of KINDS) {
  Deno.test(`a rule with kinds ${kinds === undefined ? "left out" : kinds.join(", ")} matches ${matches.join(", ")}`, () => {
    const patterns = kinds?.map(parseKind).filter((kind) => kind !== undefined);
    const rule: Rule = { name: "rule 1", origin: "x:1", action: "allow", ...(patterns && { kinds: patterns }) };
    const matched = Object.entries(ALL).filter(([, signed]) => ruleMatches(rule, askWith({ signed })));
    deepEqual(matched.map(([name]) => name), matches);
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

for (const [keys, matches] of KEYS) {
  Deno.test(`a rule with keys ${keys.join(", ")} ${matches ? "matches" : "does not match"}`, () => {
    equal(ruleMatches({ name: "rule 1", origin: "x:1", action: "allow", keys }, askWith()), matches);
  });
}

Deno.test("a rule matches no key without a name by an empty one", () => {
  const rule: Rule = { name: "rule 1", origin: "x:1", action: "allow", keys: ["work *"] };
  equal(ruleMatches(rule, askWith({ identity: { itemName: "", comment: "" } })), false);
});

Deno.test("a rule without forwarded or via never matches a forwarded connection", () => {
  const rule: Rule = { name: "rule 1", origin: "x:1", action: "allow" };
  equal(ruleMatches(rule, askWith()), true);
  equal(ruleMatches(rule, askWith({ route: { forwarded: true } })), false);
});

Deno.test("a rule needs one of its keys and one of its kinds", () => {
  const rule: Rule = { name: "rule 1", origin: "x:1", action: "allow", keys: ["me@*"], kinds: [{ kind: "auth" }] };
  equal(ruleMatches(rule, askWith()), true);
  equal(ruleMatches(rule, askWith({ signed: sshsig("git") })), false);
  equal(ruleMatches(rule, askWith({ identity: { comment: "x" } })), false);
});

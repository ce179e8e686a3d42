import { deepStrictEqual as deepEqual } from "node:assert/strict";
import { load, problems } from "./harness.ts";

const FINGERPRINT = `SHA256:${"a".repeat(43)}`;
const KINDS = '"auth" or "sshsig", "sshsig:NAMESPACE", "certificate" or "other"';

Deno.test("rules are read with their fields, in order, drop-ins last", async () => {
  const one = `[[rules]]\naction = "allow"\nkeys = ["${FINGERPRINT}", "\${WHO}-*"]\nkinds = ["auth", "sshsig:git"]\n` +
    '\n[[rules]]\naction = "ask"';
  const two = 'rules = [\n  { action = "deny", kinds = ["other"] },\n]';
  const { config, origins } = await load([one, "[auth]", two], { env: { WHO: "work" } });
  deepEqual(config.rules, [
    {
      name: "rule 1",
      origin: "1.toml:1",
      action: "allow",
      keys: [FINGERPRINT, "work-*"],
      kinds: [{ kind: "auth" }, { kind: "sshsig", namespace: "git" }],
    },
    { name: "rule 2", origin: "1.toml:6", action: "ask" },
    { name: "rule 3", origin: "3.toml:2", action: "deny", kinds: [{ kind: "other" }] },
  ]);
  deepEqual(["rules[1]", "rules[2]", "rules[3]"].map((key) => origins.get(key)), ["1.toml:1", "1.toml:6", "3.toml:2"]);
});

const NOT_YET = [
  ...[
    'hosts = ["h"]',
    'users = ["u"]',
    'exe = ["/x"]',
    'ancestors = ["/x"]',
    'cgroup = "x"',
    'tty = "x"',
    'session = "x"',
  ],
  ...["uid = 0", "forwarded = false", "forwarded = true", 'via = ["b"]', 'remember = "app"', 'remember_for = "1m"'],
  'max_ttl = "1h"',
];

for (const line of NOT_YET) {
  const name = line.split(" ")[0];
  Deno.test(`a rule with a field this version cannot enforce is refused: ${line}`, async () => {
    deepEqual(await problems(`[[rules]]\naction = "allow"\n${line}`), [
      `1.toml:3 rules[1].${name}: "rules[1].${name}" is a field that this version cannot enforce, so it refuses the rule`,
    ]);
  });
}

const BAD: readonly (readonly [text: string, problem: string])[] = [
  ['keys = ["x"]', '1 rules[1]: "rules[1]" must have the field "action": "allow", "ask" or "deny"'],
  [
    'action = "alow"',
    '2 rules[1].action: "rules[1].action" must be "allow", "ask" or "deny", found "alow" | did you mean "allow"?',
  ],
  [
    "action = true",
    '2 rules[1].action: "rules[1].action" must be "allow", "ask" or "deny", found true',
  ],
  [
    'action = "deny"\nkey = ["x"]',
    '3 rules[1].key: "rules[1].key" is not a field of a rule; the fields are "action", "keys" and "kinds"' +
    ' | did you mean "keys"?',
  ],
  [
    'action = "deny"\nhost = ["x"]',
    '3 rules[1].host: "rules[1].host" is not a field of a rule; the fields are "action", "keys" and "kinds"' +
    ' | did you mean "hosts"?',
  ],
  [
    'action = "deny"\nkeys = "x"',
    '3 rules[1].keys: "rules[1].keys" must be a list of fingerprints, item ids, and globs for comments and item names,' +
    " found a string",
  ],
  [
    'action = "deny"\nkeys = []',
    '3 rules[1].keys: "rules[1].keys" must be a list with an element; to match every key, leave the field out, found a list',
  ],
  [
    'action = "deny"\nkeys = [\n"x",\n"SHA256:abc",\n""]',
    '5 rules[1].keys[2]: "rules[1].keys[2]" must be a whole fingerprint: "SHA256:" and 43 letters, as ssh-keygen -l' +
    " prints it, found a string",
  ],
  [
    'action = "deny"\nkinds = ["ssh-sig"]',
    `3 rules[1].kinds[1]: "rules[1].kinds[1]" must be ${KINDS}, found "ssh-sig" | did you mean "sshsig"?`,
  ],
  [
    'action = "deny"\nkinds = ["sshsig:"]',
    `3 rules[1].kinds[1]: "rules[1].kinds[1]" must be ${KINDS}, found "sshsig:" | did you mean "sshsig"?`,
  ],
  [
    'action = "deny"\nkinds = []',
    '3 rules[1].kinds: "rules[1].kinds" must be a list with an element; to match auth and sshsig, leave the field out,' +
    " found a list",
  ],
];

for (const [text, problem] of BAD) {
  Deno.test(`a rule is refused: ${text.replaceAll("\n", "⏎")}`, async () => {
    deepEqual((await problems(`[[rules]]\n${text}`)).slice(0, 1), [`1.toml:${problem}`]);
  });
}

Deno.test("what is not a table is no rule", async () => {
  deepEqual(await problems("rules = [\n1, 'x']"), [
    '1.toml:2 rules[1]: "rules[1]" must be a table, found the number 1',
    '1.toml:2 rules[2]: "rules[2]" must be a table, found a string',
  ]);
});

import { deepStrictEqual as deepEqual, strictEqual as equal } from "node:assert/strict";
import { RULE_FIELDS } from "../../mod/config/settings.ts";
import { load, problems } from "./harness.ts";

const FINGERPRINT = `SHA256:${"a/+".repeat(14)}b`; // such a name no host has
const FIELDS = `the fields are ${RULE_FIELDS.map((name) => `"${name}"`).join(", ")}`.replace(
  /, (?="max_ttl")/,
  " and ",
);
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

Deno.test("every field of a rule is read, and shown as it would be written", async () => {
  const text = `[[rules]]
action = "ask"
keys = ["work-*"]
kinds = ["auth", "sshsig:git"]
hosts = ["git.example.org", "*.example.net", "${FINGERPRINT}"]
users = ["git"]
forwarded = true
via = ["bastion.example.org"]
exe = ["/usr/bin/ssh", "\${HOME}/bin/*"]
ancestors = ["*/zsh"]
cgroup = ["*/app.slice/*"]
tty = ["/dev/pts/*"]
session = [77]
uid = [0, 1000]
remember = "app+session"
remember_for = "1h30m"
max_ttl = "90s"`;
  const { config, shown } = await load(text, { env: { HOME: "/home/user" } });
  const same = {
    hosts: ["git.example.org", "*.example.net", FINGERPRINT],
    users: ["git"],
    forwarded: true,
    via: ["bastion.example.org"],
    exe: ["/usr/bin/ssh", "/home/user/bin/*"],
    ancestors: ["*/zsh"],
    cgroup: ["*/app.slice/*"],
    tty: ["/dev/pts/*"],
    session: [77],
    uid: [0, 1000],
    remember: "app+session",
  } as const;
  deepEqual(config.rules, [{
    name: "rule 1",
    origin: "1.toml:1",
    action: "ask",
    keys: ["work-*"],
    ...same,
    kinds: [{ kind: "auth" }, { kind: "sshsig", namespace: "git" }],
    rememberFor: 5400,
    maxTtl: 90,
  }]);
  deepEqual(shown.get("rules[1]"), {
    action: "ask",
    keys: ["work-*"],
    kinds: ["auth", "sshsig:git"],
    ...same,
    remember_for: "1h30m",
    max_ttl: "1m30s",
  });
  deepEqual(Object.keys(shown.get("rules[1]") ?? {}), RULE_FIELDS);
});

Deno.test("one value stands for a list of it where the name is singular", async () => {
  const text = '[[rules]]\naction = "deny"\nexe = "/x"\ncgroup = "/c"\ntty = "/t"\nsession = 1\nuid = 0';
  deepEqual((await load(text)).config.rules, [{
    ...{ name: "rule 1", origin: "1.toml:1", action: "deny" },
    ...{ exe: ["/x"], cgroup: ["/c"], tty: ["/t"], session: [1], uid: [0] },
  }]);
});

const PROGRAM = 'the path of a program from its "/" on, or a glob for it, such as "/usr/bin/ssh" or "*/ssh"';
const UP_TO_A_DAY = 'a duration from "1s" to "24h", such as "15m"';
const ID = (least: number) => `a whole number from ${least} to 4294967295`;

/** Field as written, element or field it is about, what it must be and what was found. */
const BAD_FIELDS: readonly (readonly [line: string, where: string, must: string])[] = [
  ['hosts = "h"', "hosts", 'a list of host names, found "h"'],
  ["hosts = []", "hosts", "a list with an element; to match every host, leave the field out, found a list"],
  ['hosts = ["h", "git@h"]', "hosts[2]", 'the name of a host alone; the login name goes into "users", found "git@h"'],
  [
    'hosts = ["h/24"]',
    "hosts[1]",
    'the name of one host, as known_hosts has it, or a glob for such names, found "h/24"',
  ],
  [
    'via = ["SHA256:x"]',
    "via[1]",
    'a whole fingerprint: "SHA256:" and 43 letters, as ssh-keygen -l prints it, found "SHA256:x"',
  ],
  ["users = [7]", "users[1]", "a string, found the number 7"],
  ['users = [""]', "users[1]", 'a pattern; "*" matches everything, found ""'],
  ['forwarded = "no"', "forwarded", 'true or false, found "no"'],
  ['exe = "ssh"', "exe", `${PROGRAM}, found "ssh"`],
  ['exe = ["~/ssh"]', "exe[1]", `${PROGRAM}, found "~/ssh"`],
  ["exe = true", "exe", "a list of paths of programs, found true"],
  ['ancestors = ["zsh"]', "ancestors[1]", `${PROGRAM}, found "zsh"`],
  [
    'cgroup = "app.slice"',
    "cgroup",
    'a cgroup from its "/" on, or a glob for it, such as "/user.slice/*" or "*/docker-*.scope", found "app.slice"',
  ],
  [
    'tty = "pts/3"',
    "tty",
    'a terminal from its "/" on, or a glob for it, such as "/dev/tty1" or "/dev/pts/*", found "pts/3"',
  ],
  ["session = 0", "session", `${ID(1)}, found the number 0`],
  ["uid = [-1]", "uid[1]", `${ID(0)}, found the number -1`],
  ['uid = ["root"]', "uid[1]", `${ID(0)}, found "root"`],
  [
    'remember = "ap"',
    "remember",
    '"once", "connection", "app", "app+session" or "host", found "ap" | did you mean "app"?',
  ],
  ["remember_for = 900", "remember_for", `${UP_TO_A_DAY}, found the number 900`],
  ['remember_for = "15"', "remember_for", `${UP_TO_A_DAY}, found "15"`],
  ['remember_for = "0s"', "remember_for", `${UP_TO_A_DAY}, found "0s"`],
  ['remember_for = "25h"', "remember_for", `${UP_TO_A_DAY}, found "25h"`],
  ['remember_for = "15 minutes"', "remember_for", `${UP_TO_A_DAY}, found "15 minutes"`],
  ['max_ttl = "x"', "max_ttl", 'a duration of at least "1s", such as "1h", found "x"'],
];

for (const [line, where, must] of BAD_FIELDS) {
  Deno.test(`a rule is refused for ${line}`, async () => {
    deepEqual(await problems(`[[rules]]\naction = "ask"\n${line}`), [
      `1.toml:3 rules[1].${where}: "rules[1].${where}" must be ${must}`,
    ]);
  });
}

const CONTRADICTIONS: readonly (readonly [text: string, problem: string])[] = [
  [
    'action = "allow"\nremember = "app"',
    '3 rules[1].remember: "rules[1].remember" has no effect with action = "allow" | set action = "ask" or remove it',
  ],
  [
    'action = "ask"\nremember_for = "1m"',
    '3 rules[1].remember_for: "rules[1].remember_for" has no effect without a scope | write remember = "app", say,' +
    " beside it",
  ],
  [
    'action = "ask"\nremember_for = "1m"\nremember = "once"',
    '3 rules[1].remember_for: "rules[1].remember_for" has no effect without a scope | write remember = "app", say,' +
    " beside it",
  ],
  [
    'action = "ask"\nforwarded = false\nvia = ["b"]',
    '4 rules[1].via: "rules[1].via" has no effect with forwarded = false | remove one of the two',
  ],
  [
    'action = "deny"\nkinds = ["sshsig"]\nhosts = ["h"]',
    '4 rules[1].hosts: "rules[1].hosts" is about logins, and kinds does not name them | write kinds = ["auth"]',
  ],
  [
    'action = "deny"\nkinds = ["other", "sshsig:git"]\nusers = ["u"]',
    '4 rules[1].users: "rules[1].users" is about logins, and kinds does not name them | write kinds = ["auth"]',
  ],
];

for (const [text, problem] of CONTRADICTIONS) {
  Deno.test(`fields that contradict each other are refused: ${problem.slice(2)}`, async () => {
    deepEqual(await problems(`[[rules]]\n${text}`), [`1.toml:${problem}`]);
  });
}

Deno.test("what a variable holds is not repeated in an error about a rule", async () => {
  const text = '[[rules]]\naction = "deny"\nhosts = ["x", "${SECRET}"]\nkinds = ["${SECRET}"]';
  const all = (await problems(text, { env: { SECRET: "a@hunter2" } })).join("\n");
  equal(all.includes("hunter2"), false);
  equal(all.split("\n").length, 2);
});

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
    '3 rules[1].key: "rules[1].key" is not a field of a rule; ' + FIELDS +
    ' | did you mean "keys"?',
  ],
  [
    'action = "deny"\nhost = ["x"]',
    '3 rules[1].host: "rules[1].host" is not a field of a rule; ' +
    FIELDS +
    ' | did you mean "hosts"?',
  ],
  [
    'action = "deny"\nkeys = "x"',
    '3 rules[1].keys: "rules[1].keys" must be a list of fingerprints, item ids, and globs for comments and item names,' +
    ' found "x"',
  ],
  [
    'action = "deny"\nkeys = []',
    '3 rules[1].keys: "rules[1].keys" must be a list with an element; to match every key, leave the field out, found a list',
  ],
  [
    'action = "deny"\nkeys = [\n"x",\n"SHA256:abc",\n""]',
    '5 rules[1].keys[2]: "rules[1].keys[2]" must be a whole fingerprint: "SHA256:" and 43 letters, as ssh-keygen -l' +
    ' prints it, found "SHA256:abc"',
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

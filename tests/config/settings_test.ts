import { deepStrictEqual as deepEqual, strictEqual as equal } from "node:assert/strict";
import type { Config } from "../../mod/config/model.ts";
import { DEFAULTS, SETTING_KEYS } from "../../mod/config/settings.ts";
import { SCHEMAS } from "../../mod/config/schema.ts";
import { load, problems } from "./harness.ts";

const ID = "2f1b2f4e-0c39-4e6e-9f3c-1d2e3f405162";
const ABSOLUTE = 'an absolute path, starting with "/" (write ${HOME} for your home directory)';
const PATH_STRING = 'an absolute path, in quotes and starting with "/"';
const PROGRAM = 'an absolute path or a bare name; with arguments, a list such as ["deno", "run"]';
const BUS = 'the address of one bus on this machine, such as "unix:path=/run/dbus/system_bus_socket"';
const IDS = "an id of the vault, letters, digits and hyphens as bw prints it";

interface Row {
  readonly pick: (config: Config) => unknown;
  readonly byDefault: unknown;
  /** What one writes, and what becomes of it. */
  readonly good: readonly (readonly [toml: string, value: unknown])[];
  /** What one writes, and what the value must be, and what was found. */
  readonly bad: readonly (readonly [toml: string, must: string])[];
  /** Another setting that has to be written too. */
  readonly with?: string;
}

const TRUTH: Row["bad"] = [
  ['"true"', 'true or false, found "true"'],
  ["1", "true or false, found the number 1"],
  ["[]", "true or false, found a list"],
];
const truth = (pick: Row["pick"], byDefault: boolean): Row => ({
  pick,
  byDefault,
  good: [["true", true], ["false", false]],
  bad: TRUTH,
});
const number = (
  pick: Row["pick"],
  { byDefault, least, most }: { byDefault: number; least: number; most: number },
): Row => ({
  pick,
  byDefault,
  good: [[`${least}`, least], [`${most}`, most]],
  bad: [least - 1, most + 1].map((wrong) =>
    [`${wrong}`, `a whole number from ${least} to ${most}, found the number ${wrong}`] as const
  ),
});
const perMinute = (pick: Row["pick"], byDefault: number): Row =>
  number(pick, { byDefault, least: 0, most: 60_000_000 });
/** Only one value is true to what this version does. */
const fixed = (pick: Row["pick"], only: boolean): Row => ({
  pick,
  byDefault: only,
  good: [[`${only}`, only]],
  bad: TRUTH,
});

const ROWS: Record<keyof typeof DEFAULTS, Row> = {
  "daemon.runtime_dir": {
    pick: ({ daemon }) => daemon.runtimeDir,
    byDefault: "/run/user/1000/bwssh",
    good: [['"/a b/c"', "/a b/c"], ['"${XDG_RUNTIME_DIR}/x"', "/run/user/1000/x"]],
    bad: [
      ['"run/x"', `${ABSOLUTE}, found "run/x"`],
      ['"~/x"', `${ABSOLUTE}, found "~/x"`],
      ["7", `${PATH_STRING}, found the number 7`],
      ['"/a\\u0000b"', 'a path without control characters, found "/a\\u{0}b"'],
    ],
  },
  "daemon.agent_socket": {
    pick: ({ daemon }) => daemon.agentSocket,
    byDefault: "/run/user/1000/bwssh/agent.sock",
    good: [['"/a.sock"', "/a.sock"], [`"/${"x".repeat(106)}"`, `/${"x".repeat(106)}`]],
    bad: [
      ['""', `${ABSOLUTE}, found ""`],
      [
        `"/${"x".repeat(107)}"`,
        `a path of at most 107 bytes, the longest the kernel takes for a socket, found "/${"x".repeat(59)}…"`,
      ],
    ],
  },
  "daemon.control_socket": {
    pick: ({ daemon }) => daemon.controlSocket,
    byDefault: "/run/user/1000/bwssh/control.sock",
    good: [['"${daemon.runtime_dir}/c"', "/run/user/1000/bwssh/c"]],
    bad: [["{ a = 1 }", `${PATH_STRING}, found a table`]],
  },
  "daemon.log_level": {
    pick: ({ daemon }) => daemon.logLevel,
    byDefault: "info",
    good: ["debug", "info", "warning", "error"].map((word) => [`"${word}"`, word]),
    bad: [
      ['"warn"', '"debug", "info", "warning" or "error", found "warn"'],
      ['"DEBUG"', '"debug", "info", "warning" or "error", found "DEBUG" | did you mean "debug"?'],
      ["true", '"debug", "info", "warning" or "error", found true'],
    ],
  },
  "daemon.max_connections": {
    pick: ({ daemon }) => daemon.maxConnections,
    byDefault: 2048,
    good: [["1", 1], ["1_000_000", 1_000_000]],
    bad: [
      ["0", "a whole number from 1 to 1000000, found the number 0"],
      ["1.5", "a whole number from 1 to 1000000, found the number 1.5"],
      ["inf", "a whole number from 1 to 1000000, found the number Infinity"],
      ["nan", "a whole number from 1 to 1000000, found the number NaN"],
      ['"9"', 'a whole number from 1 to 1000000, found "9"'],
    ],
  },
  "bitwarden.bw_path": {
    pick: ({ bitwarden }) => bitwarden.bwPath,
    byDefault: ["bw"],
    good: [
      ['"/opt/b w/bw"', ["/opt/b w/bw"]],
      ['["deno", "run", "-A", "${HOME}/bw.js"]', ["deno", "run", "-A", "/home/user/bw.js"]],
    ],
    bad: [
      ['"bw --raw"', `${PROGRAM}, found "bw --raw"`],
      ['"./bw"', `${PROGRAM}, found "./bw"`],
      ['"~/bw"', `${PROGRAM}, found "~/bw"`],
      ['"-x"', `${PROGRAM}, found "-x"`],
      ['""', `${PROGRAM}, found ""`],
      ["[]", `${PROGRAM}, found a list`],
      ["[1]", "a string or a list of strings, found a list"],
      ['["bw", "\\n"]', "words without control characters, found a list"],
    ],
  },
  "bitwarden.mode": {
    pick: ({ bitwarden }) => bitwarden.mode,
    byDefault: "query",
    good: [['"explicit"', "explicit"], ['"query"', "query"]],
    bad: [['"explicite"', '"explicit" or "query", found "explicite" | did you mean "explicit"?']],
  },
  "bitwarden.item_ids": {
    pick: ({ bitwarden }) => bitwarden.itemIds,
    byDefault: [],
    good: [[`["${ID}", "x"]`, [ID, "x"]], ["[]", []]],
    bad: [[`"${ID}"`, `a list of ids of the vault, found "${ID}"`]],
    with: 'mode = "explicit"',
  },
  "bitwarden.query": {
    pick: ({ bitwarden }) => bitwarden.query,
    byDefault: "",
    good: [['"tag:ssh OR type:sshkey"', "tag:ssh OR type:sshkey"]],
    bad: [["3", "a string, found the number 3"], ['"a\\nb"', 'a string without control characters, found "a\\u{a}b"']],
  },
  "bitwarden.collection_ids": {
    pick: ({ bitwarden }) => bitwarden.collectionIds,
    byDefault: [],
    good: [[`["${ID}"]`, [ID]]],
    bad: [["1979-05-27", "a list of ids of the vault, found a date or time"]],
  },
  "bitwarden.data_dir": {
    pick: ({ bitwarden }) => bitwarden.dataDir,
    byDefault: undefined,
    good: [['"${HOME}/bw"', "/home/user/bw"]],
    bad: [['"bw"', `${ABSOLUTE}, found "bw"`]],
  },
  "bitwarden.attachments": truth(({ bitwarden }) => bitwarden.attachments, false),
  "bitwarden.timeout_seconds": {
    pick: ({ bitwarden }) => bitwarden.timeoutSeconds,
    byDefault: 60,
    good: [["3600", 3600]],
    bad: [['"1m"', 'a whole number from 1 to 3600, found "1m"'], [
      "-1",
      "a whole number from 1 to 3600, found the number -1",
    ]],
  },
  "auth.approval_mode": {
    pick: ({ auth }) => auth.approvalMode,
    byDefault: "ttl",
    good: ["always", "per_connection", "ttl"].map((word) => [`"${word}"`, word]),
    bad: [[
      '"per-connection"',
      '"always", "per_connection" or "ttl", found "per-connection" | did you mean "per_connection"?',
    ]],
  },
  "auth.approval_ttl_seconds": {
    pick: ({ auth }) => auth.approvalTtlSeconds,
    byDefault: 300,
    good: [["86400", 86400]],
    bad: [["86401", "a whole number from 1 to 86400, found the number 86401"]],
  },
  "auth.deny_forwarded_by_default": truth(({ auth }) => auth.denyForwardedByDefault, true),
  "auth.approver": {
    pick: ({ auth }) => auth.approver,
    byDefault: "polkit",
    good: ["polkit", "askpass", "control", "none"].map((word) => [`"${word}"`, word]),
    bad: [
      ['"polkt"', '"polkit", "askpass", "control" or "none", found "polkt" | did you mean "polkit"?'],
      ["false", '"polkit", "askpass", "control" or "none", found false'],
    ],
  },
  "auth.protect_unlock": fixed(({ auth }) => auth.protectUnlock, false),
  "auth.protect_list": fixed(({ auth }) => auth.protectList, false),
  "auth.prompt_seconds": number(({ auth }) => auth.promptSeconds, { byDefault: 120, least: 1, most: 3600 }),
  "auth.queue": number(({ auth }) => auth.queue, { byDefault: 4, least: 1, most: 1000 }),
  "auth.subject": {
    pick: ({ auth }) => auth.subject,
    byDefault: "daemon",
    good: [['"client"', "client"], ['"daemon"', "daemon"]],
    bad: [['"clent"', '"daemon" or "client", found "clent" | did you mean "client"?']],
  },
  "auth.system_bus": {
    pick: ({ auth }) => auth.systemBus,
    byDefault: undefined,
    good: [
      ['"unix:path=/run/bus"', "unix:path=/run/bus"],
      ['"unix:abstract=x,guid=1"', "unix:abstract=x,guid=1"],
      ['"unix:path=${HOME}/bus"', "unix:path=/home/user/bus"],
    ],
    bad: [
      ['"/run/bus"', `${BUS}, found "/run/bus"`],
      ['"unix:path=/a;unix:path=/b"', `${BUS}, found "unix:path=/a;unix:path=/b"`],
      ['"tcp:host=x"', `${BUS}, found "tcp:host=x"`],
      ['"autolaunch:"', `${BUS}, found "autolaunch:"`],
      ['""', `${BUS}, found ""`],
      ["true", "the address of a bus, a string, found true"],
    ],
  },
  "auth.known_hosts": {
    pick: ({ auth }) => auth.knownHosts,
    byDefault: ["/etc/ssh/ssh_known_hosts"],
    good: [["[]", []], ['["${HOME}/kh", "/x"]', ["/home/user/kh", "/x"]]],
    bad: [['"/x"', 'a list of absolute paths, found "/x"']],
  },
  "limits.requests_per_connection": perMinute(({ limits }) => limits.requestsPerConnection, 0),
  "limits.requests_per_process_key": perMinute(({ limits }) => limits.requestsPerProcessKey, 0),
  "limits.requests_per_exe": perMinute(({ limits }) => limits.requestsPerExe, 0),
  "limits.prompts_per_connection": perMinute(({ limits }) => limits.promptsPerConnection, 20),
  "limits.prompts_per_process_key": perMinute(({ limits }) => limits.promptsPerProcessKey, 20),
  "limits.prompts_per_exe": perMinute(({ limits }) => limits.promptsPerExe, 60),
  "limits.cooldown_after": number(({ limits }) => limits.cooldownAfter, { byDefault: 2, least: 0, most: 1000 }),
  "limits.cooldown_seconds": number(({ limits }) => limits.cooldownSeconds, { byDefault: 300, least: 0, most: 86_400 }),
  "audit.file": {
    pick: ({ audit }) => audit.file,
    byDefault: undefined,
    good: [['"/var/x"', "/var/x"], ['"${HOME}/a.jsonl"', "/home/user/a.jsonl"]],
    bad: [['"a.jsonl"', `${ABSOLUTE}, found "a.jsonl"`]],
  },
  "audit.max_bytes": number(({ audit }) => audit.maxBytes, {
    byDefault: 16_777_216,
    least: 65_536,
    most: 1_073_741_824,
  }),
  "audit.on_failure": {
    pick: ({ audit }) => audit.onFailure,
    byDefault: "deny",
    good: [['"warn"', "warn"], ['"deny"', "deny"]],
    bad: [['"ignore"', '"deny" or "warn", found "ignore"'], ["false", '"deny" or "warn", found false']],
  },
  "ssh.allow_ed25519": truth(({ ssh }) => ssh.allowEd25519, true),
  "ssh.allow_ecdsa": truth(({ ssh }) => ssh.allowEcdsa, true),
  "ssh.allow_rsa": truth(({ ssh }) => ssh.allowRsa, true),
  "ssh.prefer_rsa_sha2": truth(({ ssh }) => ssh.preferRsaSha2, true),
  "ssh.allow_rsa_sha1": truth(({ ssh }) => ssh.allowRsaSha1, false),
  "agent.allow_add": fixed(({ agent }) => agent.allowAdd, false),
  "agent.list_when_locked": truth(({ agent }) => agent.listWhenLocked, true),
  "memory.require_locked": truth(({ memory }) => memory.requireLocked, true),
};

const env = { HOME: "/home/user" };

for (const [key, row] of Object.entries(ROWS)) {
  const [table, name] = key.split(".");
  const write = (toml: string): string => `# settings\n[${table}]\n${row.with ?? "# alone"}\n${name} = ${toml}\n`;
  Deno.test(`${key} has its default, takes what it should, and says what it must be`, async () => {
    deepEqual(row.pick((await load("")).config), row.byDefault);
    for (const [toml, value] of row.good) {
      const loaded = await load(write(toml), { env });
      deepEqual(row.pick(loaded.config), value, toml);
      equal(loaded.origins.get(key), "1.toml:4");
    }
    for (const [toml, must] of row.bad) {
      deepEqual(await problems(write(toml), { env }), [`1.toml:4 ${key}: "${key}" must be ${must}`]);
      // A later file that overrides a bad value does not make it good.
      equal((await problems([write(toml), `${table}.${name} = ${row.good[0]?.[0]}`], { env })).length, 1);
    }
  });
}

Deno.test("every setting has a schema and a default", () => {
  deepEqual(Object.keys(SCHEMAS), SETTING_KEYS);
  deepEqual(Object.keys(ROWS), SETTING_KEYS);
});

Deno.test("settings that this version cannot honour are refused, never ignored", async () => {
  deepEqual(await problems("agent.allow_add = true"), [
    '1.toml:1 agent.allow_add: "agent.allow_add" must be false: this version cannot yet take keys from ssh-add' +
    " | remove the line; false is the default",
  ]);
});

Deno.test("some defaults depend on HOME and the XDG directories", async () => {
  const { config } = await load("", { env: { HOME: "/home/user" } });
  deepEqual(config.auth.knownHosts, [
    "/home/user/.ssh/known_hosts",
    "/home/user/.ssh/known_hosts2",
    "/etc/ssh/ssh_known_hosts",
  ]);
  equal(config.audit.file, "/home/user/.local/state/bwssh/audit.jsonl");
  equal((await load("", { env: { XDG_STATE_HOME: "/s" } })).config.audit.file, "/s/bwssh/audit.jsonl");
});

Deno.test("elements of lists are named with their own line", async () => {
  const text = `[bitwarden]\nmode = "explicit"\nitem_ids = [\n  "${ID}",\n  7,\n  "<uuid-1>", "--raw",\n]`;
  deepEqual(await problems(text), [
    '1.toml:5 bitwarden.item_ids[2]: "bitwarden.item_ids[2]" must be an id of the vault, a string, found the number 7',
    `1.toml:6 bitwarden.item_ids[3]: "bitwarden.item_ids[3]" must be ${IDS}, found "<uuid-1>"`,
    `1.toml:6 bitwarden.item_ids[4]: "bitwarden.item_ids[4]" must be ${IDS}, found "--raw"`,
  ]);
});

Deno.test("what a variable holds is not repeated in an error", async () => {
  const text = '[auth]\napprover = "${SECRET}"';
  deepEqual(await problems(text, { env: { SECRET: "hunter2" } }), [
    '1.toml:2 auth.approver: "auth.approver" must be "polkit", "askpass", "control" or "none", found a string',
  ]);
});

const CONTRADICTIONS: readonly (readonly [text: string, problem: string])[] = [
  [
    'item_ids = ["x"]',
    '1.toml:2 bitwarden.item_ids: "bitwarden.item_ids" has no effect with bitwarden.mode = "query"' +
    ' | set bitwarden.mode = "explicit" or remove it',
  ],
  [
    'query = "x"\nmode = "explicit"\nitem_ids = ["x"]',
    '1.toml:2 bitwarden.query: "bitwarden.query" has no effect with bitwarden.mode = "explicit"' +
    ' | set bitwarden.mode = "query" or remove it',
  ],
  [
    'collection_ids = ["x"]\nmode = "explicit"\nitem_ids = ["x"]',
    '1.toml:2 bitwarden.collection_ids: "bitwarden.collection_ids" has no effect with bitwarden.mode = "explicit"' +
    ' | set bitwarden.mode = "query" or remove it',
  ],
  [
    '[daemon]\nagent_socket = "/s"\ncontrol_socket = "/s"',
    "1.toml:4 daemon.control_socket: The agent and the control socket must be two paths",
  ],
];

for (const [text, problem] of CONTRADICTIONS) {
  Deno.test(`settings that contradict each other are refused: ${problem.slice(9)}`, async () => {
    deepEqual(await problems(`[bitwarden]\n${text}`), [problem]);
  });
}

Deno.test("settings that change nothing are warned about", async () => {
  deepEqual((await load("")).warnings, []);
  deepEqual((await load("\n[ssh]\nprefer_rsa_sha2 = false")).warnings, [
    '1.toml:3: "ssh.prefer_rsa_sha2" = false changes nothing: the flags of each request decide',
  ]);
  deepEqual((await load('bitwarden.mode = "explicit"')).warnings, [
    '1.toml:1: bitwarden.mode = "explicit" without bitwarden.item_ids offers no key',
  ]);
});

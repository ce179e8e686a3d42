import { deepStrictEqual as deepEqual, match, rejects, strictEqual as equal } from "node:assert/strict";
import fc from "fast-check";
import { changedSecurityKeys } from "../../mod/config/digest.ts";
import { ConfigError } from "../../mod/config/error.ts";
import { loadConfig, type LoadOptions } from "../../mod/config/load.ts";
import { locateSocket } from "../../mod/config/locate.ts";
import { configShown, valueText } from "../../mod/config/show.ts";
import { makeTempDir, type TempDir } from "../support/temp.ts";
import { environment, load } from "./harness.ts";

const uid = Deno.uid() ?? -1;

function withFiles(files: Readonly<Record<string, string>>): TempDir {
  const temp = makeTempDir();
  temp.dir("bwssh", "config.d");
  for (const [name, text] of Object.entries(files)) temp.write(`bwssh/${name}`, text);
  return temp;
}

function options(temp: TempDir, env: Readonly<Record<string, string>> = {}): LoadOptions {
  return { uid, env: environment({ XDG_CONFIG_HOME: temp.path, XDG_RUNTIME_DIR: "/run/user/1", ...env }) };
}

Deno.test("loadConfig() overrides key by key: default, file, drop-ins by name, environment, command line", async () => {
  using temp = withFiles({
    "config.toml":
      '[daemon]\nlog_level = "error"\nmax_connections = 7\n[auth]\napprover = "none"\n[[rules]]\naction = "ask"',
    "config.d/20.toml": 'rules = [{ action = "deny" }]\n[daemon]\nmax_connections = 9\nruntime_dir = "/20"',
    "config.d/10.toml": "[daemon]\nmax_connections = 8\nagent_socket = '/10.sock'\n[[rules]]\naction = 'allow'",
    "config.d/30.off": "[zzz]",
  });
  const base = options(temp, {
    BWSSH_LOG_LEVEL: "debug",
    BWSSH_CONTROL_SOCKET: "/env.sock",
    BWSSH_RUNTIME_DIR: "/env",
  });
  const { config, origins, files } = await loadConfig({ ...base, commandLine: { runtimeDir: "/line" } });
  const place = (name: string): string => `${temp.path}/bwssh/${name}`;
  deepEqual(files, ["config.toml", "config.d/10.toml", "config.d/20.toml"].map(place));
  deepEqual(config.daemon, {
    runtimeDir: "/line",
    agentSocket: "/10.sock",
    controlSocket: "/env.sock",
    logLevel: "debug",
    maxConnections: 9,
  });
  deepEqual(config.rules.map(({ name, action }) => `${name} ${action}`), ["rule 1 ask", "rule 2 allow", "rule 3 deny"]);
  deepEqual(
    ["daemon.runtime_dir", "daemon.agent_socket", "daemon.control_socket", "daemon.log_level", "daemon.max_connections"]
      .map((key) => origins.get(key)),
    ["command line", place("config.d/10.toml:3"), "environment BWSSH_CONTROL_SOCKET", "environment BWSSH_LOG_LEVEL"]
      .concat(place("config.d/20.toml:3")),
  );
  deepEqual(
    ["auth.approver", "auth.approval_mode", "bitwarden.data_dir", "rules[1]", "rules[2]", "rules[3]"].map((key) =>
      origins.get(key)
    ),
    [
      place("config.toml:5"),
      "default",
      undefined,
      place("config.toml:6"),
      place("config.d/10.toml:4"),
      place("config.d/20.toml:1"),
    ],
  );
  equal((await loadConfig(base)).config.daemon.runtimeDir, "/env");
});

Deno.test("loadConfig() needs no file", async () => {
  using temp = makeTempDir();
  const { config, files, warnings } = await loadConfig(options(temp));
  deepEqual([config.auth.approver, config.rules, files, warnings], ["polkit", [], [], []]);
});

Deno.test("loadConfig() reads BWSSH_CONFIG alone, and insists that it exists", async () => {
  using temp = withFiles({
    "config.toml": "[zzz]",
    "my.toml": '[auth]\napprover = "none"',
    "config.d/1.toml": "[zzz]",
  });
  const env = { BWSSH_CONFIG: temp.join("bwssh", "my.toml") };
  equal((await loadConfig(options(temp, env))).config.auth.approver, "none");
  await rejects(loadConfig(options(temp, { BWSSH_CONFIG: temp.join("nope") })), {
    code: "unreadable",
    message: `environment BWSSH_CONFIG: Cannot read the file "${temp.join("nope")}": it does not exist`,
  });
});

Deno.test("loadConfig() says what is not TOML, file by file, and quotes nothing of it", async () => {
  using temp = withFiles({
    "config.toml": 'a = 1\nb = "hunter2\n',
    "config.d/1.toml": "x = 1\nx = 2",
    "config.d/2.toml": `x = ${"[".repeat(100_000)}`,
  });
  const error = await loadConfig(options(temp)).catch((error) => error);
  equal(error instanceof ConfigError && error.code, "invalid");
  deepEqual(error.message.replaceAll(`${temp.path}/bwssh/`, "").split("\n").map((line: string) => line.slice(0, 60)), [
    "config.toml:2: Cannot read the file as TOML: control charact",
    "config.d/1.toml:2: Cannot read the file as TOML: trying to r",
    "config.d/2.toml:1: Cannot read the file as TOML: document co",
  ]);
  equal(error.message.includes("hunter2"), false);
});

Deno.test("loadConfig() refuses a file others can write, and reports every such file", async () => {
  using temp = withFiles({ "config.toml": "", "config.d/1.toml": "" });
  Deno.chmodSync(temp.join("bwssh", "config.toml"), 0o666);
  Deno.chmodSync(temp.join("bwssh", "config.d", "1.toml"), 0o620);
  const error = await loadConfig(options(temp)).catch((error) => error);
  equal(error.code, "unsafe");
  equal(error.problems.length, 2);
  match(error.message, /chmod go-w .*\/config\.toml\)\n.*chmod go-w .*\/1\.toml\)/);
  Deno.chmodSync(temp.join("bwssh"), 0o777);
  await rejects(loadConfig(options(temp)), { code: "unsafe" });
});

Deno.test("environment and command line are checked like files", async () => {
  for (
    const [env, message] of [
      [
        { BWSSH_LOG_LEVEL: "trace" },
        'environment BWSSH_LOG_LEVEL: "daemon.log_level" must be "debug", "info", "warning" or "error", found "trace"',
      ],
      [
        { BWSSH_AGENT_SOCKET: "a.sock" },
        'environment BWSSH_AGENT_SOCKET: "daemon.agent_socket" must be an absolute path, starting with "/" (write ${HOME}' +
        ' for your home directory), found "a.sock"',
      ],
    ] as const
  ) await rejects(load("", { env }), { code: "invalid", message });
  await rejects(load("", { commandLine: { runtimeDir: "x" } }), {
    message:
      'command line: "daemon.runtime_dir" must be an absolute path, starting with "/" (write ${HOME} for your home' +
      ' directory), found "x"',
  });
});

Deno.test("without XDG_RUNTIME_DIR a runtime directory has to be named", async () => {
  using temp = withFiles({ "config.toml": "" });
  for (const XDG_RUNTIME_DIR of ["", "relative"]) {
    const without = options(temp, { XDG_RUNTIME_DIR });
    const refusal = { code: "no-runtime-dir", message: /--runtime-dir/ };
    await rejects(loadConfig(without), refusal);
    await rejects(locateSocket("control", without), refusal);
    const named = { ...without, commandLine: { runtimeDir: "/r" } };
    equal((await loadConfig(named)).config.daemon.agentSocket, "/r/agent.sock");
    equal((await locateSocket("agent", named)).path, "/r/agent.sock");
  }
});

Deno.test("locateSocket() finds what loadConfig() finds", async () => {
  using temp = makeTempDir();
  temp.dir("bwssh", "config.d");
  const texts = [
    "",
    '[daemon]\nruntime_dir = "/r"',
    '[daemon]\nagent_socket = "${HOME}/a"\ncontrol_socket = "${bitwarden.data_dir}/c"\n[bitwarden]\ndata_dir = "/d"',
  ];
  const environments = [{}, { BWSSH_RUNTIME_DIR: "/e" }, { BWSSH_AGENT_SOCKET: "/ea" }, {
    BWSSH_CONTROL_SOCKET: "/ec",
  }];
  for (const text of texts) {
    for (const dropIn of texts) {
      for (const env of environments) {
        for (const commandLine of [undefined, { runtimeDir: "/line" }]) {
          temp.write("bwssh/config.toml", text);
          temp.write("bwssh/config.d/1.toml", dropIn);
          const all = { ...options(temp, { HOME: "/home/u", ...env }), commandLine };
          const { config, origins } = await loadConfig(all);
          for (
            const [name, path] of [["agent", config.daemon.agentSocket], [
              "control",
              config.daemon.controlSocket,
            ]] as const
          ) {
            deepEqual(await locateSocket(name, all), { path, origin: origins.get(`daemon.${name}_socket`) });
          }
        }
      }
    }
  }
});

Deno.test("locateSocket() does not look at files where the environment decides", async () => {
  using temp = withFiles({ "config.toml": "not TOML" });
  equal((await locateSocket("control", options(temp, { BWSSH_CONTROL_SOCKET: "/c" }))).path, "/c");
  await rejects(locateSocket("agent", options(temp, { BWSSH_CONTROL_SOCKET: "/c" })), /config\.toml:1: Cannot read/);
});

Deno.test("locateSocket() overlooks what is wrong elsewhere, but nothing about its socket", async () => {
  using temp = withFiles({
    "config.toml": '[zzz]\n[daemon]\ncontrol_socket = "x"\nagent_socket = 1\n[auth]\napprover = 1',
  });
  await rejects(
    locateSocket("control", options(temp)),
    /config\.toml:3: "daemon\.control_socket" must be an absolute path/,
  );
  await rejects(
    locateSocket("agent", options(temp)),
    /config\.toml:4: .* must be an absolute path, found the number 1/,
  );
  temp.write("bwssh/config.toml", '[zzz]\n[daemon]\nruntime_dir = "${NOPE}"');
  await rejects(locateSocket("agent", options(temp)), /config\.toml:3: "daemon\.runtime_dir": Cannot expand/);
  temp.write("bwssh/config.toml", '[daemon]\nruntime_dir = "x"');
  await rejects(locateSocket("agent", options(temp)), /config\.toml:2: "daemon\.runtime_dir" must be an absolute path/);
  temp.write("bwssh/config.toml", "[zzz]");
  equal((await locateSocket("agent", options(temp))).path, "/run/user/1/bwssh/agent.sock");
});

Deno.test("configShown() lists every setting and rule with value and origin", async () => {
  const text = '[bitwarden]\nbw_path = ["deno", "run"]\n[[rules]]\naction = "allow"\nkinds = ["sshsig:git", "auth"]';
  const { files, settings, warnings } = configShown(await load(text, { commandLine: { runtimeDir: "/r" } }));
  deepEqual([files, warnings, settings.length], [["1.toml"], [], 44]);
  const row = (key: string) => settings.find((each) => each.key === key);
  deepEqual(row("daemon.agent_socket"), { key: "daemon.agent_socket", value: "/r/agent.sock", origin: "default" });
  deepEqual(row("bitwarden.bw_path"), { key: "bitwarden.bw_path", value: ["deno", "run"], origin: "1.toml:2" });
  deepEqual(row("bitwarden.data_dir"), { key: "bitwarden.data_dir", value: null, origin: "default" });
  deepEqual(settings.at(-1), {
    key: "rules[1]",
    value: { action: "allow", kinds: ["sshsig:git", "auth"] },
    origin: "1.toml:3",
  });
  equal(valueText(settings.at(-1)?.value), '{ action = "allow", kinds = ["sshsig:git", "auth"] }');
  equal(valueText(null), "(not set)");
  equal(valueText(true), "true");
  equal(valueText("\x9b2J"), '"\\u{9b}2J"');
});

const CHANGES: readonly (readonly [before: string, after: string, changed: readonly string[]])[] = [
  ["", "", []],
  ["", '[daemon]\nlog_level = "debug"\n[bitwarden]\nquery = "x"', []],
  ["", 'auth.approver = "none"\nauth.approval_ttl_seconds = 9', ["auth.approval_ttl_seconds", "auth.approver"]],
  ["", 'auth.approver = "polkit"', []],
  ["", 'auth.queue = 9\nlimits.cooldown_after = 0\naudit.on_failure = "warn"', [
    "auth.queue",
    "limits.cooldown_after",
    "audit.on_failure",
  ]],
  ['[[rules]]\naction = "ask"\nremember = "app"\nremember_for = "15m"', '[[rules]]\naction = "ask"\nremember = "app"', [
    "rules[1]",
  ]],
  ['[[rules]]\naction = "deny"\nexe = "/x"', '[[rules]]\naction = "deny"\nexe = ["/x"]', []],
  ["", 'bitwarden.bw_path = "/opt/bw"', ["bitwarden.bw_path"]],
  ["", '[[rules]]\naction = "allow"', ["rules[1]"]],
  ['[[rules]]\naction = "allow"', "", ["rules[1]"]],
  ['[[rules]]\naction = "allow"', '# moved\n\n[[rules]]\naction = "allow"', []],
  ['[[rules]]\naction = "allow"\nkeys = ["a"]', '[[rules]]\naction = "allow"\nkeys = ["b"]', ["rules[1]"]],
  ['[[rules]]\naction = "allow"', '[[rules]]\naction = "allow"\nkinds = ["auth", "sshsig", "other"]', ["rules[1]"]],
  [
    '[[rules]]\naction = "deny"\n[[rules]]\naction = "allow"',
    '[[rules]]\naction = "allow"\n[[rules]]\naction = "deny"',
    ["rules[1]", "rules[2]"],
  ],
];

for (const [before, after, changed] of CHANGES) {
  Deno.test(`changedSecurityKeys() from '${before}' to '${after}'`.replaceAll("\n", "⏎"), async () => {
    deepEqual(changedSecurityKeys((await load(before)).config, (await load(after)).config), changed);
  });
}

const WORDS = [
  ...[
    "[",
    "]",
    "[[",
    "]]",
    "{",
    "}",
    "=",
    ".",
    ",",
    "\n",
    '"',
    "'",
    '"""',
    "#",
    "\\",
    "$",
    "${",
    "}",
    "1",
    "true",
    "inf",
  ],
  ...[
    "rules",
    "auth",
    "approver",
    "daemon",
    "runtime_dir",
    "${HOME}",
    "${daemon.runtime_dir}",
    "keys",
    "kinds",
    "action",
  ],
];

Deno.test("loadConfig() throws nothing but ConfigError, whatever the file holds", async () => {
  const text = fc.oneof(
    fc.string({ unit: "binary" }),
    fc.array(fc.constantFrom(...WORDS)).map((words) => words.join("")),
    fc.array(
      fc.tuple(fc.constantFrom("[auth]", "[daemon]", "[[rules]]", "[bitwarden]"), fc.constantFrom(...WORDS), fc.json()),
    )
      .map((lines) => lines.map(([table, name, value]) => `${table}\n"${name}" = ${value}`).join("\n")),
  );
  await fc.assert(
    fc.asyncProperty(text, async (text) => {
      await load([text, '[auth]\napprover = "none"'], { env: { HOME: "/h" } }).catch((error) => {
        equal(error instanceof ConfigError, true, String(error?.stack));
        equal(error.problems.length > 0, true);
      });
    }),
    { numRuns: 1000 },
  );
});

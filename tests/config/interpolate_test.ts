import { deepStrictEqual as deepEqual, rejects, strictEqual as equal } from "node:assert/strict";
import type { Entry } from "../../mod/config/entries.ts";
import { Interpolator } from "../../mod/config/interpolate.ts";
import { SETTING_KEYS } from "../../mod/config/settings.ts";
import { load, problems } from "./harness.ts";

const env = { HOME: "/home/user", EMPTY: "", A_1: "x", TRICKY: "${HOME}$$" };

const GOOD: readonly (readonly [written: string, query: string])[] = [
  ["plain", "plain"],
  ["${HOME}/x", "/home/user/x"],
  ["${A_1}${A_1}", "xx"],
  ["$ $HOME $x }", "$ $HOME $x }"],
  ["$${HOME} $$$$", "${HOME} $$"],
  ["${TRICKY}", "${HOME}$$"], // what a variable holds is not expanded again
  ["${daemon.log_level} ${auth.approval_ttl_seconds} ${auth.protect_list}", "info 300 false"],
  ["${daemon.agent_socket}", "/run/user/1000/bwssh/agent.sock"],
];

for (const [written, query] of GOOD) {
  Deno.test(`interpolation of '${written}'`, async () => {
    equal((await load(`[bitwarden]\nquery = '${written}'`, { env })).config.bitwarden.query, query);
  });
}

const BAD: readonly (readonly [written: string, problem: string])[] = [
  ["${NOPE}", 'Cannot expand "${NOPE}": the variable is not set or empty'],
  ["${EMPTY}", 'Cannot expand "${EMPTY}": the variable is not set or empty'],
  ["${}", 'Cannot expand "${}": the variable is not set or empty'],
  ["${HOME:-x}", 'Cannot expand "${HOME:-x}": the variable is not set or empty'],
  ["${HOME", 'Cannot find the "}" of a "${" | write $$ for a $'],
  [
    "${daemon.loglevel}",
    'Cannot expand "${daemon.loglevel}": there is no such setting | did you mean "daemon.log_level"?',
  ],
  ["${bitwarden.item_ids}", 'Cannot expand "${bitwarden.item_ids}": it is not a single value'],
  ["${bitwarden.data_dir}", 'Cannot expand "${bitwarden.data_dir}": it is not set'],
  ["${bitwarden.query}", 'Cannot expand "${bitwarden.query}": it refers to itself'],
];

for (const [written, problem] of BAD) {
  Deno.test(`interpolation refuses '${written}' with its line`, async () => {
    deepEqual(await problems(`[bitwarden]\n\nquery = '${written}'`, { env }), [
      `1.toml:3 bitwarden.query: "bitwarden.query": ${problem}`,
    ]);
  });
}

Deno.test("interpolation refuses a cycle of several settings at each of them", async () => {
  const text = '[daemon]\nruntime_dir = "${bitwarden.data_dir}/x"\n[bitwarden]\ndata_dir = "/${bitwarden.query}"\n' +
    'query = "${daemon.runtime_dir}"';
  const found = await problems(text);
  deepEqual(found.map((problem) => problem.slice(0, 8)), ["1.toml:2", "1.toml:4", "1.toml:5"]);
  equal(found.every((problem) => problem.includes("it refers to itself")), true);
});

Deno.test("interpolation names the line of the element in a list of many lines", async () => {
  const text = '[[rules]]\naction = "allow"\nkeys = [\n  "a",\n  "${NOPE}",\n]';
  deepEqual(await problems(text), [
    '1.toml:5 rules[1].keys[2]: "rules[1].keys[2]": Cannot expand "${NOPE}": the variable is not set or empty',
  ]);
});

Deno.test("interpolation bounds what references to references can grow to", async () => {
  const doubled = "${bitwarden.data_dir}".repeat(150);
  const text = `[daemon]\nruntime_dir = "/${"${bitwarden.query}".repeat(200)}"\n[bitwarden]\nquery = "${doubled}"\n` +
    `data_dir = "/${"x".repeat(50)}"`;
  await rejects(load(text), /more than 4096 characters/);
});

Deno.test("interpolation expands each setting once, however often it is referred to", () => {
  const keys = SETTING_KEYS.filter((key) => key !== "daemon.runtime_dir");
  const effective = new Map(
    keys.map((key, index): [string, Entry] => {
      const next = keys[index + 1];
      const value = next === undefined ? "${COUNTED}" : `\${${next}}\${${next}}`;
      const origin = { kind: "default" } as const;
      return [key, { key, value, literal: false, origin, originOf: () => origin }];
    }).slice(-12),
  );
  let asked = 0;
  const interpolator = new Interpolator(() => String(asked++), effective);
  const first = [...effective.keys()][0];
  equal(interpolator.text(`\${${first}}`), "0".repeat(2 ** 11));
  equal(asked, 1);
});

Deno.test("interpolation leaves the environment and the command line alone", async () => {
  const { config } = await load("", { env: { BWSSH_RUNTIME_DIR: "/tmp/${HOME}", ...env } });
  equal(config.daemon.agentSocket, "/tmp/${HOME}/agent.sock");
  equal((await load("", { commandLine: { runtimeDir: "/a$$b" } })).config.daemon.runtimeDir, "/a$$b");
});

Deno.test("an overridden value may name a variable that is not set here", async () => {
  const text = '[daemon]\nruntime_dir = "${XDG_NOPE}/bwssh"';
  equal((await load(text, { commandLine: { runtimeDir: "/r" } })).config.daemon.controlSocket, "/r/control.sock");
  await rejects(load(text), /XDG_NOPE/);
});

import { deepStrictEqual as deepEqual, strictEqual as equal } from "node:assert/strict";
import { buildInfo, STAMP } from "../../mod/config/build_info.ts";
import { adoptLaunch, type MutableEnvironment, type ProcessFacts } from "../../mod/config/launch.ts";

interface FakeEnvironment extends MutableEnvironment {
  readonly now: Record<string, string>;
}

function environment(start: Readonly<Record<string, string>>): FakeEnvironment {
  const now = { ...start };
  return {
    now,
    names: () => Object.keys(now),
    get: (name) => now[name],
    set: (name, value) => void (now[name] = value),
    delete: (name) => void Reflect.deleteProperty(now, name),
  };
}

const CASES = [
  {
    name: "compiled: holds what the runtime obeys, is what it runs, is called as it was called",
    facts: { kind: "compiled", execPath: "/usr/bin/bwssh", argv0: "./bwssh-agentd" },
    env: {
      HOME: "/h",
      NODE_OPTIONS: "-r x",
      LD_PRELOAD: "y",
      COMPLETE: "bash",
      BWSSH_SELF: "/forged",
      BWSSH_ENV_A: "1",
    },
    after: { HOME: "/h" },
    launch: {
      program: "/usr/bin/bwssh",
      name: "bwssh-agentd",
      held: { NODE_OPTIONS: "-r x", LD_PRELOAD: "y", COMPLETE: "bash" },
    },
  },
  {
    name: "compiled: has a name without /proc",
    facts: { kind: "compiled", execPath: "/usr/bin/bwssh", argv0: undefined },
    env: {},
    after: {},
    launch: { program: "/usr/bin/bwssh", name: "bwssh", held: {} },
  },
  {
    name: "self-extracting: takes back what the header carried, and HOME",
    facts: { kind: "self-extracting", execPath: "/cache/bwssh", argv0: "/cache/bwssh" },
    env: {
      HOME: "/proc/self/no-such-directory",
      DENO_DIR: "/cache/deno",
      DENO_NO_UPDATE_CHECK: "1",
      DENO_DISABLE_NODE_SHIM: "1",
      BWSSH_SELF: "/opt/bwssh-agentd",
      BWSSH_ENV_HOME: "/h",
      BWSSH_ENV_DENO_DIR: "/mine",
      BWSSH_LOG_LEVEL: "debug",
    },
    after: { HOME: "/h", BWSSH_LOG_LEVEL: "debug" },
    launch: { program: "/opt/bwssh-agentd", name: "bwssh-agentd", held: { DENO_DIR: "/mine" } },
  },
  {
    name: "self-extracting: no HOME stays none, and what the header missed is held all the same",
    facts: { kind: "self-extracting", execPath: "/cache/bwssh", argv0: "/cache/bwssh" },
    env: { HOME: "/proc/self/no-such-directory", BWSSH_SELF: "/opt/bwssh", OPENSSL_CONF: "/x" },
    after: {},
    launch: { program: "/opt/bwssh", name: "bwssh", held: { OPENSSL_CONF: "/x" } },
  },
  {
    name: "source: has no program of its own, believes no BWSSH_SELF",
    facts: { kind: "source", execPath: "/usr/bin/deno", argv0: "deno" },
    env: { BWSSH_SELF: "/forged", A: "1" },
    after: { A: "1" },
    launch: { program: undefined, name: "deno", held: {} },
  },
] as const satisfies readonly {
  readonly name: string;
  readonly facts: ProcessFacts;
  readonly env: Readonly<Record<string, string>>;
  readonly after: Readonly<Record<string, string>>;
  readonly launch: unknown;
}[];

for (const { name, facts, env, after, launch } of CASES) {
  Deno.test(`adoptLaunch() ${name}`, () => {
    const given = environment(env);
    deepEqual(adoptLaunch(given, facts), launch);
    deepEqual(given.now, after);
  });
}

Deno.test("buildInfo() says source unless there is a stamp", () => {
  const key = Symbol.for(STAMP);
  deepEqual(buildInfo(), { version: "source", kind: "source" });
  try {
    Reflect.set(globalThis, key, { version: "1.2.3", kind: "compiled" });
    deepEqual(buildInfo(), { version: "1.2.3", kind: "compiled" });
    Reflect.set(globalThis, key, { version: "1.2.3", kind: "something" });
    equal(buildInfo().kind, "source");
  } finally {
    Reflect.deleteProperty(globalThis, key);
  }
});

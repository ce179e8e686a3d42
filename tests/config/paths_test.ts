import { strictEqual as equal, throws } from "node:assert/strict";
import { ConfigError } from "../../mod/config/error.ts";
import {
  cacheDirectory,
  configPlaces,
  defaultRuntimeDirectory,
  type Environment,
  processEnvironment,
  stateDirectory,
} from "../../mod/config/paths.ts";
import { environment } from "./harness.ts";

const HOME = "/home/u";

const ROWS: readonly (readonly [
  name: string,
  find: (env: Environment) => string | undefined,
  env: Record<string, string>,
  path: string | undefined,
])[] = [
  ["runtime", defaultRuntimeDirectory, { XDG_RUNTIME_DIR: "/run/user/1" }, "/run/user/1/bwssh"],
  ["runtime, trailing slashes", defaultRuntimeDirectory, { XDG_RUNTIME_DIR: "/run/user/1//" }, "/run/user/1/bwssh"],
  ["runtime, unset", defaultRuntimeDirectory, { HOME }, undefined],
  ["runtime, empty", defaultRuntimeDirectory, { XDG_RUNTIME_DIR: "" }, undefined],
  ["runtime, relative", defaultRuntimeDirectory, { XDG_RUNTIME_DIR: "run" }, undefined],
  ["state", stateDirectory, { HOME, XDG_STATE_HOME: "/s" }, "/s/bwssh"],
  ["state, default", stateDirectory, { HOME }, "/home/u/.local/state/bwssh"],
  ["state, relative", stateDirectory, { HOME, XDG_STATE_HOME: "s" }, "/home/u/.local/state/bwssh"],
  ["cache", cacheDirectory, { XDG_CACHE_HOME: "/c" }, "/c/bwssh"],
  ["cache, default", cacheDirectory, { HOME, XDG_CACHE_HOME: "" }, "/home/u/.cache/bwssh"],
  ["config", (env) => configPlaces(env).file, { XDG_CONFIG_HOME: "/c", HOME }, "/c/bwssh/config.toml"],
  ["config, default", (env) => configPlaces(env).file, { HOME: "/home/u/" }, "/home/u/.config/bwssh/config.toml"],
  [
    "config, relative",
    (env) => configPlaces(env).file,
    { HOME, XDG_CONFIG_HOME: "./c" },
    "/home/u/.config/bwssh/config.toml",
  ],
  ["drop-ins", (env) => configPlaces(env).dropIns, { HOME }, "/home/u/.config/bwssh/config.d"],
  ["config, named", (env) => configPlaces(env).file, { BWSSH_CONFIG: "/x.toml" }, "/x.toml"],
  ["drop-ins, named config", (env) => configPlaces(env).dropIns, { BWSSH_CONFIG: "/x.toml", HOME }, undefined],
];

for (const [name, find, env, path] of ROWS) {
  Deno.test(`paths: ${name}`, () => equal(find(environment(env)), path));
}

for (const [name, find] of Object.entries({ stateDirectory, cacheDirectory, configPlaces })) {
  Deno.test(`${name}() refuses to guess without an absolute HOME`, () => {
    for (const env of [{}, { HOME: "" }, { HOME: "home" }]) {
      throws(() => find(environment(env)), (error) => error instanceof ConfigError && error.code === "no-home");
    }
  });
}

Deno.test("configPlaces() refuses a relative BWSSH_CONFIG", () => {
  throws(() => configPlaces(environment({ BWSSH_CONFIG: "x.toml", HOME })), /BWSSH_CONFIG must be an absolute path/);
});

Deno.test("processEnvironment() reads the process's environment", () => {
  equal(processEnvironment()("PATH"), Deno.env.get("PATH"));
  equal(processEnvironment()("BWSSH_NO_SUCH_VARIABLE"), undefined);
});

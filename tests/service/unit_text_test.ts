/** Paths and values in unit files and environment.d files. @module */

import { deepStrictEqual as deepEqual, strictEqual as equal, throws } from "node:assert/strict";
import { ServiceError } from "../../mod/service/error.ts";
import { assignment, commandValue, environmentLine, listenValue } from "../../mod/service/unit_text.ts";
import { runOk } from "../support/process.ts";
import { makeTempDir } from "../support/temp.ts";

const BASE = "/run/user/1000";

const LISTEN = [
  { name: "the default as %t", path: "/run/user/1000/bwssh/agent.sock", value: "%t/bwssh/agent.sock" },
  { name: "a path elsewhere as it is", path: "/srv/a/agent.sock", value: "/srv/a/agent.sock" },
  { name: "a neighbour of the runtime directory as it is", path: "/run/user/10001/a", value: "/run/user/10001/a" },
  { name: "percent signs doubled", path: "/srv/100%t/%%/a", value: "/srv/100%%t/%%%%/a" },
  { name: "blanks, quotes, dollars and backslashes as they are", path: `/a b/"c'\\d$E/a`, value: `/a b/"c'\\d$E/a` },
  { name: "names that begin with dots", path: "/srv/.a/..b/...", value: "/srv/.a/..b/..." },
] as const;

for (const { name, path, value } of LISTEN) {
  Deno.test(`listenValue() writes ${name}`, () => equal(listenValue(path, BASE), value));
}

Deno.test("listenValue() writes the path out without a runtime directory", () => {
  equal(listenValue("/run/user/1000/bwssh/agent.sock", undefined), "/run/user/1000/bwssh/agent.sock");
});

const UNSAYABLE = [
  { name: "a newline", path: "/srv/a\nExecStartPre=/bin/true\n/a", error: /control characters/ },
  { name: "a carriage return", path: "/srv/a\rb", error: /control characters/ },
  { name: "an escape", path: "/srv/\u001b[2J", error: /control characters/ },
  { name: "an empty part", path: "/srv//a", error: /empty part/ },
  { name: "a slash at the end", path: "/srv/a/", error: /empty part/ },
  { name: "a dot part", path: "/srv/./a", error: /empty part/ },
  { name: "a dot-dot part", path: "/srv/../a", error: /empty part/ },
  { name: "a backslash at the end", path: "/srv/a\\", error: /joins the next/ },
  { name: "a blank at the end", path: "/srv/a ", error: /blanks at the end/ },
] as const;

for (const { name, path, error } of UNSAYABLE) {
  Deno.test(`listenValue() refuses ${name}`, () => {
    throws(() => listenValue(path, BASE), (thrown) => {
      return thrown instanceof ServiceError && thrown.code === "invalid" && error.test(thrown.message) &&
        !/\p{Cc}/u.test(thrown.message);
    });
  });
}

const COMMANDS = [
  { name: "a plain path", program: "/usr/bin/bwssh", value: ':"/usr/bin/bwssh" daemon --foreground' },
  { name: "blanks", program: "/a b/bwssh", value: ':"/a b/bwssh" daemon --foreground' },
  { name: "percent signs doubled", program: "/a%h/bwssh", value: ':"/a%%h/bwssh" daemon --foreground' },
  { name: "dollars as they are", program: "/a$HOME/bwssh", value: ':"/a$HOME/bwssh" daemon --foreground' },
] as const;

for (const { name, program, value } of COMMANDS) {
  Deno.test(`commandValue() writes ${name}`, () => equal(commandValue(program, ["daemon", "--foreground"]), value));
}

for (const program of ['/a"b/bwssh', "/a'b/bwssh", "/a\\b/bwssh", "/a\nb/bwssh"]) {
  Deno.test(`commandValue() refuses ${JSON.stringify(program)}`, () => {
    throws(() => commandValue(program, []), { name: "ServiceError", code: "invalid" });
  });
}

const ASSIGNMENTS = [
  { name: "a plain value", value: "/usr/bin:/bin", text: '"PATH=/usr/bin:/bin"' },
  { name: "a value below the runtime directory", value: "/run/user/1000/x", text: '"PATH=%t/x"' },
  { name: "quotes, backslashes and percent signs", value: `/a "b\\c%d' $e`, text: `"PATH=/a \\"b\\\\c%%d' $e"` },
] as const;

for (const { name, value, text } of ASSIGNMENTS) {
  Deno.test(`assignment() writes ${name}`, () => equal(assignment("PATH", value, BASE), text));
}

Deno.test("assignment() refuses a second line", () => {
  throws(() => assignment("PATH", "/a\nUser=root", BASE), { code: "invalid" });
});

Deno.test("environmentLine() refuses a second line", () => {
  throws(() => environmentLine("SSH_AUTH_SOCK", "/a\nLD_PRELOAD=/b", BASE), { code: "invalid" });
});

// The judge is systemd's own reader of environment.d; it prints what it understood, in double quotes where it must.
const ENVIRONMENT = [
  { path: "/run/user/1000/bwssh/agent.sock", seen: "/run/user/1000/bwssh/agent.sock" },
  { path: "/srv/agent.sock", seen: "/srv/agent.sock" },
  { path: `/a b/$HOME\${PATH}$$/"c'\\d%t/a#b`, seen: `"/a b/\\$HOME\\\${PATH}\\$\\$/\\"c'\\\\d%t/a#b"` },
  { path: "/run/user/1000/$x/`id`", seen: '"/run/user/1000/\\$x/\\`id\\`"' },
] as const;

Deno.test("environmentLine() writes what systemd reads as the path", async (t) => {
  const generator = "/usr/lib/systemd/user-environment-generators/30-systemd-environment-d-generator";
  for (const { path, seen } of ENVIRONMENT) {
    await t.step(path, async () => {
      await using home = makeTempDir("environment");
      home.dir("environment.d");
      home.write("environment.d/60-bwssh.conf", `# comment\n${environmentLine("SSH_AUTH_SOCK", path, BASE)}\n`);
      const env = { HOME: home.path, XDG_CONFIG_HOME: home.path, XDG_RUNTIME_DIR: BASE };
      const { text } = await runOk([generator], { env });
      deepEqual(text.split("\n").filter((line) => line.startsWith("SSH_AUTH_SOCK")), [`SSH_AUTH_SOCK=${seen}`]);
    });
  }
});

/**
 * The harness for the built program, against a stand-in that only opens its sockets: what end-to-end tests rely on.
 *
 * @module
 */

import { deepStrictEqual as deepEqual, match, rejects, strictEqual as equal } from "node:assert/strict";
import { BwsshHome, startDaemon } from "./bwssh.ts";
import { makeTempDir, type TempDir } from "./temp.ts";

const STAND_IN = `
const [command, ...words] = Deno.args;
const say = (text) => Deno.stderr.writeSync(new TextEncoder().encode(text + "\\n"));
if (command === "daemon") {
  const directory = Deno.env.get("XDG_RUNTIME_DIR") + "/bwssh";
  Deno.mkdirSync(directory, { recursive: true });
  if (Deno.env.get("BROKEN")) { say("bwssh: Cannot start"); Deno.exit(2); }
  if (Deno.env.get("STUBBORN")) Deno.addSignalListener("SIGTERM", () => say("not yet"));
  const listener = Deno.listen({ transport: "unix", path: directory + "/control.sock" });
  say("listening " + words.join(" ") + " " + Deno.readTextFileSync(Deno.env.get("XDG_CONFIG_HOME") + "/bwssh/config.toml"));
  for await (const connection of listener) connection.close();
} else if (command === "unlock") {
  const text = await new Response(Deno.stdin.readable).text();
  say(words.join(" ") + " " + text.length);
  Deno.exit(text.length === 88 ? 0 : 1);
} else {
  Deno.stdout.writeSync(new TextEncoder().encode(JSON.stringify({ command, words, env: Deno.env.toObject() })));
}
`;

function standIn(dir: TempDir): string {
  const script = dir.write("stand-in.js", STAND_IN);
  const cache = dir.dir("deno");
  const words = `DENO_DIR=${cache} exec ${Deno.execPath()} run -A --no-config --quiet ${script} "$@"`;
  return dir.write("bwssh", `#!/bin/sh\n${words}\n`, 0o700);
}

Deno.test("startDaemon waits for the control socket and ends with its directories", async () => {
  await using dir = makeTempDir("stand-in");
  let path: string;
  {
    await using daemon = await startDaemon({ binary: standIn(dir), config: "[auth]\n" });
    await daemon.process.waitFor(/listening --foreground \[auth\]/);
    equal(Deno.statSync(daemon.controlSocket).isSocket, true);
    equal((await daemon.unlock(new Uint8Array(88).fill(65))).code, 0);
    await rejects(daemon.unlock(new Uint8Array(3)), /exited with 1: --session-stdin 3/);
    path = daemon.home.path;
  }
  await rejects(Deno.stat(path), Deno.errors.NotFound);
});

Deno.test("a daemon that does not start is reported with its log", async () => {
  await using dir = makeTempDir("stand-in");
  await rejects(startDaemon({ binary: standIn(dir), env: { BROKEN: "1" } }), /Ended with 2 [^]*Cannot start/);
});

Deno.test("a daemon that does not end is killed", async () => {
  await using dir = makeTempDir("stand-in");
  await using daemon = await startDaemon({ binary: standIn(dir), config: "", env: { STUBBORN: "1" } });
  equal((await daemon.process.stop(200)).signal, "SIGKILL");
  match(daemon.log, /not yet/);
});

Deno.test("commands see their own directories and nothing of the caller's", async () => {
  await using dir = makeTempDir("stand-in");
  using home = await BwsshHome.create({ binary: standIn(dir), env: { EXTRA: "yes" } });
  const seen = await home.bwsshJson(["status"]) as { words: readonly string[]; env: Readonly<Record<string, string>> };
  deepEqual(seen.words, ["--json"]);
  const names = Object.keys(seen.env).filter((name) => !["PWD", "SHLVL", "_", "OLDPWD", "DENO_DIR"].includes(name));
  const xdg = ["CACHE_HOME", "CONFIG_HOME", "DATA_HOME", "RUNTIME_DIR", "STATE_HOME"].map((name) => `XDG_${name}`);
  deepEqual(names.sort(), ["EXTRA", "HOME", "LANG", "PATH", "TZ", ...xdg].sort());
  for (const name of ["HOME", ...xdg]) match(seen.env[name] ?? "", new RegExp(`^${home.path}/`));
  equal(Deno.statSync(seen.env["XDG_RUNTIME_DIR"] ?? "").mode?.toString(8).slice(-3), "700");
});

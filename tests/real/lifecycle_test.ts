/**
 * The built program as a process: how it starts, where it puts its sockets, what it says when it cannot, how it ends,
 * and the exit codes and texts that scripts rely on.
 *
 * Not for: other users (`users_test.ts`), nor for keys.
 *
 * @module
 */

import { deepStrictEqual as deepEqual, match, rejects, strictEqual as equal } from "node:assert/strict";
import type { ConfigShown } from "../../mod/config/show.ts";
import type { StatusReport } from "../../mod/control/messages.ts";
import { findProgram } from "../../tools/setup_host.ts";
import { BackgroundProcess } from "../support/background.ts";
import { bwsshBinary, lendUnpacked } from "../support/binary.ts";
import { BwsshHome, startDaemon } from "../support/bwssh.ts";
import { endDetached } from "../support/detached.ts";
import { until } from "../support/deadline.ts";
import { run, type RunResult } from "../support/process.ts";
import { ANY_SESSION, ScriptedBw } from "../support/scripted_bw.ts";
import { makeTempDir } from "../support/temp.ts";
import { makeTestKeys } from "../support/test_keys.ts";

const GONE = 10_000;

function namesIn(directory: string): readonly string[] {
  return [...Deno.readDirSync(directory)].map(({ name }) => name).toSorted();
}

/** The runtime directory that a home's daemon has by default. */
function runtimeDir(home: BwsshHome): string {
  return `${home.path}/run/bwssh`;
}

/** Exit code and what it says. */
function told({ code, stderr }: RunResult): readonly [number, string] {
  return [code, stderr];
}

async function failsToStart(home: BwsshHome, pattern: RegExp): Promise<void> {
  using _started = endDetached("BWSSH_TEST_START=" + home.path);
  const env = { BWSSH_TEST_START: home.path };
  for (const words of [["daemon", "--foreground"], ["daemon"]]) {
    const { code, stderr } = await home.bwssh(words, { env });
    equal(code, 1, stderr);
    match(stderr, pattern);
    match(stderr, /^bwssh: hint: ./m);
  }
}

Deno.test("the daemon in the foreground ends well by a signal and leaves nothing", async () => {
  for (const signal of ["SIGTERM", "SIGINT"] as const) {
    using home = await BwsshHome.create();
    await using daemon = await home.start();
    deepEqual(namesIn(runtimeDir(home)), ["agent.sock", "control.sock", "daemon.lock"]);
    for (const name of namesIn(runtimeDir(home))) {
      equal((Deno.statSync(`${runtimeDir(home)}/${name}`).mode ?? 0) & 0o777, 0o600, name);
    }
    daemon.process.kill(signal);
    equal((await daemon.process.ended()).code, 0, signal);
    deepEqual(namesIn(`${home.path}/run`), [], signal);
  }
});

Deno.test("SIGUSR1 wipes the keys, and the daemon goes on", async () => {
  using bw = new ScriptedBw(await makeTestKeys({ key: { type: "ed25519" } }));
  await using daemon = await startDaemon({ config: bw.table });
  const state = async (): Promise<unknown> => {
    const { state, keys, listed } = await daemon.home.bwsshJson(["status"]) as StatusReport;
    return [state, keys, listed];
  };
  await daemon.unlock(ANY_SESSION);
  deepEqual(await state(), ["unlocked", 1, 1]);
  daemon.process.kill("SIGUSR1");
  await until(async () => `${await state()}` === "locked,0,1" || undefined, GONE, "the keys to be wiped");
});

Deno.test("the daemon in the background: started once, named by its pid, stopped without a trace", async () => {
  using home = await BwsshHome.create();
  using _left = endDetached(home.path);
  try {
    const { stderr } = await home.bwsshOk(["daemon"]);
    const [, pid = ""] = /^bwssh: daemon running, pid (\d+)$/m.exec(stderr) ?? [];
    equal((await home.bwsshJson(["status"]) as StatusReport).pid, Number(pid));
    await failsToStart(home, new RegExp(`Cannot start: process ${pid} already serves`));
    match((await home.bwsshOk(["start"])).stderr, new RegExp(`already running, pid ${pid}`));
    equal((await home.bwsshJson(["status"]) as StatusReport).pid, Number(pid));
    await home.bwsshOk(["stop"]);
    await rejects(Deno.stat(`/proc/${pid}/exe`), Deno.errors.NotFound);
    deepEqual(namesIn(`${home.path}/run`), []);
  } finally {
    await home.bwssh(["stop"]);
  }
});

Deno.test("the name bwssh-agentd is the daemon", async () => {
  await using dir = makeTempDir("link");
  const link = dir.join("bwssh-agentd");
  await Deno.symlink(await bwsshBinary(), link);
  using home = await BwsshHome.create({ binary: link });
  await lendUnpacked(`${home.path}/cache`);
  await using daemon = await home.start(["--foreground"]);
  await daemon.process.waitFor(/serving \S+agent\.sock/);
});

Deno.test("sockets of a killed daemon are taken over, whatever else is in their place is left alone", async (t) => {
  using home = await BwsshHome.create();
  const socket = home.agentSocket;

  await t.step("a killed daemon's", async () => {
    await using killed = await home.start();
    killed.process.kill("SIGKILL");
    await killed.process.ended();
    deepEqual(namesIn(runtimeDir(home)), ["agent.sock", "control.sock", "daemon.lock"]);
    await using daemon = await home.start();
    equal((await home.bwsshJson(["status"]) as StatusReport).pid, daemon.pid);
  });

  Deno.mkdirSync(runtimeDir(home), { mode: 0o700 });
  await t.step("a file", async () => {
    Deno.writeTextFileSync(socket, "somebody's file");
    await failsToStart(home, /Cannot listen at "\S+agent\.sock": something that is not a socket is there/);
    equal(Deno.readTextFileSync(socket), "somebody's file");
    Deno.removeSync(socket);
  });

  await t.step("a socket that somebody of ours serves", async () => {
    await using other = new BackgroundProcess(["ssh-agent", "-D", "-a", socket], { env: home.env });
    await other.waitForSocket(socket);
    await failsToStart(home, new RegExp(`process ${other.pid} already serves "${socket}"`));
    equal((await run(["ssh-add", "-l"], { env: home.clientEnv })).code, 1); // it answers: no identities
  });

  await t.step({
    name: "a socket of another user",
    ignore: Deno.uid() !== 0,
    async fn(): Promise<void> {
      {
        await using stale = new BackgroundProcess(["ssh-agent", "-D", "-a", socket], { env: home.env });
        await stale.waitForSocket(socket);
        Deno.chownSync(socket, 65534, 65534);
        stale.kill("SIGKILL");
      }
      await failsToStart(home, /Cannot listen at "\S+agent\.sock": a socket of uid 65534 is there/);
      equal(Deno.lstatSync(socket).uid, 65534);
    },
  });
});

Deno.test("a runtime directory that others can enter is not used", async () => {
  using home = await BwsshHome.create();
  Deno.mkdirSync(runtimeDir(home));
  for (const mode of [0o750, 0o701]) {
    Deno.chmodSync(runtimeDir(home), mode);
    await failsToStart(home, /Cannot keep sockets in "\S+": it can be entered by other users/);
  }
  deepEqual(namesIn(runtimeDir(home)), []);
  Deno.removeSync(runtimeDir(home));
  Deno.symlinkSync(home.env["HOME"] ?? "", runtimeDir(home));
  await failsToStart(home, /it is not a directory/);
});

Deno.test("without XDG_RUNTIME_DIR the daemon wants to be told where", async () => {
  using home = await BwsshHome.create({ env: { XDG_RUNTIME_DIR: "" } });
  const [code, stderr] = told(await home.bwssh(["daemon", "--foreground"]));
  equal(code, 2);
  match(stderr, /XDG_RUNTIME_DIR is not set .*--runtime-dir DIR/);
  equal((await home.bwssh(["status"])).code, 2);
  const elsewhere = `${home.path}/elsewhere`;
  const words = ["daemon", "--foreground", "--runtime-dir", elsewhere];
  await using daemon = new BackgroundProcess(home.argv(words), { env: home.env });
  await daemon.waitForSocket(`${elsewhere}/control.sock`);
  await home.bwsshOk(["stop"], { env: { BWSSH_RUNTIME_DIR: elsewhere } });
  equal((await daemon.ended()).code, 0);
});

Deno.test("exit codes and hints", async (t) => {
  using home = await BwsshHome.create();
  await t.step("2 for a command line", async () => {
    for (const words of [["stauts"], ["status", "--jsn"], ["unlock", "--session-stdin", "--session-file", "f"]]) {
      const [code, stderr] = told(await home.bwssh(words));
      equal(code, 2, words.join(" "));
      match(stderr, /^bwssh: hint: bwssh (unlock )?--help$/m);
    }
    match((await home.bwssh(["stauts"])).stderr, /did you mean "status"/);
  });
  await t.step("4 where no daemon runs", async () => {
    for (const command of ["status", "keys", "lock", "sync", "reload", "stop"]) {
      deepEqual(told(await home.bwssh([command])), [
        4,
        `bwssh: No daemon answers at "${home.controlSocket}"\nbwssh: hint: bwssh start\n`,
      ]);
    }
    equal((await home.bwssh(["unlock", "--session-stdin"], { stdin: ANY_SESSION })).code, 4);
  });
  await t.step("2 for a configuration, with file, line and the nearest key", async () => {
    const file = home.writeConfig('[auth]\napprover = "none"\n\n[bitwarden]\nqurey = "x"\n');
    for (const words of [["daemon", "--foreground"], ["daemon"], ["config", "show"]]) {
      const [code, stderr] = told(await home.bwssh(words));
      equal(code, 2);
      match(stderr, new RegExp(`^bwssh: ${file}:5: .*bitwarden\\.qurey.*query`, "m"));
    }
    home.writeConfig('[bitwarden]\nquery = "type:shs"\n');
    match((await home.bwssh(["daemon", "--foreground"])).stderr, /there is no type "shs"; did you mean "ssh"\?/);
    home.writeConfig("");
  });
  await t.step("3 where the vault is locked", async () => {
    await using _daemon = await home.start();
    deepEqual(told(await home.bwssh(["sync"])), [3, "bwssh: The vault is locked\nbwssh: hint: bwssh unlock\n"]);
  });
});

Deno.test("--version names the kind of build", async () => {
  using home = await BwsshHome.create();
  match((await home.bwsshOk(["--version"])).text, /^bwssh \d+\.\d+\.\d+ \((compiled|self-extracting)\)\n$/);
});

Deno.test("env prints what the shells understand", async () => {
  using home = await BwsshHome.create();
  const [program = ""] = home.argv([]);
  const path = `${home.path}/it's a "run" $dir/a.sock`;
  for (const shell of ["sh", "csh", "fish"]) {
    if (findProgram(shell) === undefined) continue;
    const script = shell === "fish"
      ? `"$BWSSH" env | source; printf %s "$SSH_AUTH_SOCK"`
      : `eval "\`'${program}' env\`"; printf %s "$SSH_AUTH_SOCK"`;
    const env = { ...home.env, BWSSH: program, BWSSH_AGENT_SOCKET: path, SHELL: `/bin/${shell}` };
    const { code, text, stderr } = await run([shell, "-c", script], { env });
    deepEqual([code, text], [0, path], `${shell}: ${stderr}`);
  }
  deepEqual(JSON.parse((await home.bwsshOk(["env", "--json"])).text), { SSH_AUTH_SOCK: home.agentSocket });
});

Deno.test("config show says where each value comes from", async () => {
  using home = await BwsshHome.create({ env: { BWSSH_LOG_LEVEL: "error" } });
  const main = home.writeConfig('[daemon]\nlog_level = "debug"\n[bitwarden]\nquery = "a"\n');
  const dropIn = home.writeConfig('[bitwarden]\nquery = "${USER_QUERY}"\n', "10-query.toml");
  const result = await home.bwssh(["config", "show", "--json"], { env: { USER_QUERY: "c" } });
  const shown = result.code === 0 ? JSON.parse(result.text) as ConfigShown : undefined;
  deepEqual([shown?.files, result.stderr], [[main, dropIn], ""]);
  const row = (key: string): unknown => {
    const found = shown?.settings.find((setting) => setting.key === key);
    return [found?.value, found?.origin];
  };
  deepEqual(row("daemon.log_level"), ["error", "environment BWSSH_LOG_LEVEL"]);
  deepEqual(row("bitwarden.query"), ["c", `${dropIn}:2`]);
  deepEqual(row("auth.approver"), ["polkit", "default"]);
});

/**
 * The built program under a real user manager of systemd: install, socket activation, start, stop, uninstall, as a user
 * without rights. Where no manager can be made (no root, no control groups) the tests say so and are skipped; what
 * they show in the small is in tests/real/systemd_socket_test.ts and tests/cli/service_commands_test.ts.
 *
 * @module
 */

import { deepStrictEqual as deepEqual, match, ok, strictEqual as equal } from "node:assert/strict";
import { bwsshBinary } from "../support/binary.ts";
import type { RunResult } from "../support/process.ts";
import { MANAGED_UID, managerTests, TestUserManager } from "../support/user_manager.ts";

const CONFIG = `[auth]\napprover = "none"\n[bitwarden]\nbw_path = "/bin/false"\n`;
const UNITS = ["bwssh-agent.socket", "bwssh-agent.service"] as const;

const managed = await managerTests();

/** A user who has put the binary where the README says, or elsewhere. */
class ManagedUser implements AsyncDisposable {
  readonly manager: TestUserManager;
  readonly program: string;

  private constructor(manager: TestUserManager, program: string) {
    this.manager = manager;
    this.program = program;
  }

  static async create({ directory = ".local/bin", config = CONFIG } = {}): Promise<ManagedUser> {
    const manager = await TestUserManager.start();
    const program = manager.write(`${directory}/bwssh`, await Deno.readFile(await bwsshBinary()), 0o755);
    manager.write(".config/bwssh/config.toml", config);
    return new ManagedUser(manager, program);
  }

  bwssh(...args: readonly string[]): Promise<RunResult> {
    return this.manager.run([this.program, ...args]);
  }

  /** What ssh would see. */
  async sshAdd(socket = `/run/user/${MANAGED_UID}/bwssh/agent.sock`): Promise<number> {
    return (await this.manager.run(["ssh-add", "-l"], { SSH_AUTH_SOCK: socket })).code;
  }

  /** ActiveState of socket and service. */
  async states(): Promise<readonly string[]> {
    return (await this.show("ActiveState", ...UNITS)).split("\n\n");
  }

  async show(property: string, ...units: readonly string[]): Promise<string> {
    const { text } = await this.manager.run(["systemctl", "--user", "show", "--value", "-p", property, ...units]);
    return text.trim();
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.manager[Symbol.asyncDispose]();
  }
}

const NO_IDENTITIES = 1;
const NO_AGENT = 2;

managed("bwssh as a service of a user", async (t) => {
  await using user = await ManagedUser.create();
  const { manager } = user;

  await t.step("install makes systemd listen", async () => {
    const { code, stderr } = await user.bwssh("install", "--user-systemd", "--environment");
    equal(code, 0, stderr);
    deepEqual(await user.states(), ["active", "inactive"]);
    const { text } = await manager.run(["stat", "-c", "%a", `/run/user/${MANAGED_UID}/bwssh`, ...sockets()]);
    equal(text, "700\n600\n600\n");
    equal((await manager.run([`${manager.home.path}/.local/bin/bwssh-agentd`, "--help"])).code, 0);
  });

  await t.step("the first client starts the daemon, with the sandbox and the limits of the unit", async () => {
    equal(await user.sshAdd(), NO_IDENTITIES);
    deepEqual(await user.states(), ["active", "active"]);
    const pid = await user.show("MainPID", "bwssh-agent.service");
    const status: unknown = JSON.parse((await user.bwssh("status", "--json")).text);
    ok(typeof status === "object" && status !== null && "pid" in status);
    equal(String(status.pid), pid);
    const { text } = await manager.run([
      "grep",
      "-hE",
      "^(NoNewPrivs|Seccomp):|core file",
      ...proc(pid, "status", "limits"),
    ]);
    match(text, /^NoNewPrivs:\t1$/m);
    match(text, /^Seccomp:\t2$/m);
    match(text, /^Max core file size +0 +0 /m);
    // In a user namespace of its own the daemon could not tell who asks (/proc/PID/exe).
    const spaces = await manager.run(["readlink", ...proc("self", "ns/user"), ...proc(pid, "ns/user")]);
    equal(new Set(spaces.text.trim().split("\n")).size, 1, spaces.stderr);
  });

  await t.step("start and reload find it running", async () => {
    match((await user.bwssh("start")).stderr, /already running: bwssh-agent\.service/);
    equal((await manager.run(["systemctl", "--user", "reload", "bwssh-agent.service"])).code, 0);
    equal(await user.sshAdd(), NO_IDENTITIES);
  });

  await t.step("a killed daemon comes back", async () => {
    const pid = await user.show("MainPID", "bwssh-agent.service");
    equal((await manager.run(["kill", "-KILL", pid])).code, 0);
    equal(await user.sshAdd(), NO_IDENTITIES);
    ok(await user.show("MainPID", "bwssh-agent.service") !== pid);
  });

  await t.step("stop stays stopped, whoever asks", async () => {
    equal((await user.bwssh("stop")).code, 0);
    deepEqual(await user.states(), ["inactive", "inactive"]);
    equal(await user.sshAdd(), NO_AGENT);
    deepEqual(await user.states(), ["inactive", "inactive"]);
    equal((await user.bwssh("stop")).code, 4);
  });

  await t.step("start brings both back", async () => {
    equal((await user.bwssh("start")).code, 0);
    deepEqual(await user.states(), ["active", "active"]);
    equal(await user.sshAdd(), NO_IDENTITIES);
    equal((await user.bwssh("stop")).code, 0);
  });

  await t.step("a wrong configuration fails once, and start works when it is mended", async () => {
    manager.write(".config/bwssh/config.toml", "[auth]\nno_such_key = 1\n");
    const { code, stderr } = await user.bwssh("start");
    equal(code, 1);
    match(stderr, /Cannot start bwssh-agent\.service: .*\nbwssh: hint: journalctl --user/);
    equal(await user.show("NRestarts", "bwssh-agent.service"), "0");
    manager.write(".config/bwssh/config.toml", CONFIG);
    equal((await user.bwssh("start")).code, 0);
    equal(await user.sshAdd(), NO_IDENTITIES);
    equal((await user.bwssh("stop")).code, 0);
  });

  await t.step("a daemon beside systemd keeps its sockets", async () => {
    equal((await user.bwssh("daemon")).code, 0);
    match((await user.bwssh("start")).stderr, /already running, pid \d+, not as a unit of systemd/);
    match((await user.bwssh("install", "--user-systemd")).stderr, /to hand over/);
    deepEqual(await user.states(), ["inactive", "inactive"]);
    equal(await user.sshAdd(), NO_IDENTITIES);
    equal((await user.bwssh("stop")).code, 0);
    equal(await user.sshAdd(), NO_AGENT);
  });

  await t.step("uninstall ends it and leaves nothing", async () => {
    equal((await user.bwssh("start")).code, 0);
    const { code, stderr } = await user.bwssh("uninstall", "--user-systemd");
    equal(code, 0, stderr);
    equal(await user.sshAdd(), NO_AGENT);
    equal(await user.show("LoadState", ...UNITS), "not-found\n\nnot-found");
    const { home } = manager;
    const left = await manager.run(["find", home.join(".config"), home.join(".local"), "-not", "-type", "d"]);
    // Its own configuration, what was decided, and the program are the user's to remove.
    const kept = [home.join(".config/bwssh/config.toml"), user.program, home.join(".local/state/bwssh/audit.jsonl")];
    deepEqual(left.text.trim().split("\n").sort(), kept);
  });
});

managed("Odd paths mean to systemd what they mean to bwssh", async () => {
  const odd = `a "b' $HOME %h \\c\\303;#ä 鍵`;
  const config = `[daemon]\nruntime_dir = '''\${HOME}/${odd.replaceAll("$", "$$$$")}'''\n${CONFIG}`;
  await using user = await ManagedUser.create({ directory: "b $HOME 100%h;#", config });
  const { code, stderr } = await user.bwssh("install", "--user-systemd");
  equal(code, 0, stderr);
  const runtime = user.manager.home.join(odd);
  match((await user.bwssh("start")).stderr, /daemon running: bwssh-agent\.service/);
  equal(await user.sshAdd(`${runtime}/agent.sock`), NO_IDENTITIES);
  equal((await user.bwssh("stop")).code, 0);
});

function sockets(): readonly string[] {
  return ["agent", "control"].map((name) => `/run/user/${MANAGED_UID}/bwssh/${name}.sock`);
}

function proc(pid: string, ...names: readonly string[]): readonly string[] {
  return names.map((name) => `/proc/${pid}/${name}`);
}

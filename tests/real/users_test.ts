/**
 * The built program among several users: whoever is not its owner is turned away at both sockets, even where the
 * directories would let them in; root may list and not sign. Needs root, to be somebody else.
 *
 * Not for: what the file system itself keeps away (`lifecycle_test.ts`).
 *
 * @module
 */

import {
  deepStrictEqual as deepEqual,
  match,
  notStrictEqual as notEqual,
  strictEqual as equal,
} from "node:assert/strict";
import type { StatusReport } from "../../mod/control/messages.ts";
import { bwsshBinary } from "../support/binary.ts";
import { BwsshHome, type HomeOptions, startDaemon } from "../support/bwssh.ts";
import { LogFromNow } from "../support/daemon_log.ts";
import { baseEnv, run, runOk, type RunResult } from "../support/process.ts";
import { ANY_SESSION, ScriptedBw } from "../support/scripted_bw.ts";
import { SshSig } from "../support/sshsig.ts";
import { makeTempDir, type TempDir } from "../support/temp.ts";
import { makeTestKeys } from "../support/test_keys.ts";

const NOBODY = 65534;
/** Without the last words the kernel would not end it with the test: a change of user resets that. */
const AS_NOBODY = ["setpriv", `--reuid=${NOBODY}`, `--regid=${NOBODY}`, "--clear-groups", "--pdeathsig", "KILL", "--"];
const POLICY = '[auth]\napprover = "none"\n[[rules]]\naction = "allow"\n';

/** The program as nobody runs it: a copy, because the project may lie where only root can go. */
class NobodysProgram implements Disposable {
  readonly #dir: TempDir = makeTempDir("nobody");
  readonly #script: string;

  constructor() {
    Deno.chmodSync(this.#dir.path, 0o711);
    const program = this.#dir.join("program");
    this.#script = this.#dir.write("bwssh", `#!/bin/sh\nexec ${AS_NOBODY.join(" ")} ${program} "$@"\n`, 0o755);
    // Shared by all homes, as what is unpacked there is large.
    Deno.chownSync(this.#dir.dir("cache"), NOBODY, NOBODY);
  }

  /** Puts the copy in its place. */
  async prepare(): Promise<void> {
    await Deno.copyFile(await bwsshBinary(), this.#dir.join("program"));
    Deno.chmodSync(this.#dir.join("program"), 0o755);
  }

  /** A home of nobody's. */
  async home(options: HomeOptions): Promise<BwsshHome> {
    const env = { XDG_CACHE_HOME: this.#dir.join("cache"), ...options.env };
    const home = await BwsshHome.create({ ...options, binary: this.#script, env });
    await giveToNobody(home.path);
    return home;
  }

  [Symbol.dispose](): void {
    this.#dir[Symbol.dispose]();
  }
}

/** Gives a directory with everything in it to nobody. */
async function giveToNobody(path: string): Promise<void> {
  await runOk(["chown", "--recursive", "--no-dereference", `${NOBODY}:${NOBODY}`, path], {
    env: baseEnv("/nonexistent"),
  });
}

/** Lists as nobody. */
function listAsNobody(agent: string): Promise<RunResult> {
  return run([...AS_NOBODY, "ssh-add", "-L"], { env: { ...baseEnv("/nonexistent"), SSH_AUTH_SOCK: agent } });
}

/** Another user is turned away at both sockets, whatever the modes of files say. */
async function turnsAway(nobody: NobodysProgram): Promise<void> {
  using bw = new ScriptedBw(await makeTestKeys({ key: { type: "ed25519" } }));
  await using daemon = await startDaemon({ config: bw.table + POLICY });
  await daemon.unlock(ANY_SESSION);
  const { home } = daemon;
  for (const path of [home.path, `${home.path}/run`, `${home.path}/run/bwssh`]) Deno.chmodSync(path, 0o711);
  for (const socket of [home.agentSocket, home.controlSocket]) Deno.chmodSync(socket, 0o666);
  const log = new LogFromNow(daemon);
  const { code, text } = await listAsNobody(home.agentSocket);
  notEqual(code, 0);
  equal(text, "");
  await log.waitFor(/closed a connection to the agent socket: it came from uid 65534/);

  using intruder = await nobody.home({ env: { BWSSH_CONTROL_SOCKET: home.controlSocket } });
  for (const command of ["status", "lock", "stop"]) {
    const log = new LogFromNow(daemon);
    const { code, text, stderr } = await intruder.bwssh([command]);
    deepEqual([code, text, stderr], [1, "", "bwssh: The daemon closed the connection\nbwssh: hint: bwssh status\n"]);
    await log.waitFor(/closed a connection to the control socket: it came from uid 65534/);
  }
  const { state, keys } = await home.bwsshJson(["status"]) as StatusReport;
  deepEqual([state, keys], ["unlocked", 1]);
}

/** Root may list the keys of an ordinary user's daemon, and neither sign nor command. */
async function resistsRoot(nobody: NobodysProgram): Promise<void> {
  const { key } = await makeTestKeys({ key: { type: "ed25519" } });
  using bw = new ScriptedBw({ key });
  bw.chown(NOBODY, NOBODY);
  using home = await nobody.home({ config: bw.table + POLICY });
  await using daemon = await home.start();
  await daemon.unlock(ANY_SESSION);
  const own = await listAsNobody(home.agentSocket);
  equal(own.text, `${key.publicKey} key\n`, own.stderr);
  equal((await run(["ssh-add", "-L"], { env: home.clientEnv })).text, own.text);

  using asRoot = new SshSig(home.agentSocket);
  using asNobody = new SshSig(home.agentSocket, AS_NOBODY);
  await giveToNobody(asNobody.path);
  match(await asNobody.signAndVerify(key.publicKey) ?? "refused", /^Good "file" signature/);
  const log = new LogFromNow(daemon);
  equal(await asRoot.signAndVerify(key.publicKey), undefined);
  await log.waitFor(
    /refused sshsig:file .*: root-needs-rule: The client runs as root, and no rule with uid = \[0\] matches/,
  );

  using ours = await BwsshHome.create({ env: { BWSSH_CONTROL_SOCKET: home.controlSocket } });
  notEqual((await ours.bwssh(["lock"])).code, 0);
  await log.waitFor(/closed a connection to the control socket: it came from uid 0/);
  equal((await home.bwsshJson(["status"]) as StatusReport).keys, 1);
}

Deno.test({
  name: "several users",
  ignore: Deno.uid() !== 0,
  async fn(t): Promise<void> {
    using nobody = new NobodysProgram();
    await nobody.prepare();
    await t.step("another one is turned away at both sockets, whatever the modes of files say", async () => {
      await turnsAway(nobody);
    });
    await t.step("root may list the keys of an ordinary user's daemon, and neither sign nor command", async () => {
      await resistsRoot(nobody);
    });
  },
});

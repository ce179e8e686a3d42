/**
 * What the daemon does where memory cannot be locked: a clear refusal with the remedy, or what `require_locked = false`
 * accepts, named.
 *
 * @module
 */

import { match, ok, strictEqual as equal } from "node:assert/strict";
import { ensureTestTools, program } from "../../tools/setup.ts";
import { BackgroundProcess } from "../support/background.ts";
import { BwsshHome } from "../support/bwssh.ts";
import { run } from "../support/process.ts";

const tools = await ensureTestTools();
const CONFIG = '[auth]\napprover = "none"\n';
const UNLOCKED = `${CONFIG}[memory]\nrequire_locked = false\n`;

/** Words that run a command with a limit, also as root: who has CAP_IPC_LOCK has no limit (mlock(2)). */
function limited(bytes: number, words: readonly string[]): readonly string[] {
  return [program(tools, "setpriv"), "--bounding-set", "-ipc_lock", "prlimit", `--memlock=${bytes}:${bytes}`, ...words];
}

for (
  const [bytes, what] of [[0, "nothing"], [64 * 1024, "64 KiB"], [
    600 * 1024,
    "less than arena and libcrypto need",
  ]] as const
) {
  Deno.test(`with ${what} to lock the daemon refuses to start and says how to raise the limit`, async () => {
    using home = await BwsshHome.create({ config: CONFIG });
    const result = await run(limited(bytes, home.argv(["daemon", "--foreground"])), { env: home.env });
    equal(result.code, 1, result.stderr);
    match(result.stderr, /RLIMIT_MEMLOCK/);
    match(result.stderr, /ulimit -l/);
    match(result.stderr, /LimitMEMLOCK=/);
    equal([...Deno.readDirSync(home.env["XDG_RUNTIME_DIR"] ?? "")].length, 0, "sockets were left behind");
  });
}

Deno.test("with require_locked = false the daemon starts all the same, and status names what that means", async () => {
  using home = await BwsshHome.create({ config: UNLOCKED });
  const words = limited(0, home.argv(["daemon", "--foreground"]));
  await using daemon = new BackgroundProcess(words, { env: home.env, cwd: home.path });
  await daemon.waitForSocket(home.controlSocket);
  const { text } = await home.bwsshOk(["status"]);
  match(text, /^memory +none: /m);
  match(text, /^warning: keys lie in memory that may be swapped out/m);
  const status: unknown = await home.bwsshJson(["status"]);
  ok(typeof status === "object" && status !== null && "memory" in status);
});

import { ok, rejects, strictEqual as equal } from "node:assert/strict";
import { openArena } from "../../ffi/arena.ts";
import { openLibc } from "../../ffi/libc.ts";
import { Poller } from "../../ffi/poller.ts";
import { sendUnlock } from "../../mod/client/unlock_client.ts";
import { ControlError } from "../../mod/control/messages.ts";
import { BackgroundProcess } from "../support/background.ts";
import { baseEnv } from "../support/process.ts";
import { makeTempDir } from "../support/temp.ts";

/** Listens as another user, prints every byte it gets, and says when it is ready. */
const LISTENER = `
const listener = Deno.listen({ transport: "unix", path: Deno.args[0] });
Deno.chmodSync(Deno.args[0], 0o777);
console.log("ready");
for await (const connection of listener) for await (const chunk of connection.readable) console.log("got", chunk.length);
`;

Deno.test({
  name: "a session is not sent to a daemon of another user",
  ignore: Deno.uid() !== 0,
  async fn(): Promise<void> {
    await using dir = makeTempDir("foreign");
    Deno.chmodSync(dir.path, 0o777);
    Deno.copyFileSync(Deno.execPath(), dir.join("deno"));
    Deno.chmodSync(dir.join("deno"), 0o755);
    Deno.chmodSync(dir.write("listen.js", LISTENER), 0o644);
    const socket = dir.join("control.sock");
    const words = ["setpriv", "--reuid=65534", "--regid=65534", "--clear-groups", dir.join("deno"), "run", "-A"];
    const flags = ["--no-config", "--no-lock", dir.join("listen.js"), socket];
    const env = { ...baseEnv(dir.path), DENO_DIR: dir.join("cache") };
    await using listener = new BackgroundProcess([...words, ...flags], { env, cwd: dir.path });
    await listener.waitFor(/ready/);
    using libc = openLibc();
    using memory = openArena(libc, { requireLocked: false });
    using poller = new Poller(libc);
    using session = memory.allocate(88);
    await rejects(() => sendUnlock({ libc, memory, poller }, socket, session), (error) => {
      ok(error instanceof ControlError);
      equal(error.code, "foreign-daemon");
      return true;
    });
    await listener.stop();
    equal(listener.stdout.includes("got"), false);
  },
});

/** Waiting for a daemon's end. @module */

import { rejects, strictEqual as equal } from "node:assert/strict";
import { isServed, untilStopped } from "../../mod/client/until_stopped.ts";
import { BackgroundProcess } from "../support/background.ts";
import { baseEnv } from "../support/process.ts";
import { makeTempDir } from "../support/temp.ts";

/** Short against nothing but a deadline that is to pass. */
const IMPATIENT = 60;

Deno.test("isServed() tells a listener from a socket that was left and from none", async () => {
  await using dir = makeTempDir("served");
  const path = dir.join("control.sock");
  equal(await isServed(path), false);
  const listener = Deno.listen({ transport: "unix", path });
  equal(await isServed(path), true);
  const left = dir.join("left.sock");
  Deno.linkSync(path, left); // Deno removes its own name of it
  equal(await isServed(left), true);
  listener.close();
  equal(Deno.lstatSync(left).isSocket, true);
  equal(await isServed(left), false);
});

Deno.test("untilStopped() waits for the socket, then for the process", async () => {
  await using dir = makeTempDir("stopped");
  const path = dir.join("control.sock");
  await using daemon = new BackgroundProcess(["sleep", "60"], { env: baseEnv(dir.path) });
  const listener = Deno.listen({ transport: "unix", path });
  const timeout = {
    name: "ControlError",
    code: "timeout",
    message: `The daemon (pid ${daemon.pid}) has not ended within 0.06 s`,
  };
  await rejects(untilStopped(path, daemon.pid, IMPATIENT), timeout);
  listener.close();
  await rejects(untilStopped(path, daemon.pid, IMPATIENT), timeout);
  const waiting = untilStopped(path, daemon.pid);
  daemon.kill("SIGKILL");
  await waiting;
  await daemon.ended();
});

Deno.test("untilStopped() takes a process that nobody waited for as ended", async () => {
  await using dir = makeTempDir("stopped");
  // The shell becomes sleep, which never waits for the child it inherits; that one ends after it.
  const script = "sleep 0.3 & echo $!; exec sleep 60";
  await using parent = new BackgroundProcess(["sh", "-c", script], { env: baseEnv(dir.path) });
  const [pid] = await parent.waitFor(/\d+/);
  await untilStopped(dir.join("control.sock"), Number(pid));
  equal(Deno.readTextFileSync(`/proc/${pid}/stat`).includes(") Z "), true);
});

import { strictEqual as equal } from "node:assert/strict";
import { openLibc } from "../../ffi/libc.ts";
import { peerProcess, ProcessHandle, processHandle } from "../../ffi/process_handle.ts";
import { acceptFrom, connectTo, listenAt, peerCredentials } from "../../ffi/unix_socket.ts";
import { until } from "../support/deadline.ts";
import { makeTempDir } from "../support/temp.ts";

Deno.test("ProcessHandle is alive until its process has ended, and not after", async () => {
  using libc = openLibc();
  const child = new Deno.Command("/bin/sleep", { args: ["600"], clearEnv: true }).spawn();
  using handle = processHandle(libc, child.pid);
  equal(handle?.isAlive(), true);
  child.kill("SIGKILL");
  await child.status;
  equal(await until(() => handle?.isAlive() === false || undefined, 5_000, "the end"), true);
  using nobody = processHandle(libc, child.pid);
  equal(nobody?.isAlive(), false);
});

Deno.test("ProcessHandle is not alive without a process, nor when disposed", () => {
  using libc = openLibc();
  using nobody = new ProcessHandle(libc, undefined);
  equal(nobody.isAlive(), false);
  const ours = processHandle(libc, Deno.pid);
  equal(ours?.isAlive(), true);
  ours?.[Symbol.dispose]();
  equal(ours?.isAlive(), false);
});

Deno.test("peerProcess() is the process at the other end", () => {
  using libc = openLibc();
  using dir = makeTempDir("handle");
  const path = dir.join("socket");
  using listener = listenAt(libc, path, 1);
  using _client = connectTo(libc, path);
  using accepted = acceptFrom(libc, listener);
  if (accepted === undefined) throw new Error("Nothing to accept");
  using handle = peerProcess(libc, accepted.number, peerCredentials(libc, accepted.number).pid);
  equal(handle?.isAlive(), true);
});

/**
 * The control socket of the built program, byte for byte: command line and daemon of different versions tell each other
 * so, and what is no request costs its sender the connection and the daemon nothing.
 *
 * Not for: who may connect (`users_test.ts`).
 *
 * @module
 */

import { deepStrictEqual as deepEqual, match, strictEqual as equal } from "node:assert/strict";
import type { StatusReport } from "../../mod/control/messages.ts";
import { BwsshHome, startDaemon } from "../support/bwssh.ts";
import { LogFromNow } from "../support/daemon_log.ts";
import { within } from "../support/deadline.ts";

const ANSWER = 20_000;
const DIFFERENT = "The command line and the daemon are of different versions";
const HINT = "bwssh stop && bwssh start";

/** A frame as mod/control/codec.ts describes it, built here: uint32 length, JSON. */
function frame(json: string, length = json.length): Uint8Array {
  const bytes = new Uint8Array(4 + json.length);
  new DataView(bytes.buffer).setUint32(0, length);
  bytes.set(new TextEncoder().encode(json), 4);
  return bytes;
}

/** Sends bytes and reads until the other side has hung up. @returns The JSON of the answer, or undefined. */
async function send(path: string, bytes: Uint8Array): Promise<unknown> {
  using connection = await Deno.connect({ transport: "unix", path });
  await connection.write(bytes);
  await connection.closeWrite();
  const answer = new Uint8Array(await within(new Response(connection.readable).arrayBuffer(), ANSWER, "an answer"));
  return answer.length === 0 ? undefined : JSON.parse(new TextDecoder().decode(answer.subarray(4)));
}

Deno.test("a daemon tells a command line of another version, and outlives what is no request", async (t) => {
  await using daemon = await startDaemon();
  const { home } = daemon;

  await t.step("another version", async () => {
    const error = { code: "version", message: DIFFERENT, hint: HINT };
    deepEqual(await send(home.controlSocket, frame('{"v":99,"type":"status"}')), { v: 1, ok: false, error });
    deepEqual(await send(home.controlSocket, frame('{"type":"lock"}')), { v: 1, ok: false, error });
  });

  await t.step("no request at all", async () => {
    const requests = ["[]", "{", '"status"', '{"v":1,"type":"unlock"}', '{"v":1,"type":"__proto__"}'];
    for (const json of requests) {
      const answer = await send(home.controlSocket, frame(json)) as { ok: boolean; error: { code: string } };
      deepEqual([answer.ok, ["malformed", "version"].includes(answer.error.code)], [false, true], json);
    }
    for (const bytes of [frame("", 0), frame("{}", 16 * 1024 + 1), frame("{}", 0xffffffff)]) {
      const log = new LogFromNow(daemon);
      equal(await send(home.controlSocket, bytes), undefined);
      await log.waitFor(/closed a control connection: Cannot read a control message: got a frame of \d+ bytes/);
    }
    equal(await send(home.controlSocket, frame('{"v":1,"ty', 1000)), undefined);
    equal((await home.bwsshJson(["status"]) as StatusReport).pid, daemon.pid);
  });
});

Deno.test("a command line tells a daemon of another version", async () => {
  using home = await BwsshHome.create();
  Deno.mkdirSync(`${home.path}/run/bwssh`, { mode: 0o700 });
  using listener = Deno.listen({ transport: "unix", path: home.controlSocket });
  const asking = home.bwssh(["status"]);
  using connection = await within(listener.accept(), ANSWER, "the command line to connect");
  await connection.read(new Uint8Array(1024));
  await connection.write(frame('{"v":2,"ok":true,"result":{}}'));
  const { code, text, stderr } = await asking;
  deepEqual([code, text], [1, ""]);
  match(stderr, new RegExp(`^bwssh: ${DIFFERENT}\nbwssh: hint: ${HINT}\n$`));
});

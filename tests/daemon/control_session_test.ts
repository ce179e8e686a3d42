/**
 * What a client of the control socket can send instead of a request, and where sessions stay: in locked memory, until
 * they are used or their sender is gone.
 *
 * Not for: what the requests do (`vault_test.ts`), nor the codec by itself (`tests/control/`).
 *
 * @module
 */

import { deepStrictEqual as deepEqual, doesNotMatch, match, strictEqual as equal } from "node:assert/strict";
import { until } from "../support/deadline.ts";
import { OwnDaemon } from "../support/own_daemon.ts";
import { ascii, controlRequest, joined, RawClient, string, uint32 } from "../support/raw_client.ts";

const STATUS = controlRequest({ v: 1, type: "status" });
const SESSION = ascii(`${"Zm9v".repeat(21)}Zg==`);
const UNLOCK = controlRequest({ v: 1, type: "unlock", secretLength: SESSION.length });
const PATIENCE = 20_000;
const STALL = 30_000;

interface Response {
  readonly ok: boolean;
  readonly result?: { readonly state?: string; readonly pid?: number };
  readonly error?: { readonly code: string; readonly message: string };
}

function decoded(answer: Uint8Array | undefined): Response {
  return JSON.parse(new TextDecoder().decode(answer));
}

/** Nobody can be asked and there is no bw: enough to see that a session was taken. */
const CONFIG = `[bitwarden]\nbw_path = "/nonexistent/bw"`;

Deno.test("requests are answered in order, however they are cut into pieces", async () => {
  await using own = await OwnDaemon.start({ config: CONFIG });
  using client = await RawClient.connect(own.controlSocket);
  const requests = joined(STATUS, UNLOCK, SESSION, STATUS, controlRequest({ v: 1, type: "keys" }));
  for (const byte of requests) await client.send(Uint8Array.of(byte));
  const answers = [await client.frame(), await client.frame(), await client.frame(), await client.frame()].map(decoded);
  deepEqual(answers.map(({ ok }) => ok), [true, false, true, true]);
  equal(answers[0]?.result?.pid, Deno.pid);
  match(answers[1]?.error?.message ?? "", /Cannot find the program/);
  doesNotMatch(own.log, /Zm9vZm9v/);
});

Deno.test("what is no request is told so, and the connection goes on", async () => {
  await using own = await OwnDaemon.start({ config: CONFIG });
  using client = await RawClient.connect(own.controlSocket);
  const bodies = ["{", "[]", "null", "1", `"status"`, "{}", `{"v":1}`, `{"v":1,"type":"nonsense"}`, `{"v":1,"type":7}`];
  const lengths = [0, -1, 1.5, 4097, 1e300, "88", null, [88], {}];
  const lies = lengths.map((secretLength) => JSON.stringify({ v: 1, type: "unlock", secretLength }));
  for (const body of [...bodies, ...lies, `{"v":1,"type":"unlock"}`, "\u0000", `{"v":1,"type":"\ud800"}`]) {
    const { ok, error } = decoded(await client.ask(string(ascii(body))));
    equal(ok, false, body);
    match(error?.code ?? "", /^(malformed|version)$/, body);
  }
  equal(decoded(await client.ask(string(Uint8Array.of(0xff, 0xfe)))).error?.code, "malformed");
  equal(decoded(await client.ask(STATUS)).ok, true);
});

Deno.test("a length that is none closes the connection", async () => {
  await using own = await OwnDaemon.start({ config: CONFIG });
  for (const length of [0, 16 * 1024 + 1, 0xffff_ffff]) {
    using client = await RawClient.connect(own.controlSocket);
    await client.send(joined(uint32(length), ascii("{}")));
    await client.closed();
    match(own.log, new RegExp(`closed a control connection: .* a frame of ${length} bytes`));
  }
});

Deno.test("a session that is cut off, or waits its turn, is wiped with its connection", async () => {
  await using own = await OwnDaemon.start({ config: `[bitwarden]\nbw_path = ["/bin/sh", "-c", "sleep 0.2; exit 1"]` });
  const used = (): number => own.daemon.memory.status().used;
  const before = used();
  const client = await RawClient.connect(own.controlSocket);
  await client.send(joined(UNLOCK, SESSION.subarray(0, 60)));
  await until(() => used() > before || undefined, PATIENCE, "the first part of the session to arrive");
  client[Symbol.dispose]();
  await until(() => used() === before || undefined, PATIENCE, "the first part of the session to be wiped");

  // The first of these takes a moment, after which there is nobody to answer to.
  const other = await RawClient.connect(own.controlSocket);
  await other.send(joined(...Array.from({ length: 20 }, () => joined(UNLOCK, SESSION))));
  await until(() => used() > before + 5 * SESSION.length || undefined, PATIENCE, "the sessions to arrive");
  other[Symbol.dispose]();
  await until(() => used() === before || undefined, PATIENCE, "all sessions to be wiped");
  using last = await RawClient.connect(own.controlSocket);
  equal(decoded(await last.ask(STATUS)).result?.state, "locked");
});

Deno.test("a control connection that asks nothing makes room, one that waits for its answer does not", async () => {
  await using own = await OwnDaemon.start({ config: `[bitwarden]\nbw_path = ["/bin/sh", "-c", "exec sleep 600"]` });
  const before = own.daemon.memory.status().used;
  using waiting = await RawClient.connect(own.controlSocket);
  await waiting.send(joined(controlRequest({ v: 1, type: "unlock", secretLength: 88 }), SESSION));
  await until(() => own.daemon.memory.status().used > before + 64 * 1024 || undefined, PATIENCE, "bw to be started");
  const idle = await RawClient.connectMany(own.controlSocket, 63);
  using late = await RawClient.connect(own.controlSocket);
  const asking = late.ask(STATUS);
  await own.logged(/the control socket has 64 connections, the most allowed; others wait/);
  own.daemon.sweep(0);
  own.daemon.sweep(STALL);
  equal(decoded(await asking).ok, true);
  for (const client of idle) {
    await client.closed();
    client[Symbol.dispose]();
  }
  const answer = waiting.frame();
  using locking = await RawClient.connect(own.controlSocket);
  equal(decoded(await locking.ask(controlRequest({ v: 1, type: "lock" }))).ok, true);
  equal(decoded(await answer).error?.code, "locked");
});

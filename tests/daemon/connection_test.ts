/**
 * What a client of the agent socket can do to its connection, and that it does nothing to the others'.
 *
 * Not for: processes and floods from outside (`tests/real/hostile_peers_test.ts`).
 *
 * @module
 */

import { deepStrictEqual as deepEqual, doesNotMatch, match, strictEqual as equal } from "node:assert/strict";
import { blobOf } from "../support/agent_client.ts";
import { until, within } from "../support/deadline.ts";
import { OwnDaemon } from "../support/own_daemon.ts";
import {
  ANSWER,
  ascii,
  joined,
  LIST,
  NONSENSE,
  RawClient,
  repeated,
  signRequest,
  string,
  uint32,
} from "../support/raw_client.ts";
import { makeTestKeys } from "../support/test_keys.ts";

const FAILURE = Uint8Array.of(ANSWER.failure);
const NO_KEYS = Uint8Array.of(ANSWER.identities, 0, 0, 0, 0);
const PATIENCE = 20_000;
const STALL = 30_000;
/** The largest frame that is read. */
const LARGEST = 256 * 1024;

const KEYS = await makeTestKeys({ ed: { type: "ed25519" }, rsa: { type: "rsa", bits: 2048 } });
const [ED, RSA] = [blobOf(KEYS.ed.publicKey), blobOf(KEYS.rsa.publicKey)];

function extension(length: number): Uint8Array {
  const name = string(ascii("anything@example.test"));
  return joined(uint32(length), Uint8Array.of(27), name, new Uint8Array(length - 1 - name.length));
}

Deno.test("a request is answered however it is cut into pieces", async () => {
  await using own = await OwnDaemon.start({ keys: KEYS });
  using client = await RawClient.connect(own.agentSocket);
  for (const byte of joined(LIST, signRequest(ED, 1), signRequest(RSA, 1, 4))) await client.send(Uint8Array.of(byte));
  const types = [(await client.frame())?.[0], (await client.frame())?.[0], (await client.frame())?.[0]];
  deepEqual(types, [ANSWER.identities, ANSWER.signature, ANSWER.signature]);
});

Deno.test("pipelined requests are answered in order, slow ones too", async () => {
  await using own = await OwnDaemon.start({ keys: KEYS });
  using client = await RawClient.connect(own.agentSocket);
  const four = [signRequest(RSA, 1, 4), LIST, NONSENSE, signRequest(ED, 1)];
  const expected = [ANSWER.signature, ANSWER.identities, ANSWER.failure, ANSWER.signature];
  const requests = Array.from({ length: 25 }, () => four).flat();
  const answers = await client.exchange(requests);
  deepEqual(answers.map(([type]) => type), Array.from({ length: 25 }, () => expected).flat());
});

Deno.test("a client that sends no more still gets its answers", async () => {
  await using own = await OwnDaemon.start({ keys: KEYS });
  for (const request of [LIST, signRequest(ED, 1), signRequest(RSA, 1, 2)]) {
    using client = await RawClient.connect(own.agentSocket);
    await client.send(joined(request, request));
    await client.closeWrite();
    const expected = request === LIST ? ANSWER.identities : ANSWER.signature;
    deepEqual([(await client.frame())?.[0], (await client.frame())?.[0]], [expected, expected]);
    equal(await client.frame(), undefined);
  }
});

Deno.test("what is no frame closes the connection after the answers before it", async () => {
  await using own = await OwnDaemon.start();
  const cases = [
    [uint32(0), /closed \w+ \(pid \d+\): Cannot read frame: its length is 0/],
    [uint32(LARGEST + 1), /Cannot read frame: 262145 bytes, at most 262144/],
    [uint32(0xffff_ffff), /Cannot read frame: 4294967295 bytes/],
  ] as const;
  for (const [bytes, line] of cases) {
    using client = await RawClient.connect(own.agentSocket);
    await client.send(joined(LIST, bytes, LIST));
    await client.closed();
    await own.logged(line);
  }
  using client = await RawClient.connect(own.agentSocket);
  deepEqual(await client.ask(extension(LARGEST)), FAILURE); // the largest frame there may be
  deepEqual(await client.ask(LIST), NO_KEYS);
});

Deno.test("a client that stops in the middle of a frame is closed, one that waits between frames is not", async () => {
  await using own = await OwnDaemon.start();
  const { daemon } = own;
  using patient = await RawClient.connect(own.agentSocket);
  using inHeader = await RawClient.connect(own.agentSocket);
  using inBody = await RawClient.connect(own.agentSocket);
  using slow = await RawClient.connect(own.agentSocket);
  await inHeader.send(LIST.subarray(0, 3));
  await inBody.send(extension(1000).subarray(0, 500));
  await slow.send(extension(1000).subarray(0, 500));
  deepEqual(await patient.ask(LIST), NO_KEYS);
  daemon.sweep(0);
  daemon.sweep(STALL - 1);
  await slow.send(extension(1000).subarray(500, 501));
  deepEqual(await patient.ask(LIST), NO_KEYS); // so the loop has seen that byte
  doesNotMatch(own.log, /no progress/);
  daemon.sweep(STALL);
  await Promise.all([inHeader.closed(), inBody.closed()]);
  equal(own.log.match(/closed a connection to the agent socket that made no progress/g)?.length, 2);
  await slow.send(extension(1000).subarray(501));
  deepEqual([await slow.frame(), await patient.ask(LIST)], [FAILURE, NO_KEYS]);
});

Deno.test("a client that does not read waits, holds up nobody, and gets everything when it reads", async () => {
  await using own = await OwnDaemon.start({ keys: { ed: KEYS.ed } });
  using lazy = await RawClient.connect(own.agentSocket);
  const count = 60_000; // more than both sockets' buffers take
  let sent = false;
  const sending = lazy.send(repeated(LIST, count)).then(() => sent = true);
  using other = await RawClient.connect(own.agentSocket);
  // Every answer to the other one is one more round in which the lazy one could have been served.
  for (let round = 0; round < 200; round++) equal((await other.ask(LIST))[0], ANSWER.identities);
  equal(sent, false, "the daemon took all requests of a client that reads no answer");
  for (let at = 0; at < count; at++) equal((await lazy.frame())?.[0], ANSWER.identities);
  await sending;
});

Deno.test("a client that never reads is closed", async () => {
  await using own = await OwnDaemon.start({ keys: KEYS });
  using lazy = await RawClient.connect(own.agentSocket);
  const sending = lazy.sendOrClosed(repeated(LIST, 100_000));
  using other = await RawClient.connect(own.agentSocket);
  for (let round = 0; round < 200; round++) await other.ask(LIST);
  own.daemon.sweep(0);
  own.daemon.sweep(STALL);
  equal(await within(sending, PATIENCE, "the lazy client to be closed"), true);
  equal((await other.ask(LIST))[0], ANSWER.identities);
});

Deno.test("a client that goes in the middle of a signature harms nobody", async () => {
  await using own = await OwnDaemon.start({ keys: KEYS });
  using other = await RawClient.connect(own.agentSocket);
  for (let round = 0; round < 20; round++) {
    using client = await RawClient.connect(own.agentSocket);
    await client.send(joined(signRequest(RSA, round, 4), signRequest(RSA, round, 4), signRequest(ED, round)));
    client[Symbol.dispose]();
    equal((await other.ask(signRequest(RSA, round, 2)))[0], ANSWER.signature);
  }
  await until(async () => await connections(own) === 1 || undefined, PATIENCE, "the connections to go");
});

Deno.test("the connections over the limit wait for one to go", async () => {
  await using own = await OwnDaemon.start({ config: "[daemon]\nmax_connections = 2" });
  const first = await RawClient.connect(own.agentSocket);
  using second = await RawClient.connect(own.agentSocket);
  deepEqual(await first.ask(LIST), NO_KEYS);
  deepEqual(await second.ask(LIST), NO_KEYS);
  using third = await RawClient.connect(own.agentSocket);
  let answered = false;
  const asking = third.ask(LIST).then((answer) => {
    answered = true;
    return answer;
  });
  await own.logged(/the agent socket has 2 connections, the most allowed; others wait/);
  for (let round = 0; round < 50; round++) await second.ask(LIST);
  own.daemon.sweep(0);
  for (let round = 0; round < 50; round++) await second.ask(LIST);
  equal(answered, false);
  first[Symbol.dispose]();
  deepEqual(await asking, NO_KEYS);
  equal(own.log.match(/the most allowed/g)?.length, 1); // one line however many wait
});

Deno.test("agent connections leave descriptors for everything else", async () => {
  await using own = await OwnDaemon.start({ files: 200 });
  match(own.log, /serving 50 connections at a time: the limit of open files allows no more/);
  await using roomy = await OwnDaemon.start({ files: 100_000 });
  doesNotMatch(roomy.log, /at a time/);
});

Deno.test("what is wrong with one connection's requests is said a few times, not for each of a flood", async () => {
  await using own = await OwnDaemon.start();
  using client = await RawClient.connect(own.agentSocket);
  const answers = await client.exchange(Array.from({ length: 500 }, () => NONSENSE));
  deepEqual(answers.filter(([type]) => type !== ANSWER.failure), []);
  equal(own.log.match(/refused .* is not supported/g)?.length, 8);
  match(own.log, /is not supported; more of this connection is not logged/);
  deepEqual(await client.ask(LIST), NO_KEYS);
});

async function connections(own: OwnDaemon): Promise<number> {
  using control = await RawClient.connect(own.controlSocket);
  const answer = await control.ask(string(ascii(`{"v":1,"type":"status"}`)));
  return JSON.parse(new TextDecoder().decode(answer)).result.connections;
}

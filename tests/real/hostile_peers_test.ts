/**
 * The built program among clients that stall, flood, vanish and talk nonsense: the others are served, memory and
 * descriptors stay what they were.
 *
 * Not for: each refusal by itself (`tests/daemon/`), nor random bytes (`fuzz_test.ts`).
 *
 * @module
 */

import { deepStrictEqual as deepEqual, ok, strictEqual as equal } from "node:assert/strict";
import { blobOf } from "../support/agent_client.ts";
import { BackgroundProcess } from "../support/background.ts";
import { type Daemon, startDaemon } from "../support/bwssh.ts";
import { LogFromNow } from "../support/daemon_log.ts";
import { until } from "../support/deadline.ts";
import { baseEnv, runOk } from "../support/process.ts";
import { openFiles, residentMiB, threads } from "../support/process_facts.ts";
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
import { ANY_SESSION, ScriptedBw } from "../support/scripted_bw.ts";
import { makeTestKeys } from "../support/test_keys.ts";

const KEYS = await makeTestKeys({ ed: { type: "ed25519" }, rsa: { type: "rsa", bits: 2048 } });
const [ED, RSA] = [blobOf(KEYS.ed.publicKey), blobOf(KEYS.rsa.publicKey)];
/** Without a line for each signature, which would be this test's own flood. */
const CONFIG =
  `[daemon]\nlog_level = "warning"\n[auth]\napprover = "none"\n[[rules]]\naction = "allow"\nkinds = ["sshsig:file"]\n`;
const PATIENCE = 30_000;

/** What a well-behaved client asks, and what it must be told. */
const REQUESTS = [LIST, signRequest(ED, 1), NONSENSE, signRequest(RSA, 1, 4)];
const ANSWERS = [ANSWER.identities, ANSWER.signature, ANSWER.failure, ANSWER.signature];

type Behaviour = (client: RawClient, number: number) => Promise<unknown>;

const STALLED: readonly Behaviour[] = [
  (client) => client.send(uint32(100).subarray(0, 3)), // in the length of a frame
  (client) => client.send(joined(uint32(200_000), Uint8Array.of(13), new Uint8Array(5000))), // in its contents
  (client) => client.send(joined(uint32(1000), Uint8Array.of(17), new Uint8Array(500))), // of a message with a key in it
];
/** Requests whose answers nobody reads. */
const FLOODS: readonly Behaviour[] = [
  (client) => client.sendOrClosed(repeated(LIST, 100_000)),
  (client) => client.sendOrClosed(repeated(NONSENSE, 100_000)),
  (client, number) => client.sendOrClosed(repeated(signRequest(ED, number), 500)),
];
const FLOODING = 24;

/** What the bad client with a number does. */
function misbehave(client: RawClient, number: number): Promise<unknown> {
  const kinds = number < FLOODING ? FLOODS : STALLED;
  return kinds[number % kinds.length]?.(client, number) ?? Promise.resolve();
}

async function startLoaded(): Promise<{ readonly daemon: Daemon; readonly bw: ScriptedBw } & AsyncDisposable> {
  const bw = new ScriptedBw(KEYS);
  try {
    const daemon = await startDaemon({ config: bw.table + CONFIG });
    await daemon.unlock(ANY_SESSION);
    return {
      daemon,
      bw,
      async [Symbol.asyncDispose](): Promise<void> {
        await daemon[Symbol.asyncDispose]();
        bw[Symbol.dispose]();
      },
    };
  } catch (error) {
    bw[Symbol.dispose]();
    throw error;
  }
}

async function servesWell(client: RawClient, rounds = 1): Promise<void> {
  for (let round = 0; round < rounds; round++) {
    const answers = [];
    for (const request of REQUESTS) answers.push((await client.ask(request))[0]);
    deepEqual(answers, ANSWERS);
  }
}

Deno.test("of 512 clients half are hostile: the other half are served, again and again, and memory stays flat", async () => {
  await using loaded = await startLoaded();
  const { daemon } = loaded;
  const quiet = { files: openFiles(daemon.pid), threads: threads(daemon.pid) };
  const sizes: number[] = [];
  for (let wave = 0; wave < 3; wave++) {
    const bad = await RawClient.connectMany(daemon.agentSocket, 256);
    const doing = bad.map(misbehave);
    const good = await RawClient.connectMany(daemon.agentSocket, 256);
    await Promise.all(good.map((client) => servesWell(client, 2)));
    const files = openFiles(daemon.pid) - quiet.files; // a socket each, and a pidfd of each who signed
    ok(files >= 512 && files <= 2 * 512, `${files} more descriptors`);
    ok(threads(daemon.pid) <= quiet.threads + 32, "more threads than the runtime's pool has");
    for (const client of [...bad, ...good]) client[Symbol.dispose]();
    await Promise.allSettled(doing);
    await until(() => openFiles(daemon.pid) === quiet.files || undefined, PATIENCE, "all connections to be closed");
    sizes.push(residentMiB(daemon.pid));
  }
  const [, second = 0, third = 0] = sizes;
  ok(third < 320 && third - second < 64, `resident memory after each wave: ${sizes.map(Math.round)} MiB`);
});

Deno.test("a client that floods and reads does not make another wait for its flood to end", async () => {
  await using loaded = await startLoaded();
  const { daemon } = loaded;
  // A process of its own, so that only the daemon decides who comes when: a million requests, and as many answers read.
  const script = `use IO::Socket::UNIX; $| = 1; my ($path, $answer) = @ARGV; my $count = 1_000_000;
    $s = IO::Socket::UNIX->new(Peer => $path) or die;
    unless (fork) { for (1..$count / 1000) { syswrite($s, "\\0\\0\\0\\1\\x0b" x 1000) or die } exit }
    for (my $left = $count * $answer; $left > 0;) {
      print "begun\\n" if $left == $count * $answer;
      $left -= sysread($s, $_, 65536) || die;
    }
    print "done\\n"`;
  using other = await RawClient.connect(daemon.agentSocket);
  const answer = 4 + (await other.ask(LIST)).length;
  const words = ["/usr/bin/perl", "-e", script, daemon.agentSocket, String(answer)];
  await using flooder = new BackgroundProcess(words, { env: baseEnv("/") });
  await flooder.waitFor(/begun/);
  await servesWell(other, 10);
  equal(flooder.stdout, "begun\n");
  await flooder.waitFor(/done/, 60_000);
});

Deno.test("a client that is stopped while it floods holds up nobody", async () => {
  await using loaded = await startLoaded();
  const { daemon } = loaded;
  const script =
    `use IO::Socket::UNIX; $s = IO::Socket::UNIX->new(Peer => $ARGV[0]) or die; $| = 1; print "flooding\\n";` +
    `while (1) { syswrite($s, "\\0\\0\\0\\1\\x0b" x 1000) or die }`;
  await using stopped = new BackgroundProcess(["/usr/bin/perl", "-e", script, daemon.agentSocket], {
    env: baseEnv("/"),
  });
  await stopped.waitFor(/flooding/);
  stopped.kill("SIGSTOP");
  using other = await RawClient.connect(daemon.agentSocket);
  await servesWell(other, 5);
  stopped.kill("SIGKILL");
  await stopped.ended();
  await servesWell(other);
});

Deno.test("10,000 clients that come and go, politely or not, leave nothing open", async () => {
  await using loaded = await startLoaded();
  const { daemon } = loaded;
  const before = openFiles(daemon.pid);
  const visits: readonly ((client: RawClient) => Promise<unknown>)[] = [
    () => Promise.resolve(),
    (client) => client.send(LIST),
    (client) => client.ask(LIST),
    (client) => client.send(joined(signRequest(RSA, 1, 4), signRequest(RSA, 2, 2))), // gone before the signature
    (client) => client.send(LIST.subarray(0, 2)),
  ];
  const sizes: number[] = [];
  for (let wave = 0; wave < 2; wave++) {
    for (let batch = 0; batch < 50; batch++) {
      const clients = await RawClient.connectMany(daemon.agentSocket, 100);
      await Promise.all(clients.map((client, number) => visits[number % visits.length]?.(client)));
      for (const client of clients) client[Symbol.dispose]();
    }
    await until(() => openFiles(daemon.pid) === before || undefined, PATIENCE, "all connections to be closed");
    sizes.push(residentMiB(daemon.pid));
  }
  const [first = 0, second = 0] = sizes;
  ok(second - first < 48, `resident memory after each 5,000: ${sizes.map(Math.round)} MiB`);
  using client = await RawClient.connect(daemon.agentSocket);
  await servesWell(client);
});

Deno.test("out of descriptors the daemon serves who is there, and the others later", async () => {
  await using loaded = await startLoaded();
  const { daemon } = loaded;
  const limit = async (files: number): Promise<void> => {
    await runOk(["/usr/bin/prlimit", `--pid=${daemon.pid}`, `--nofile=${files}:`], { env: baseEnv("/") });
  };
  using there = await RawClient.connect(daemon.agentSocket);
  using going = await RawClient.connect(daemon.agentSocket);
  await servesWell(there);
  const log = new LogFromNow(daemon);
  const [, soft = ""] = /^Max open files +(\d+)/m.exec(Deno.readTextFileSync(`/proc/${daemon.pid}/limits`)) ?? [];
  await limit(openFiles(daemon.pid));
  const late = await RawClient.connectMany(daemon.agentSocket, 3);
  const serving = Promise.all(late.map((client) => client.ask(LIST)));
  await log.waitFor(/Cannot accept a connection: too many open files .*; others wait/);
  for (let round = 0; round < 20; round++) equal((await there.ask(LIST))[0], ANSWER.identities);
  equal(log.text.match(/others wait/g)?.length, 1);
  await limit(Number(soft));
  going[Symbol.dispose](); // what is closed makes room
  deepEqual((await serving).map(([type]) => type), [ANSWER.identities, ANSWER.identities, ANSWER.identities]);
  for (const client of late) client[Symbol.dispose]();
});

Deno.test("with few descriptors some are kept for the command line and for looking at who asks", async () => {
  using bw = new ScriptedBw(KEYS);
  await using daemon = await startDaemon({ config: bw.table + CONFIG });
  const words = ["/usr/bin/prlimit", "--nofile=80:80", ...daemon.home.argv(["daemon", "--foreground"])];
  const env = { ...daemon.home.env, BWSSH_RUNTIME_DIR: `${daemon.home.path}/small` };
  await using small = new BackgroundProcess(words, { env });
  await small.waitForSocket(`${daemon.home.path}/small/control.sock`);
  await small.waitFor(/serving 20 connections at a time: the limit of open files allows no more/);
  const crowd = await RawClient.connectMany(`${daemon.home.path}/small/agent.sock`, 100);
  await small.waitFor(/the agent socket has 20 connections, the most allowed; others wait/);
  const { code, stderr } = await daemon.home.bwssh(["unlock", "--session-stdin"], { stdin: ANY_SESSION, env });
  equal(code, 0, stderr);
  await servesWell(crowd[0] as RawClient);
  for (const client of crowd) client[Symbol.dispose]();
});

Deno.test("nonsense costs its sender the connection and the log a few lines", async () => {
  await using loaded = await startLoaded();
  const { daemon } = loaded;
  const log = new LogFromNow(daemon);
  for (let round = 0; round < 100; round++) {
    using client = await RawClient.connect(daemon.agentSocket);
    await client.sendOrClosed(string(ascii("x".repeat(10_000 + round)))); // a message of an unknown number
    await client.sendOrClosed(ascii("GET / HTTP/1.1\r\nHost: localhost\r\n\r\n"));
    await client.closed();
  }
  ok(log.text.split("\n").length <= 201, `${log.text.split("\n").length} lines for 100 clients`);
  using client = await RawClient.connect(daemon.agentSocket);
  await servesWell(client);
});

/**
 * Loads that meet other things: a lock, the end of the daemon, each other. The program in the place of `bw` waits for a
 * word, so that what comes first is the test's choice.
 *
 * Not for: what `bw` does (`tests/real/`), nor what becomes of items (`tests/source/`).
 *
 * @module
 */

import { deepStrictEqual as deepEqual, match, strictEqual as equal } from "node:assert/strict";
import { blobOf } from "../support/agent_client.ts";
import { until } from "../support/deadline.ts";
import { OwnDaemon } from "../support/own_daemon.ts";
import { ANSWER, ascii, controlRequest, joined, RawClient, signRequest } from "../support/raw_client.ts";
import { makeTempDir, type TempDir } from "../support/temp.ts";
import { makeTestKeys } from "../support/test_keys.ts";

const PATIENCE = 20_000;
const SESSION = ascii(`${"A".repeat(86)}==`);
const UNLOCK = joined(controlRequest({ v: 1, type: "unlock", secretLength: SESSION.length }), SESSION);
const KEYS = await makeTestKeys({ one: { type: "ed25519" }, two: { type: "ecdsa", bits: 256 } });

interface Response {
  readonly ok: boolean;
  readonly result?: { readonly state?: string; readonly keys?: number; readonly changed?: readonly string[] };
  readonly error?: { readonly code: string; readonly message: string };
}

/** A `bw` that notes its calls and, where there is a gate, prints its first byte and waits for it to open. */
class GatedBw {
  readonly #dir: TempDir;
  readonly config: string;

  constructor(dir: TempDir) {
    this.#dir = dir;
    const items = Object.entries(KEYS).map(([name, key]) => ({
      ...{ id: crypto.randomUUID(), type: 5, name, reprompt: 0 },
      sshKey: { privateKey: key.revealPrivateText(), publicKey: key.publicKey },
    }));
    const rest = dir.write("rest.json", JSON.stringify(items).slice(1));
    const script = [
      "#!/bin/sh",
      "trap 'sleep 0.3; exit 143' TERM", // as bw, it takes a moment to end
      `echo "$$ $1 $2" >> ${dir.join("calls")}`,
      `[ "$1" = sync ] && exit 0`,
      "printf '['",
      `while [ -e ${dir.join("gate")} ]; do sleep 0.02; done`,
      `cat ${rest}`,
    ];
    this.config = `[bitwarden]\nbw_path = "${dir.write("bw", `${script.join("\n")}\n`, 0o700)}"`;
  }

  /** Calls from now on wait. */
  shut(): void {
    this.#dir.write("gate", "");
  }

  open(): void {
    Deno.removeSync(this.#dir.join("gate"));
  }

  /** The calls so far: pid and what was asked. */
  calls(): readonly (readonly [pid: number, words: string])[] {
    let text: string;
    try {
      text = Deno.readTextFileSync(this.#dir.join("calls"));
    } catch {
      return [];
    }
    return text.trim().split("\n").map((line) => {
      const [pid, ...words] = line.split(" ");
      return [Number(pid), words.join(" ").trim()];
    });
  }

  /** Waits for a call. @returns Its pid. */
  async called(count: number): Promise<number> {
    await until(() => this.calls().length >= count || undefined, PATIENCE, `call ${count} of bw`);
    return this.calls()[count - 1]?.[0] ?? 0;
  }
}

async function ask(own: OwnDaemon, request: Uint8Array): Promise<Response> {
  using client = await RawClient.connect(own.controlSocket);
  return JSON.parse(new TextDecoder().decode(await client.ask(request)));
}

const plain = (type: string): Uint8Array => controlRequest({ v: 1, type });

Deno.test("a lock ends the load that runs and those that wait, and nothing of them stays", async () => {
  await using dir = makeTempDir("vault");
  const bw = new GatedBw(dir);
  await using own = await OwnDaemon.start({ config: bw.config });
  const used = (): number => own.daemon.memory.status().used;
  const before = used();
  bw.shut();
  const loads = Array.from({ length: 5 }, () => ask(own, UNLOCK));
  const pid = await bw.called(1);
  await until(() => used() > before + 5 * SESSION.length || undefined, PATIENCE, "the sessions to arrive");
  equal((await ask(own, plain("lock"))).ok, true);
  deepEqual((await Promise.all(loads)).map(({ error }) => error?.code), Array(5).fill("locked"));
  await until(() => isGone(pid) || undefined, PATIENCE, "bw to be ended and reaped");
  await until(() => used() === before || undefined, PATIENCE, "everything to be wiped");
  equal((await ask(own, plain("status"))).result?.state, "locked");
  equal(bw.calls().length, 1);

  // Nothing is left that would be in the way.
  bw.open();
  equal((await ask(own, UNLOCK)).result?.keys, 2);
});

Deno.test("the daemon that ends during a load ends bw, answers, and waits for it", async () => {
  await using dir = makeTempDir("vault");
  const bw = new GatedBw(dir);
  bw.shut();
  const loading = Promise.withResolvers<Response>();
  let pid: number;
  {
    await using own = await OwnDaemon.start({ config: bw.config });
    ask(own, UNLOCK).then(loading.resolve, loading.reject);
    pid = await bw.called(1);
  }
  equal(isGone(pid), true);
  equal((await loading.promise).error?.code, "locked");
});

Deno.test("a key that signs while its vault is locked either signs or is refused", async () => {
  await using dir = makeTempDir("vault");
  const bw = new GatedBw(dir);
  await using own = await OwnDaemon.start({ config: bw.config });
  const blob = blobOf(KEYS.two.publicKey);
  using client = await RawClient.connect(own.agentSocket);
  for (let round = 0; round < 5; round++) {
    equal((await ask(own, UNLOCK)).result?.keys, 2);
    const signing = client.exchange(Array.from({ length: 200 }, (_, number) => signRequest(blob, number)));
    equal((await ask(own, plain("lock"))).ok, true);
    const answers = (await signing).map(([type]) => type);
    const firstRefusal = answers.indexOf(ANSWER.failure);
    deepEqual(
      answers.slice(firstRefusal < 0 ? answers.length : firstRefusal).filter((type) => type !== ANSWER.failure),
      [],
    );
    equal((await client.ask(signRequest(blob, round)))[0], ANSWER.failure);
  }
});

Deno.test("many who sync at once share one sync, and one who unlocks meanwhile is served after them", async () => {
  await using dir = makeTempDir("vault");
  const bw = new GatedBw(dir);
  await using own = await OwnDaemon.start({ config: bw.config });
  equal((await ask(own, plain("sync"))).error?.code, "locked");
  await ask(own, UNLOCK);
  bw.shut();
  const syncs = Array.from({ length: 30 }, () => ask(own, plain("sync")));
  await bw.called(3);
  const unlocking = ask(own, UNLOCK);
  const status = await ask(own, plain("status")); // answered while all that waits
  equal(status.result?.state, "unlocked");
  bw.open();
  deepEqual((await Promise.all(syncs)).map(({ result }) => result?.keys), Array(30).fill(2));
  equal((await unlocking).result?.keys, 2);
  deepEqual(bw.calls().map(([, words]) => words), ["list items", "sync --nointeraction", "list items", "list items"]);
});

Deno.test("a load that fails leaves the keys that were there, and the next one works", async () => {
  await using dir = makeTempDir("vault");
  const bw = new GatedBw(dir);
  await using own = await OwnDaemon.start({ config: bw.config });
  await ask(own, UNLOCK);
  dir.write("rest.json", `{"this is no end of a list"`);
  match((await ask(own, plain("sync"))).error?.message ?? "", /not the JSON that was expected/);
  const keys = own.daemon.keyring.list().length;
  equal(keys, 2);
  using client = await RawClient.connect(own.agentSocket);
  equal((await client.ask(signRequest(blobOf(KEYS.one.publicKey), 1)))[0], ANSWER.signature);
});

Deno.test("a session that opened nothing is not kept", async () => {
  await using dir = makeTempDir("vault");
  const bw = new GatedBw(dir);
  await using own = await OwnDaemon.start({ config: bw.config });
  const before = own.daemon.memory.status().used;
  dir.write("rest.json", "");
  equal((await ask(own, UNLOCK)).ok, false);
  equal((await ask(own, plain("sync"))).error?.code, "locked");
  await until(() => own.daemon.memory.status().used === before || undefined, PATIENCE, "everything to be wiped");
});

Deno.test("a reload that changes who may sign ends an unlock that is under way, and the next one shows the change", async () => {
  await using dir = makeTempDir("vault");
  const bw = new GatedBw(dir);
  await using own = await OwnDaemon.start({ config: bw.config });
  const allowing = Deno.readTextFileSync(own.configFile);
  bw.shut();
  const unlocking = ask(own, UNLOCK);
  await bw.called(1);
  Deno.writeTextFileSync(own.configFile, allowing.replace('kinds = ["sshsig:file"]', 'kinds = ["auth", "sshsig"]'));
  deepEqual((await ask(own, plain("reload"))).result?.changed, ["rules[1]"]);
  equal((await unlocking).error?.code, "locked");
  bw.open();
  deepEqual((await ask(own, UNLOCK)).result?.changed, ["rules[1]"]);
  deepEqual((await ask(own, UNLOCK)).result?.changed, []);
});

Deno.test("a reload that changes nothing of that keeps the keys, and a broken one keeps everything", async () => {
  await using dir = makeTempDir("vault");
  const bw = new GatedBw(dir);
  await using own = await OwnDaemon.start({ config: bw.config });
  await ask(own, UNLOCK);
  const text = Deno.readTextFileSync(own.configFile);
  Deno.writeTextFileSync(own.configFile, `${text}\n[daemon]\nlog_level = "info"\n`);
  deepEqual((await ask(own, plain("reload"))).result?.changed, []);
  Deno.writeTextFileSync(own.configFile, `${text}\n[auth`);
  equal((await ask(own, plain("reload"))).error?.code, "invalid");
  equal(own.daemon.keyring.list().length, 2);
});

Deno.test("a changed choice of items is in force for the next unlock, also where nothing was held", async () => {
  await using dir = makeTempDir("vault");
  const bw = new GatedBw(dir);
  await using own = await OwnDaemon.start({ config: `${bw.config}\nquery = "nomatch"` });
  equal((await ask(own, UNLOCK)).result?.keys, 0);
  Deno.writeTextFileSync(own.configFile, Deno.readTextFileSync(own.configFile).replace("nomatch", "one"));
  await ask(own, plain("reload"));
  equal((await ask(own, UNLOCK)).result?.keys, 1);
});

Deno.test("a session that opens nothing does not take the place of one that does", async () => {
  await using dir = makeTempDir("vault");
  const bw = new GatedBw(dir);
  await using own = await OwnDaemon.start({ config: bw.config });
  await ask(own, UNLOCK);
  const listing = Deno.readTextFileSync(dir.join("rest.json"));
  dir.write("rest.json", "");
  equal((await ask(own, UNLOCK)).ok, false);
  dir.write("rest.json", listing);
  equal((await ask(own, plain("sync"))).result?.keys, 2);
});

/** Whether a process has ended and was waited for. */
function isGone(pid: number): boolean {
  try {
    Deno.lstatSync(`/proc/${pid}`);
    return false;
  } catch {
    return true;
  }
}

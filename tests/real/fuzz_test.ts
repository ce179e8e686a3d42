/**
 * Thousands of random messages to both sockets of the built program: each is answered or costs its sender the connection,
 * the daemon lives, signs, stays as large as it was, and calls none of it an error.
 *
 * BWSSH_FUZZ_SEED repeats a run; a failing one names its seed.
 *
 * @module
 */

import { doesNotMatch, match, ok, strictEqual as equal } from "node:assert/strict";
import { blobOf } from "../support/agent_client.ts";
import { startDaemon } from "../support/bwssh.ts";
import { openFiles, residentMiB } from "../support/process_facts.ts";
import { agentMessage, Chance, controlMessage } from "../support/random_messages.ts";
import { ANSWER, RawClient, signRequest } from "../support/raw_client.ts";
import { ANY_SESSION, ScriptedBw } from "../support/scripted_bw.ts";
import { makeTestKeys } from "../support/test_keys.ts";

const SEED = Number(Deno.env.get("BWSSH_FUZZ_SEED") ?? crypto.getRandomValues(new Uint32Array(1))[0]);
const CONFIG = `[auth]\napprover = "none"\n[[rules]]\naction = "allow"\nkinds = ["sshsig:file"]\n`;

Deno.test(`random messages to both sockets (seed ${SEED})`, async (t) => {
  const keys = await makeTestKeys({
    ed: { type: "ed25519" },
    p256: { type: "ecdsa", bits: 256 },
    rsa: { type: "rsa", bits: 2048 },
  });
  const blobs = Object.values(keys).map(({ publicKey }) => blobOf(publicKey));
  using bw = new ScriptedBw(keys);
  await using daemon = await startDaemon({ config: bw.table + CONFIG });
  await daemon.unlock(ANY_SESSION);
  const before = openFiles(daemon.pid);
  const chance = new Chance(SEED);

  /** The daemon as it should be. */
  const isWell = async (): Promise<void> => {
    equal(daemon.process.status, undefined);
    equal((await daemon.bwssh(["status"])).code, 0);
    await daemon.unlock(ANY_SESSION); // a message may have locked it
    using client = await RawClient.connect(daemon.agentSocket);
    for (const blob of blobs) equal((await client.ask(signRequest(blob, 1, 4)))[0], ANSWER.signature);
    doesNotMatch(daemon.log, /error:|defect|TypeError|undefined|\[object/);
  };

  await t.step("framed messages to the agent socket are answered, one for one", async () => {
    const sizes: number[] = [];
    for (let wave = 0; wave < 3; wave++) {
      for (let batch = 0; batch < 20; batch++) {
        using client = await RawClient.connect(daemon.agentSocket);
        const messages = Array.from({ length: 100 }, () => agentMessage(chance, blobs));
        equal((await client.exchange(messages)).length, messages.length);
      }
      sizes.push(residentMiB(daemon.pid));
    }
    const [, second = 0, third = 0] = sizes;
    ok(third - second < 32, `resident memory after each 2,000: ${sizes.map(Math.round)} MiB`);
    await isWell();
  });

  await t.step("framed messages to the control socket are answered, one for one", async () => {
    for (let batch = 0; batch < 20; batch++) {
      using client = await RawClient.connect(daemon.controlSocket);
      for (const message of Array.from({ length: 100 }, () => controlMessage(chance))) {
        match(new TextDecoder().decode(await client.ask(message)), /^\{"v":1,"ok":(true|false),/);
      }
    }
    await isWell();
  });

  await t.step("bytes that are no frames end the connection at the latest with the sender", async () => {
    for (const path of [daemon.agentSocket, daemon.controlSocket]) {
      for (let round = 0; round < 200; round++) {
        using client = await RawClient.connect(path);
        await client.sendOrClosed(chance.bytes(1 + chance.below(2000)));
        if (chance.below(2) === 0) await client.closeWrite().catch(() => {});
      }
    }
    await isWell();
    await daemon.process.waitUntil(() => openFiles(daemon.pid) <= before || undefined, {
      what: "all connections to be closed",
    });
  });
});

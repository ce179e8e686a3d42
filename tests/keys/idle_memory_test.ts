/**
 * After a minute without signatures only the arena holds keys: seen from outside, as root.
 *
 * @module
 */

import { ok, strictEqual as equal } from "node:assert/strict";
import { rootTest } from "../build/needs.ts";
import { BackgroundProcess } from "../support/background.ts";
import { Search } from "../support/memory_patterns.ts";
import { describeHits, scanMemory } from "../support/memory_scan.ts";
import { patternsOfKey } from "../support/memory_secrets.ts";
import { makeTempDir } from "../support/temp.ts";
import { makeTestKeys } from "../support/test_keys.ts";

const CONFIG = new URL("../../deno.json", import.meta.url).pathname;
const PROGRAM = new URL("../support/key_holder.ts", import.meta.url).pathname;

rootTest("keys that nobody signs with for a minute are in the arena only", async () => {
  const keys = await makeTestKeys({
    ed25519: { type: "ed25519" },
    p256: { type: "ecdsa", bits: 256 },
    p384: { type: "ecdsa", bits: 384 },
    p521: { type: "ecdsa", bits: 521 },
    rsa: { type: "rsa", bits: 2048, form: "pem" },
  });
  const search = new Search((await Promise.all(Object.entries(keys).map((pair) => patternsOfKey(...pair)))).flat());
  await using dir = makeTempDir("holder");
  const files = Object.entries(keys).map(([name, key]) => dir.write(name, key.revealPrivateText()));
  const env = Deno.env.toObject(); // it needs what this process has cached of npm's packages
  const words = [Deno.execPath(), "run", "-A", "--quiet", "--no-lock", "--config", CONFIG, PROGRAM, ...files];
  await using holder = new BackgroundProcess(words, { env });

  await holder.waitFor(/^signed$/m);
  const busy = await scanMemory(holder.pid, search);
  equal(describeHits(busy.hits.filter(({ locked }) => !locked)), "");
  const seen = new Set(busy.hits.map(({ secret }) => secret));
  for (const secret of ["p256 scalar", "p384 scalar", "p521 scalar", "rsa d", "rsa q"]) ok(seen.has(secret), secret);

  holder.kill("SIGUSR1");
  await holder.waitFor(/^idle, (\d+) bytes/m);
  const idle = await scanMemory(holder.pid, search);
  equal(describeHits(idle.hits), "");
  equal(idle.closed.length, 1); // the arena, which holds the keys and cannot be read
});

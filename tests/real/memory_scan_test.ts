/**
 * The daemon's secrets are nowhere but in its locked memory: searched for as root, from outside, with the real `bw`, on a
 * kernel with memfd_secret(2) and on one without.
 *
 * BWSSH_SCAN_REPORT names a file for the tables that docs/security.md shows.
 *
 * @module
 */

import { deepStrictEqual as deepEqual, match, ok, strictEqual as equal } from "node:assert/strict";
import { bwProgram, ensureTestTools } from "../../tools/setup.ts";
import { rootTest } from "../build/needs.ts";
import { blobOf } from "../support/agent_client.ts";
import { bwsshBinary, lendUnpacked } from "../support/binary.ts";
import { bitwardenTable, BwsshHome, type Daemon } from "../support/bwssh.ts";
import { until } from "../support/deadline.ts";
import { LoggedIn } from "../support/logged_in.ts";
import { type Pattern, Search } from "../support/memory_patterns.ts";
import { outsideLockedMemory, type Survey, surveyTable } from "../support/memory_report.ts";
import {
  describeHits,
  type Hit,
  scanFiles,
  scanMemory,
  scanOpenFiles,
  scanProcesses,
  scanText,
} from "../support/memory_scan.ts";
import { patternsOfCrowd, patternsOfKey, patternsOfSession } from "../support/memory_secrets.ts";
import { ANSWER, RawClient, signRequest } from "../support/raw_client.ts";
import { makeTempDir, type TempDir } from "../support/temp.ts";

const tools = await ensureTestTools();

/** Signatures of each kind. */
const SIGNATURES = 1000;
/** What is signed with, by the flags of the requests. */
const SIGNERS = [
  ["ed25519", 0],
  ["ecdsa-256", 0],
  ["ecdsa-384", 0],
  ["ecdsa-521", 0],
  ["rsa-2048", 2],
  ["rsa-2048", 4],
] as const;
/** Keys in other forms and places, keys that cannot be used, and one that the query leaves out. */
const OTHERS = [
  "ed25519-pkcs8",
  "ecdsa-384-sec1",
  "rsa-2048-pkcs1",
  "quoted-newlines",
  "one-line",
  "note",
  "field",
  "attachment",
  "truncated",
  "in-folder",
];
const KEYS = [...new Set([...SIGNERS.map(([slug]) => slug), ...OTHERS])];
const LOADED = KEYS.length - 2;

const CONFIG = `
attachments = true
query = '(type:ssh OR type:note OR type:field OR type:attachment) NOT name:"SSH in-folder"'
[daemon]
log_level = "debug"
[auth]
approver = "none"
[[rules]]
action = "allow"
kinds = ["sshsig"]
`;

rootTest("keys, session and passwords are nowhere but in the daemon's locked memory", async (t) => {
  if (tools.bw === undefined) return; // said loudly by the setup
  await using world = await LoggedIn.start(bwProgram(tools), { only: KEYS, logins: 40 });
  const search = new Search(await allPatterns(world));
  const surveys: Record<string, Survey> = {};

  for (const protection of ["memfd_secret", "mlock"] as const) {
    await t.step(`with ${protection}`, async () => {
      await using dir = makeTempDir("scan");
      const config = bitwardenTable(world.account) + CONFIG;
      const wrapped = protection === "mlock" ? { binary: await withoutMemfdSecret(dir) } : {};
      using home = await BwsshHome.create({ bw: world.account, config, ...wrapped });
      await lendUnpacked(`${home.path}/cache`);
      const began = new Date();
      await using daemon = await home.start();

      await unlockWatched(daemon, world.session, search);
      await signWithAll(daemon, world);
      match((await home.bwsshOk(["status"])).text, new RegExp(`memory +${protection}:`));
      const unlocked = await survey(daemon, search, began);
      equal(describeHits(outsideLockedMemory(unlocked)), "");
      // The scan sees what is there: numbers in OpenSSL's locked heap, and the arena where root can read it.
      const seen = new Set(unlocked.memory.hits.map(({ secret }) => secret));
      const heap = ["ecdsa-256 scalar", "ecdsa-384 scalar", "ecdsa-521 scalar", "rsa-2048 d", "rsa-2048 p"];
      const arena = ["ed25519 seed", "note seed", "field seed", "attachment seed", "session"];
      for (const secret of [...heap, ...(protection === "mlock" ? arena : [])]) ok(seen.has(secret), secret);
      deepEqual([...seen].filter((secret) => /password|notes|in-folder|truncated/.test(secret)), []);
      equal(unlocked.memory.closed.length, protection === "mlock" ? 0 : 1);

      await home.bwsshOk(["lock"]);
      const locked = await survey(daemon, search, began);
      equal(describeHits([...locked.memory.hits, ...outsideLockedMemory(locked)]), "");
      equal(daemon.process.status, undefined);
      surveys[`${protection}, unlocked`] = unlocked;
      surveys[`${protection}, after \`bwssh lock\``] = locked;
    });
  }
  const report = Deno.env.get("BWSSH_SCAN_REPORT");
  if (report !== undefined) Deno.writeTextFileSync(report, surveyTable(surveys));
});

/** Everything there is to look for. */
async function allPatterns(world: LoggedIn): Promise<readonly Pattern[]> {
  const keys = await Promise.all(KEYS.map((slug) => patternsOfKey(slug, world.fixture.revealKey(slug))));
  return [...keys.flat(), ...patternsOfSession(world.session), ...patternsOfCrowd(world.fixture.contents.items)];
}

/** Unlocks, and looks around while `bw` runs: its environment is the only one with a session in it. */
async function unlockWatched(daemon: Daemon, session: Uint8Array, search: Search): Promise<void> {
  const unlocking = daemon.unlock(session);
  const bw = await until(() => childWithSession(daemon.pid, search), 30_000, "bw with its session");
  equal(describeHits(scanProcesses(search, new Set([bw]))), "");
  await unlocking;
  match(daemon.log, new RegExp(`loaded ${LOADED} keys from bitwarden`));
}

function childWithSession(parent: number, search: Search): number | undefined {
  for (const hit of scanProcesses(search)) {
    const [, pid] = /^environment of process (\d+)$/.exec(hit.place) ?? [];
    if (pid !== undefined && parentOf(Number(pid)) === parent) return Number(pid);
  }
  return undefined;
}

function parentOf(pid: number): number | undefined {
  try {
    return Number(/^PPid:\s+(\d+)$/m.exec(Deno.readTextFileSync(`/proc/${pid}/status`))?.[1]);
  } catch {
    return undefined;
  }
}

async function signWithAll(daemon: Daemon, { fixture }: LoggedIn): Promise<void> {
  using client = await RawClient.connect(daemon.agentSocket);
  for (const [slug, flags] of SIGNERS) {
    const blob = blobOf(fixture.revealKey(slug).publicKey);
    const requests = Array.from({ length: SIGNATURES }, (_, number) => signRequest(blob, number, flags));
    const answers = await client.exchange(requests);
    equal(answers.filter(([first]) => first === ANSWER.signature).length, SIGNATURES, slug);
  }
}

/** Searches everything at once. */
async function survey(daemon: Daemon, search: Search, began: Date): Promise<Survey> {
  const memory = await scanMemory(daemon.pid, search);
  const lines = daemon.log.split("\n").length - 1;
  const processes = [...Deno.readDirSync("/proc")].filter(({ name }) => /^\d+$/.test(name)).length;
  const below = scanFiles(search, [daemon.home.path]);
  const fresh = scanFiles(search, newFilesIn("/tmp", began));
  const open = scanOpenFiles(search, daemon.pid);
  return {
    memory,
    log: { searched: `${lines} lines`, hits: scanText(search, daemon.log + daemon.process.stdout, "log") },
    processes: { searched: `${processes} processes`, hits: withoutLingering(scanProcesses(search), daemon.pid) },
    files: { searched: `${below.files + fresh.files} files`, hits: [...below.hits, ...fresh.hits, ...open] },
  };
}

/** `bw` may still be about to end, with the session in its environment and nowhere else. */
function withoutLingering(hits: readonly Hit[], daemon: number): readonly Hit[] {
  return hits.filter(({ place, secret }) => {
    const [, pid] = /^environment of process (\d+)$/.exec(place) ?? [];
    return !(secret === "session" && pid !== undefined && parentOf(Number(pid)) === daemon);
  });
}

/** What was changed in a directory since a moment, at its top. */
function* newFilesIn(directory: string, since: Date): Iterable<string> {
  for (const { name } of Deno.readDirSync(directory)) {
    try {
      const { mtime } = Deno.lstatSync(`${directory}/${name}`);
      if (mtime !== null && mtime >= since) yield `${directory}/${name}`;
    } catch {
      // Gone since.
    }
  }
}

/** The program, as it runs on a kernel without memfd_secret(2). */
async function withoutMemfdSecret(dir: TempDir): Promise<string> {
  const launcher = new URL("../support/without_memfd_secret.ts", import.meta.url).pathname;
  const words = [Deno.execPath(), "run", "-A", "--quiet", "--no-config", launcher, await bwsshBinary()];
  const script = `#!/bin/sh\nDENO_DIR=${dir.dir("deno")} exec ${words.join(" ")} "$@"\n`;
  return dir.write("bwssh", script, 0o700);
}

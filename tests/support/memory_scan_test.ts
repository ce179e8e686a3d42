/**
 * The memory scan finds what it must find. Without this, a scan that finds nothing would say nothing.
 *
 * @module
 */

import { deepStrictEqual as deepEqual, ok, rejects, strictEqual as equal, throws } from "node:assert/strict";
import { rootTest } from "../build/needs.ts";
import { BackgroundProcess } from "./background.ts";
import { COPIES, IN_FILE, madeUp, NOWHERE } from "./leaky_process.ts";
import { ProcessMemory, readMappings, ScanError } from "./memory_maps.ts";
import { patternsOf, Search } from "./memory_patterns.ts";
import { scanFiles, scanMemory, scanOpenFiles, scanProcesses, scanText } from "./memory_scan.ts";
import { baseEnv } from "./process.ts";
import { makeTempDir } from "./temp.ts";

const secretName = (number: number): string => `secret ${number}`;

function searchFor(...numbers: readonly number[]): Search {
  return new Search(numbers.flatMap((number) => patternsOf({ name: secretName(number), bytes: madeUp(number) })));
}

rootTest("the memory scan finds a planted copy in every encoding", async () => {
  await using dir = makeTempDir("leaky");
  const program = new URL("./leaky_process.ts", import.meta.url).pathname;
  const words = ["run", "-A", "--quiet", "--no-lock", "--config", CONFIG, program, dir.join("file")];
  const env = { ...baseEnv(dir.path), DENO_DIR: dir.dir("deno"), CANARY: hex(madeUp(0)) };
  // Its standard input stays open for as long as this shell sleeps.
  const shell = `exec 3<&0; sleep 600 | exec "$@"`;
  await using leaky = new BackgroundProcess(["/bin/sh", "-c", shell, "sh", Deno.execPath(), ...words], { env });
  await leaky.waitFor(/^ready memfd_secret$/m);
  const pid = childRunning(leaky.pid, Deno.execPath());

  const scan = await scanMemory(pid, searchFor(...COPIES.keys(), NOWHERE));
  const found = new Set(scan.hits.map(({ secret, form }) => `${secret}: ${form}`));
  const expected = [...COPIES.entries()].map(([number, [form]]) => `${secretName(number)}: ${form}`);
  deepEqual(expected.filter((each) => !found.has(each)), []);
  deepEqual(scan.hits.filter(({ secret }) => secret === secretName(NOWHERE)), []);

  // The one mapping that not even root can read, by the kernel's name for it.
  deepEqual(scan.closed.map(({ name }) => name.split(" ")[0]), ["/secretmem"]);

  deepEqual(scanOpenFiles(searchFor(IN_FILE), pid).map(({ secret }) => secret), [secretName(IN_FILE)]);
  const environments = scanProcesses(searchFor(0)).filter(({ place }) => place === `environment of process ${pid}`);
  deepEqual(environments.map(({ form }) => form), ["hex"]);
  deepEqual(scanProcesses(searchFor(0), new Set([pid])).filter(({ place }) => place.endsWith(` ${pid}`)), []);
});

rootTest("the memory scan finds copies in arguments, files, names and logs", async () => {
  await using dir = makeTempDir("leaky");
  await using sleeper = new BackgroundProcess(["/bin/sh", "-c", "sleep 600", hex(madeUp(1))], { env: baseEnv("/") });
  const mine = scanProcesses(searchFor(1)).map(({ place }) => place);
  ok(mine.includes(`arguments of process ${sleeper.pid}`));
  dir.dir("below");
  dir.write("below/file", base64(madeUp(2)));
  dir.write(`below/${hex(madeUp(3))}`, "");
  const { files, hits } = scanFiles(searchFor(2, 3), [dir.path]);
  deepEqual([files, hits.map(({ secret }) => secret).sort()], [2, [secretName(2), secretName(3)]]);
  equal(scanText(searchFor(4), `a log line with ${base64(madeUp(4))}`, "log").length, 1);
  equal(scanText(searchFor(4), "a log line without", "log").length, 0);
});

rootTest("the memory scan fails if the process ends, or memory cannot be read", async () => {
  await using sleeper = new BackgroundProcess(["/bin/sleep", "600"], { env: baseEnv("/") });
  await sleeper.waitUntil(() => Deno.readLinkSync(`/proc/${sleeper.pid}/exe`).endsWith("sleep") || undefined, {
    what: "sleep to run",
  });
  {
    using memory = new ProcessMemory(sleeper.pid);
    const [first] = readMappings(sleeper.pid);
    ok(first !== undefined);
    const nothing = { ...first, start: 0x10000, end: 0x11000, permissions: "rw-s" };
    throws(() => memory.read(nothing, 0, () => {}), (error) => isScanError(error, "unreadable"));
  }
  const scan = scanMemory(sleeper.pid, searchFor(1), async () => {
    sleeper.kill("SIGKILL");
    await sleeper.ended();
  });
  await rejects(scan, (error) => isScanError(error, "ended"));
});

Deno.test("a search finds a window of 24 bytes wherever it begins, and no shorter one", () => {
  const search = searchFor(5);
  const secret = madeUp(5);
  for (let start = 0; start + 24 <= secret.length; start++) {
    const bytes = new Uint8Array(100);
    bytes.set(secret.subarray(start, start + 24), 7 + start);
    deepEqual(search.plain(bytes).map(({ at, length }) => [at, length]), [[7 + start, 24]], `window ${start}`);
    equal(search.plain(bytes.subarray(0, 7 + start + 23)).length, 0, `window ${start}, cut short`);
  }
});

function isScanError(error: unknown, code: ScanError["code"]): boolean {
  return error instanceof ScanError && error.code === code;
}

/** The descendant of a process that runs a program. */
function childRunning(parent: number, program: string): number {
  const children = Deno.readTextFileSync(`/proc/${parent}/task/${parent}/children`).trim().split(" ").map(Number);
  const found = children.find((pid) => Deno.readLinkSync(`/proc/${pid}/exe`) === Deno.realPathSync(program));
  if (found === undefined) throw new Error(`No child of ${parent} runs ${program}`);
  return found;
}

const CONFIG = new URL("../../deno.json", import.meta.url).pathname;

function hex(bytes: Uint8Array): string {
  return Array.from(bytes, (byte) => byte.toString(16).padStart(2, "0")).join("");
}

function base64(bytes: Uint8Array): string {
  return btoa(String.fromCharCode(...bytes));
}

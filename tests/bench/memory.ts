/**
 * The daemon's resident memory, and whether signing makes it grow.
 *
 * @module
 */

import type { BenchKey } from "./keys.ts";
import { sessionIdAt, signRequest } from "./keys.ts";
import type { Load } from "./load.ts";
import { startBwssh } from "./peers.ts";
import { atMost, type Figure } from "./report.ts";
import { makeTempDir } from "../support/temp.ts";

/** Growth between the first tenth of the signatures and the last that counts as flat: less than two arenas of the collector. */
const FLAT_MIB = 4;

/** Sizes in MiB. */
export interface Memory {
  readonly when: string;
  readonly resident: number;
  /** The share that is not in common with others; undefined where the kernel does not tell (only root is told). */
  readonly proportional: number | undefined;
}

/** Measures a daemon of its own with these keys, and `count` signatures by the Ed25519 keys among them. */
export async function memory(
  load: Load,
  binary: string,
  keys: readonly BenchKey[],
  count: number,
): Promise<{ readonly states: readonly Memory[]; readonly figures: readonly Figure[] }> {
  await using stack = new AsyncDisposableStack();
  const dir = stack.use(makeTempDir("bench"));
  const bwssh = stack.use(await startBwssh(dir, { binary, keys }));
  const states = [look(bwssh.pid, "started, locked")];
  await bwssh.unlock();
  states.push(look(bwssh.pid, `unlocked, ${keys.length} keys`));
  const signing = keys.filter(({ kind }) => kind === "ed25519");
  const [first] = signing;
  if (first === undefined) throw new Error("Cannot measure memory: no Ed25519 key");
  const sign = async (signatures: number, sum: number): Promise<Memory> => {
    const requests = signing.map(signRequest);
    const options = { socket: bwssh.socket, requests, answer: 14, connections: 8, vary: sessionIdAt(first) };
    await load.run({ ...options, count: signatures });
    const state = look(bwssh.pid, `after ${sum.toLocaleString("en")} signatures`);
    states.push(state);
    return state;
  };
  const early = await sign(count / 10, count / 10);
  const half = await sign(4 * count / 10, count / 2);
  const late = await sign(count / 2, count);
  const most = Math.max(...states.map(({ resident }) => resident));
  const growth = late.resident - Math.max(early.resident, half.resident);
  return {
    states,
    figures: [
      atMost(`resident memory with ${keys.length} keys, at most`, 90, most, "MiB"),
      atMost(`its growth in the second half of ${count.toLocaleString("en")} signatures`, FLAT_MIB, growth, "MiB"),
    ],
  };
}

function look(pid: number, when: string): Memory {
  const status = Deno.readTextFileSync(`/proc/${pid}/status`);
  const resident = mebibytes(/^VmRSS:\s+(\d+) kB$/m.exec(status));
  if (resident === undefined) throw new Error("Cannot read VmRSS of the daemon");
  return {
    when,
    resident,
    proportional: mebibytes(/^Pss:\s+(\d+) kB$/m.exec(readOrEmpty(`/proc/${pid}/smaps_rollup`))),
  };
}

function mebibytes(match: RegExpExecArray | null): number | undefined {
  return match === null ? undefined : Number(match[1]) / 1024;
}

function readOrEmpty(path: string): string {
  try {
    return Deno.readTextFileSync(path);
  } catch {
    return ""; // the daemon is not dumpable: not even its own user may look
  }
}

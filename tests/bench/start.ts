/**
 * How long a command takes from its start to its end, and how long an unlock takes that is not bw's doing.
 *
 * @module
 */

import { build } from "./binary.ts";
import { median } from "./compare.ts";
import type { BenchKey } from "./keys.ts";
import { type Bwssh, startBwssh } from "./peers.ts";
import { atMost, type Figure } from "./report.ts";
import { type Env, runOk } from "../support/process.ts";
import { makeTempDir, type TempDir } from "../support/temp.ts";

/** Milliseconds, medians. */
export interface Starts {
  readonly empty: number;
  readonly status: number;
}

/** `bwssh status` against an empty program of the same kind, run by turns. */
export async function coldStart(
  dir: TempDir,
  bwssh: Bwssh,
  rounds: number,
): Promise<{ readonly starts: Starts | undefined; readonly figure: Figure }> {
  const { text } = await runOk([bwssh.binary, "--version"], { env: bwssh.env });
  const kind = /\((compiled|self-extracting)\)/.exec(text)?.[1];
  const what = "`bwssh status`, cold, against an empty program of its kind";
  const empty = kind === undefined ? undefined : await buildEmpty(dir, kind);
  if (empty === undefined) {
    const measured = `no empty program of kind ${kind ?? "source"} can be built here`;
    return { starts: undefined, figure: { what, target: "≤ 2×", measured, met: undefined } };
  }
  const env = bwssh.env;
  const times: { readonly empty: number; readonly status: number }[] = [];
  await time([empty], env); // unpacks
  for (let round = 0; round < rounds; round++) {
    times.push({ empty: await time([empty], env), status: await time([bwssh.binary, "status"], env) });
  }
  const starts = { empty: median(times.map((each) => each.empty)), status: median(times.map((each) => each.status)) };
  const ratio = median(times.map(({ empty, status }) => status / empty));
  return { starts, figure: atMost(what, 2, ratio, "×") };
}

async function time(argv: readonly string[], env: Env): Promise<number> {
  const start = performance.now();
  await runOk(argv, { env });
  return performance.now() - start;
}

async function buildEmpty(dir: TempDir, kind: string): Promise<string | undefined> {
  const entry = dir.write("empty.ts", "export {};\n");
  const output = `${dir.path}/empty`;
  try {
    await build(["--entry", entry, "--output", output, "--kind", kind]);
    return output;
  } catch {
    return undefined;
  }
}

/** A vault, and what unlocking took: medians. */
export interface Unlocking {
  readonly vault: string;
  readonly calls: number;
  readonly ownMilliseconds: number;
}

/** Unlocks fresh daemons on vaults of several sizes. */
export async function unlocking(
  binary: string,
  keys: readonly BenchKey[],
  rounds: number,
): Promise<{ readonly rows: readonly Unlocking[]; readonly figures: readonly Figure[] }> {
  const few = keys.slice(0, 10);
  const vaults = [
    { vault: "10 items, all keys", keys: few, logins: 0 },
    { vault: "1,000 items, 10 keys", keys: few, logins: 990 },
    { vault: "1,000 items, all keys", keys, logins: 0 },
  ].filter((each) => each.keys !== keys || keys.length === 1000);
  const rows: Unlocking[] = [];
  for (const { vault, ...content } of vaults) {
    const seen = [];
    for (let round = 0; round < rounds; round++) {
      await using stack = new AsyncDisposableStack();
      const bwssh = stack.use(await startBwssh(stack.use(makeTempDir("bench")), { binary, ...content }));
      seen.push(await bwssh.unlock());
    }
    const calls = Math.max(...seen.map((each) => each.calls));
    rows.push({ vault, calls, ownMilliseconds: median(seen.map((each) => each.ownMilliseconds)) });
  }
  const figures = rows.flatMap(({ vault, calls, ownMilliseconds }) => [
    atMost(`unlock, ${vault}: \`bw\` processes`, 1, calls, ""),
    atMost(`unlock, ${vault}: own time after the JSON`, 300, ownMilliseconds, "ms"),
  ]);
  return { rows, figures };
}

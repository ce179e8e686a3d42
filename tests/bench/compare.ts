/**
 * Agents side by side: the same load on each in turn, round after round, so that whatever else the machine does falls on
 * all of them alike; what is compared is the median of the rounds.
 *
 * @module
 */

import { type BenchKey, LIST_REQUEST, sessionIdAt, signRequest } from "./keys.ts";
import type { Load, LoadResult } from "./load.ts";
import type { Peer } from "./peers.ts";
import { verifySamples } from "./verify.ts";

/** One kind of load. */
export interface Work {
  readonly label: string;
  readonly connections: number;
  /** Of one kind, asked for in turn; left out: lists. */
  readonly keys?: readonly BenchKey[];
}

/** How long to look. */
export interface Effort {
  readonly rounds: number;
  /** Of one measurement. */
  readonly milliseconds: number;
}

/** What one agent did, medians of the rounds. Latencies and processor time in microseconds. */
export interface Outcome {
  readonly peer: string;
  readonly rate: number;
  readonly p50: number;
  readonly p99: number;
  readonly max: number;
  /** Processor time of the agent, all threads, per answer. */
  readonly cost: number;
  /** Rate relative to the first agent's. */
  readonly ratio: number;
  /** p99 relative to the first agent's p50. */
  readonly tail: number;
  /** Signatures that were verified. */
  readonly verified: number;
}

interface Round extends LoadResult {
  readonly cost: number;
}

/** Of each agent before it counts: code is compiled while it runs. */
const WARM_UP = 300;

/** Measures; the first agent is what the others are compared to. @throws {Error} If an answer is wrong. */
export async function compare(load: Load, peers: readonly Peer[], work: Work, effort: Effort): Promise<Outcome[]> {
  const rounds: Round[][] = peers.map(() => []);
  const verified: number[] = [];
  for (const peer of peers) {
    const keep = work.keys !== undefined;
    const { samples } = await load.run({ ...requestsOf(work), socket: peer.socket, milliseconds: WARM_UP, keep });
    verified.push(keep ? verifySamples(samples) : 0);
  }
  for (let round = 0; round < effort.rounds; round++) {
    for (const [index, peer] of peers.entries()) {
      rounds[index]?.push(await measure(load, peer, work, effort.milliseconds));
    }
  }
  const [base = []] = rounds;
  return peers.map((peer, index) => {
    const own = rounds[index] ?? [];
    const of = (value: (round: Round, base: Round) => number): number =>
      median(own.map((round, at) => value(round, base[at] ?? round)));
    return {
      ...{ peer: peer.name, verified: verified[index] ?? 0 },
      ...{ rate: of(({ rate }) => rate), p50: of(({ p50 }) => p50), p99: of(({ p99 }) => p99) },
      ...{ max: Math.max(...own.map(({ max }) => max)), cost: of(({ cost }) => cost) },
      ...{ ratio: of((round, first) => round.rate / first.rate), tail: of((round, first) => round.p99 / first.p50) },
    };
  });
}

/** The middle one, or the lower of the two in the middle. */
export function median(values: readonly number[]): number {
  const sorted = [...values].sort((a, b) => a - b);
  return sorted[(sorted.length - 1) >> 1] ?? NaN;
}

async function measure(load: Load, peer: Peer, work: Work, milliseconds: number): Promise<Round> {
  const before = processorTime(peer.pid);
  const result = await load.run({ ...requestsOf(work), socket: peer.socket, milliseconds });
  return { ...result, cost: (processorTime(peer.pid) - before) / result.count };
}

function requestsOf({ keys, connections }: Work): {
  readonly requests: readonly Uint8Array[];
  readonly answer: number;
  readonly vary: number;
  readonly connections: number;
} {
  const [first] = keys ?? [];
  if (keys === undefined || first === undefined) return { requests: [LIST_REQUEST], answer: 12, vary: 0, connections };
  return { requests: keys.map(signRequest), answer: 14, vary: sessionIdAt(first), connections };
}

/** Microseconds that all threads of a process have run: the first number of /proc/PID/task/TID/schedstat. */
function processorTime(pid: number): number {
  let nanoseconds = 0;
  for (const { name } of Deno.readDirSync(`/proc/${pid}/task`)) {
    try {
      nanoseconds += Number.parseInt(Deno.readTextFileSync(`/proc/${pid}/task/${name}/schedstat`), 10);
    } catch {
      // a thread that has just ended
    }
  }
  return nanoseconds / 1000;
}

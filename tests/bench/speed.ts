/**
 * Signatures and lists per second, and how they change with the number of keys and of connections.
 *
 * @module
 */

import { compare, type Effort, type Outcome, type Work } from "./compare.ts";
import type { BenchKey } from "./keys.ts";
import type { Load } from "./load.ts";
import { type Peer, startBwssh, startSshAgent } from "./peers.ts";
import { atLeast, atMost, type Figure } from "./report.ts";
import { makeTempDir } from "../support/temp.ts";

/** A load and what came of it. */
export interface Row {
  readonly label: string;
  readonly outcomes: readonly Outcome[];
}

/** The keys of a run. */
export interface BenchKeys {
  readonly ed25519: readonly BenchKey[];
  readonly p256: readonly BenchKey[];
  readonly rsa3072: readonly BenchKey[];
}

/** Keys of each kind that take turns in a load. */
const IN_TURN = 4;
const KEY_COUNTS = [1, 10, 100, 1000] as const;
const CONNECTION_COUNTS = [1, 8, 64, 512] as const;

/** The loads that have targets. @param peers ssh-agent, then bwssh; further ones are shown without a target. */
export async function speed(
  load: Load,
  peers: readonly Peer[],
  keys: BenchKeys,
  effort: Effort,
): Promise<{ readonly rows: readonly Row[]; readonly figures: readonly Figure[] }> {
  const ed25519 = keys.ed25519.slice(0, IN_TURN);
  const works: readonly (Work & { readonly bound: number })[] = [
    { label: "Ed25519, 1 client", keys: ed25519, connections: 1, bound: 4 },
    { label: "Ed25519, 8 clients", keys: ed25519, connections: 8, bound: 7 },
    { label: "ECDSA P-256, 1 client", keys: keys.p256, connections: 1, bound: 3 },
    { label: "ECDSA P-256, 8 clients", keys: keys.p256, connections: 8, bound: 3 },
    { label: "RSA-3072, 8 clients", keys: keys.rsa3072, connections: 8, bound: 1.5 },
    { label: "lists, 1 client", connections: 1, bound: 1.2 },
    { label: "lists, 8 clients", connections: 8, bound: 1.2 },
  ];
  const rows: Row[] = [];
  const figures: Figure[] = [];
  for (const work of works) {
    const outcomes = await compare(load, peers, work, effort);
    rows.push({ label: work.label, outcomes });
    const [, ours] = outcomes;
    if (ours === undefined) continue;
    figures.push(atLeast(work.label, work.bound, ours.ratio));
    if (work.keys === ed25519 && work.connections === 8) {
      figures.push(atMost("Ed25519, 8 clients: p99 against ssh-agent's p50", 1, ours.tail, "×"));
      figures.push(atLeast("Ed25519, 8 clients: the mark of Go's in-memory agent", GO, ours.ratio));
    }
  }
  return { rows, figures };
}

/** What Go's in-memory agent (golang.org/x/crypto/ssh/agent) reached against ssh-agent: the mark to pass, not measured here. */
const GO = 12.9;

/** 1, 8, 64 and 512 connections. */
export async function byConnections(
  load: Load,
  peers: readonly Peer[],
  keys: BenchKeys,
  effort: Effort,
): Promise<readonly Row[]> {
  const rows: Row[] = [];
  for (const connections of CONNECTION_COUNTS) {
    const many = `${connections} ${connections === 1 ? "connection" : "connections"}`;
    const signing = { label: `Ed25519, ${many}`, connections, keys: keys.ed25519.slice(0, IN_TURN) };
    const listing = { label: `lists, ${many}`, connections };
    for (const work of [signing, listing]) {
      rows.push({ label: work.label, outcomes: await compare(load, peers, work, effort) });
    }
  }
  return rows;
}

/** 1, 10, 100 and 1,000 keys, as far as there are so many; each time with agents of their own. */
export async function byKeys(
  load: Load,
  binary: string,
  keys: BenchKeys,
  effort: Effort,
): Promise<readonly Row[]> {
  const rows: Row[] = [];
  for (const count of KEY_COUNTS.filter((each) => each <= keys.ed25519.length)) {
    await using stack = new AsyncDisposableStack();
    const dir = stack.use(makeTempDir("bench"));
    const held = keys.ed25519.slice(0, count);
    const peer = stack.use(await startSshAgent(dir, held));
    const bwssh = stack.use(await startBwssh(dir, { binary, keys: held }));
    await bwssh.unlock();
    for (const work of [{ label: "Ed25519", keys: held }, { label: "lists" }]) {
      const label = `${work.label}, ${count} ${count === 1 ? "key" : "keys"}`;
      rows.push({ label, outcomes: await compare(load, [peer, bwssh], { ...work, label, connections: 8 }, effort) });
    }
  }
  return rows;
}

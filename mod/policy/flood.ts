/**
 * Flood control: how many requests one connection, one process with one key, and one program may make, how many of them
 * may wait for a person, and the cooldown for a program that a person refused or ignored twice. Time is an argument.
 *
 * Only what a person would be asked is limited by default: a rule or a grant answers thousands of requests a second, and
 * is meant to.
 *
 * @module
 */

import { type Bucket, emptied, isFull } from "./bucket.ts";
import type { Ask } from "./ask.ts";
import { BoundedMap } from "./bounded_map.ts";
import type { Moment } from "./moment.ts";
import { deny, type Verdict } from "./verdict.ts";

/** What is counted apart: a connection, a process with a key, a program. */
export const FLOOD_SCOPES = ["connection", "process_key", "exe"] as const;
/** One of these. */
export type FloodScope = typeof FLOOD_SCOPES[number];

/** How many in a minute, for each scope; 0 does not limit. */
export type PerMinute = Readonly<Record<FloodScope, number>>;

/** The numbers. */
export interface FloodLimits {
  /** Requests for a signature, whoever answers them. */
  readonly requests: PerMinute;
  /** Requests that a person is to be asked about. */
  readonly prompts: PerMinute;
  /** Requests that may wait for a person at a time, the one being shown included. */
  readonly queue: number;
  /** After so many refused or ignored prompts in a row there is a cooldown; 0 for never. */
  readonly cooldownAfter: number;
  readonly cooldownSeconds: number;
}

/** What came of a prompt. `withdrawn`: the client hung up, or the daemon locked, before there was an answer. */
export type PromptOutcome = "approved" | "refused" | "ignored" | "withdrawn";

/** Counters kept at most of each sort: one for each connection there can be by default; the longest unused makes room. */
export const MOST_COUNTERS = 2048;
const MINUTE = 60_000;

/** A program in a terminal session that a person said no to. */
interface Offender {
  /** In a row, each within a cooldown's length of the one before. */
  readonly count: number;
  /** Milliseconds, monotonic. */
  readonly at: number;
}

type Denial = Verdict & { readonly kind: "deny" };

/** Counts. */
export class FloodGuard {
  #limits: FloodLimits;
  readonly #buckets = new BoundedMap<Bucket>(MOST_COUNTERS);
  readonly #offenders = new BoundedMap<Offender>(MOST_COUNTERS);

  constructor(limits: FloodLimits) {
    this.#limits = limits;
  }

  /** Takes other numbers, at a reload; what was counted stays. */
  set limits(limits: FloodLimits) {
    this.#limits = limits;
  }

  /** How many counters are kept. */
  get size(): number {
    return this.#buckets.size + this.#offenders.size;
  }

  /** Counts a request for a signature, before anything is decided about it. */
  request(ask: Ask, now: Moment): Denial | undefined {
    return this.#count("requests", ask, now);
  }

  /**
   * Counts a request that a person is to be asked about.
   *
   * @param waiting How many others wait already.
   * @returns Why it is denied at once, without asking; undefined if the person may be asked.
   */
  prompt(ask: Ask, waiting: number, now: Moment): Denial | undefined {
    const left = this.#cooldownLeft(ask, now);
    if (left > 0) {
      const detail =
        `The user refused or ignored this program ${this.#limits.cooldownAfter} times; it is not asked about ` +
        `for another ${Math.ceil(left / 1000)} s`;
      return deny("cooldown", detail);
    }
    if (waiting >= this.#limits.queue) {
      return deny("queue-full", `${waiting} requests wait for the user already, and ${this.#limits.queue} may`);
    }
    return this.#count("prompts", ask, now);
  }

  /** Takes note of what came of a prompt. A withdrawn one counts for nothing: a client that gives up was not refused. */
  answered(ask: Ask, outcome: PromptOutcome, now: Moment): void {
    if (outcome === "withdrawn") return;
    const key = offenderKey(ask);
    if (outcome === "approved") return this.#offenders.delete(key);
    const before = this.#offenders.get(key);
    const isInARow = before !== undefined && now.monotonic - before.at < this.#limits.cooldownSeconds * 1000;
    this.#offenders.set(key, { count: isInARow ? before.count + 1 : 1, at: now.monotonic });
  }

  /** Forgets the counters of a connection that closed. */
  closed(connection: number): void {
    this.#buckets.delete(bucketKey("requests", "connection", `${connection}`));
    this.#buckets.delete(bucketKey("prompts", "connection", `${connection}`));
  }

  #cooldownLeft(ask: Ask, now: Moment): number {
    const { cooldownAfter, cooldownSeconds } = this.#limits;
    const offender = cooldownAfter > 0 ? this.#offenders.get(offenderKey(ask)) : undefined;
    if (offender === undefined || offender.count < cooldownAfter) return 0;
    return offender.at + cooldownSeconds * 1000 - now.monotonic;
  }

  /** Either all of an ask's counters take it, or none does: what is denied does not count. */
  #count(what: "requests" | "prompts", ask: Ask, { monotonic }: Moment): Denial | undefined {
    const counters: [key: string, bucket: Bucket][] = [];
    for (const scope of FLOOD_SCOPES) {
      const most = this.#limits[what][scope];
      if (most === 0) continue;
      const key = bucketKey(what, scope, counterKey(scope, ask));
      const bucket = emptied(this.#buckets.get(key), { most, over: MINUTE, now: monotonic });
      if (isFull(bucket, most)) {
        const noun = what === "requests" ? "signatures" : "prompts";
        return deny("rate-limited", `The ${WORDS[scope]} asked for more than ${most} ${noun} in a minute`);
      }
      counters.push([key, { ...bucket, level: bucket.level + 1 }]);
    }
    for (const [key, bucket] of counters) this.#buckets.set(key, bucket);
    return undefined;
  }
}

const WORDS: Readonly<Record<FloodScope, string>> = {
  connection: "connection",
  process_key: "process, with this key,",
  exe: "program",
};

function bucketKey(what: "requests" | "prompts", scope: FloodScope, key: string): string {
  return `${what} ${scope} ${key}`;
}

function counterKey(scope: FloodScope, { identity, peer, connection }: Ask): string {
  switch (scope) {
    case "connection":
      return `${connection ?? "unknown"}`;
    case "process_key":
      return `${peer.pid} ${peer.startTime} ${identity.fingerprint}`;
    case "exe":
      return programKey(peer.exeFile);
    default:
      return scope satisfies never;
  }
}

/** Unknown programs share one counter: a client gains nothing by hiding what it is. */
function programKey(file: Ask["peer"]["exeFile"]): string {
  return file === undefined ? "unknown" : `${file.device}:${file.inode}`;
}

function offenderKey({ peer }: Ask): string {
  return `${programKey(peer.exeFile)} ${peer.session}`;
}

/**
 * Who signs next, when more signatures are wanted than may run at once. Lanes take turns: a flood of slow signatures for
 * one client delays another's by what already runs, not by the flood.
 *
 * @module
 */

import { CryptoError } from "./errors.ts";

/** Most signatures that may wait: each connection has one at most, and there are 2,048 connections at most. */
const MOST_WAITING = 4096;

interface Waiting<Slot> {
  readonly start: (slot: Slot) => void;
  readonly refuse: (error: CryptoError) => void;
}

/** A limited number of slots, given out lane by lane, first come first served within a lane. */
export class Turns<Slot> implements Disposable {
  readonly #slots: Slot[];
  /** Lanes with somebody waiting; the order of the map is the order of turns. */
  readonly #lanes = new Map<unknown, Waiting<Slot>[]>();
  #waiting = 0;
  #closed = false;

  /** @param slots What may be used at once, each by one job. */
  constructor(slots: readonly Slot[]) {
    this.#slots = [...slots];
  }

  /** Jobs that wait for a slot. */
  get waiting(): number {
    return this.#waiting;
  }

  /**
   * Runs a job as soon as a slot is free and it is the lane's turn.
   *
   * @param lane Whatever shares a lane; compared by identity.
   * @returns What the job returns.
   * @throws {CryptoError} codes "busy" (too many wait), "closed"; and whatever the job throws.
   */
  async run<T>(lane: unknown, job: (slot: Slot) => Promise<T>): Promise<T> {
    const slot = await this.#take(lane);
    try {
      return await job(slot);
    } finally {
      this.#slots.push(slot);
      this.#next();
    }
  }

  /** Refuses everybody who waits and everybody to come; what runs is not disturbed. */
  [Symbol.dispose](): void {
    this.#closed = true;
    for (const queue of this.#lanes.values()) for (const one of queue) one.refuse(closed());
    this.#lanes.clear();
    this.#waiting = 0;
  }

  #take(lane: unknown): Promise<Slot> | Slot {
    if (this.#closed) throw closed();
    const slot = this.#waiting === 0 ? this.#slots.pop() : undefined;
    if (slot !== undefined) return slot;
    if (this.#waiting >= MOST_WAITING) {
      throw new CryptoError("busy", `Cannot sign: ${MOST_WAITING} signatures wait already`);
    }
    return new Promise((resolve, reject) => {
      const queue = this.#lanes.get(lane) ?? [];
      queue.push({ start: resolve, refuse: reject });
      this.#lanes.set(lane, queue);
      this.#waiting++;
    });
  }

  /** Gives the free slot to the lane whose turn it is, and sends that lane to the end. */
  #next(): void {
    const [turn] = this.#lanes;
    if (turn === undefined) return;
    const [lane, queue] = turn;
    const one = queue.shift();
    this.#lanes.delete(lane);
    if (queue.length > 0) this.#lanes.set(lane, queue);
    const slot = this.#slots.pop();
    if (one === undefined || slot === undefined) return; // neither happens: no lane is empty, a slot was just freed
    this.#waiting--;
    one.start(slot);
  }
}

function closed(): CryptoError {
  return new CryptoError("closed", "Cannot sign: libcrypto was closed");
}

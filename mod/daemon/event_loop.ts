/**
 * The daemon's loop: one poller, rounds of work, and between rounds a turn for promises and timers. Within a round
 * every connection gets a bounded share; answers leave at the end of the round, after the log lines about them.
 *
 * @module
 */

import type { Poller } from "../../ffi/poller.ts";

/**
 * How long to block this thread for a client's next request before parking on the pool: parking costs a hop of about
 * 100 µs each way, a client in a request-answer rhythm is back sooner than that.
 */
const SPIN_MS = 1;
/** How long a busy loop keeps promises and timers waiting. */
const TURN_MS = 5;
/** How long what was asked before the end may still be answered. */
const GRACE_MS = 1000;

/** Something with a share of work in each round. */
export interface Worker {
  /** One bounded share. */
  work(): void;
  /** Sends what was answered. */
  flush(): void;
}

/** The loop. */
export class EventLoop {
  readonly poller: Poller;
  readonly #beforeAnswers: () => void;
  #ready = new Set<Worker>();
  readonly #dirty = new Set<Worker>();
  #outstanding = 0;
  #stopping = false;
  #stopped = false;
  #grace: ReturnType<typeof setTimeout> | undefined;

  /** @param beforeAnswers Called in each round before any answer leaves. */
  constructor(poller: Poller, beforeAnswers: () => void) {
    this.poller = poller;
    this.#beforeAnswers = beforeAnswers;
  }

  /** Gives `worker` a share in the next round. */
  ready(worker: Worker): void {
    this.#ready.add(worker);
    this.poller.wake();
  }

  /** Lets `worker` send at the end of this round. */
  dirty(worker: Worker): void {
    this.#dirty.add(worker);
  }

  /** Forgets a worker that ended. */
  forget(worker: Worker): void {
    this.#ready.delete(worker);
    this.#dirty.delete(worker);
  }

  /** While a promise is awaited by anyone the loop must not block this thread. @returns To be called when it settled. */
  outstanding(): () => void {
    this.#outstanding++;
    let settled = false;
    return () => {
      if (!settled) this.#outstanding--;
      settled = true;
      this.poller.wake();
    };
  }

  /** Ends {@linkcode EventLoop.run} once what is being answered is answered, at the latest after a second. */
  stop(): void {
    if (this.#stopping) return;
    this.#stopping = true;
    this.#grace = setTimeout(() => {
      this.#stopped = true;
      this.poller.wake();
    }, GRACE_MS);
    this.poller.wake();
  }

  /** Serves until {@linkcode EventLoop.stop}. */
  async run(): Promise<void> {
    let turned = performance.now();
    while (!this.#isOver()) {
      const now = performance.now();
      const mayBlock = this.#outstanding === 0 && now - turned < TURN_MS;
      if (mayBlock && this.#poll() > 0) this.#round();
      else {
        await this.poller.wait();
        this.#round();
        turned = performance.now();
      }
    }
    clearTimeout(this.#grace);
  }

  #isOver(): boolean {
    return this.#stopped || (this.#stopping && this.#outstanding === 0 && this.#ready.size === 0);
  }

  #poll(): number {
    const count = this.poller.poll(0);
    return count > 0 || this.#ready.size > 0 ? Math.max(1, count) : this.poller.poll(SPIN_MS);
  }

  #round(): void {
    const ready = this.#ready;
    this.#ready = new Set();
    for (const worker of ready) worker.work();
    this.#beforeAnswers();
    for (const worker of this.#dirty) worker.flush();
    this.#dirty.clear();
  }
}

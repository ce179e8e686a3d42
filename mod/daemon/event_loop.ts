/**
 * The daemon's loop: one poller, rounds of work, and between rounds a turn for promises and timers. Within a round
 * every connection gets a bounded share; answers leave at the end of the round, after the log lines about them.
 *
 * @module
 */

import type { Poller } from "../../ffi/poller.ts";

/**
 * How long to look again and again for a client's next request before this thread sleeps: a client in a request-answer
 * rhythm is back within that, and to put this thread to sleep and wake it costs more (measured). With one core the client
 * could not even run meanwhile.
 */
const SPIN_MS = navigator.hardwareConcurrency > 1 ? 0.05 : 0;
/** How long this thread then sleeps in epoll_wait before it parks on the pool, which costs a hop of 70 µs. */
const BLOCK_MS = 1;
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
    using turns = new Turns();
    let turned = performance.now();
    while (!this.#isOver()) {
      if (this.#outstanding > 0 || performance.now() - turned >= TURN_MS) {
        await turns.next();
        turned = performance.now();
      }
      if (!this.#poll()) {
        await this.poller.wait();
        turned = performance.now();
      }
      this.#round();
    }
    clearTimeout(this.#grace);
  }

  #isOver(): boolean {
    return this.#stopped || (this.#stopping && this.#outstanding === 0 && this.#ready.size === 0);
  }

  /** Whether there is something to do. Waits for it here only while nobody awaits a promise. */
  #poll(): boolean {
    if (this.poller.poll(0) > 0 || this.#ready.size > 0) return true;
    if (this.#outstanding > 0) return false;
    const end = performance.now() + SPIN_MS;
    while (performance.now() < end) if (this.poller.poll(0) > 0) return true;
    return this.poller.poll(BLOCK_MS) > 0;
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

/** Turns of the platform's own loop, in which promises, timers and signals are served: 5 µs each, where a timer takes 2 ms. */
class Turns implements Disposable {
  readonly #channel = new MessageChannel();
  #came: () => void = () => {};

  constructor() {
    this.#channel.port1.onmessage = (): void => this.#came();
  }

  /** Ends after a turn. */
  next(): Promise<void> {
    return new Promise((resolve) => {
      this.#came = resolve;
      this.#channel.port2.postMessage(null);
    });
  }

  [Symbol.dispose](): void {
    this.#channel.port1.close();
    this.#channel.port2.close();
  }
}

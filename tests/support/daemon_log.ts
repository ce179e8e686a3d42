/**
 * What a daemon logs from some moment on.
 *
 * @module
 */

import type { Daemon } from "./bwssh.ts";

/** The part of a log that begins now. */
export class LogFromNow {
  readonly #daemon: Daemon;
  readonly #start: number;

  constructor(daemon: Daemon) {
    this.#daemon = daemon;
    this.#start = daemon.log.length;
  }

  get text(): string {
    return this.#daemon.log.slice(this.#start);
  }

  /** Waits for a line. @throws {DeadlineError} @throws {CommandError} If the daemon ends before. */
  waitFor(pattern: RegExp): Promise<RegExpExecArray> {
    return this.#daemon.process.waitUntil(() => pattern.exec(this.text) ?? undefined, { what: String(pattern) });
  }
}

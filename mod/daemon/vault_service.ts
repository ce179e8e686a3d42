/**
 * Locked and unlocked: takes sessions, has the vault read, keeps what was loaded, wipes it. One load at a time; a lock
 * ends whatever runs.
 *
 * @module
 */

import type { Secret } from "../../ffi/secret.ts";
import { ControlError, type LoadReport, type ProblemReport } from "../control/messages.ts";
import type { BitwardenSource, LoadOutcome } from "../source/bitwarden/bitwarden_source.ts";
import { SourceError } from "../source/source.ts";
import type { KeyLoader } from "./key_loader.ts";
import type { Log } from "./log.ts";
import type { Offer } from "./offer.ts";

/** What the service works with. */
export interface VaultParts {
  readonly log: Log;
  readonly offer: Offer;
  /** Made anew when the configuration changes. @throws {SourceError} If there is no `bw`, or its query is wrong. */
  readonly openSource: () => BitwardenSource;
  readonly newLoader: () => KeyLoader;
  /** Wipes all keys. */
  readonly wipeKeys: () => void;
}

/** The daemon's dealings with the vault. */
export class VaultService implements Disposable {
  readonly #parts: VaultParts;
  #source: BitwardenSource | undefined;
  #unlocked = false;
  #running = new AbortController();
  #queue: Promise<unknown> = Promise.resolve();
  #syncing: Promise<LoadReport> | undefined;
  #problems: readonly ProblemReport[] = [];
  #changed: readonly string[] = [];
  #lastLoad: Date | undefined;
  #lastError: string | undefined;

  constructor(parts: VaultParts) {
    this.#parts = parts;
  }

  get unlocked(): boolean {
    return this.#unlocked;
  }

  /** For `status`. */
  get last(): { readonly load: Date | undefined; readonly error: string | undefined } {
    return { load: this.#lastLoad, error: this.#lastError };
  }

  /** Items of the last load that could not be used. */
  get problems(): readonly ProblemReport[] {
    return this.#problems;
  }

  /**
   * Loads the keys with a session. One that opens nothing is not kept, and the one before it stays.
   * @param session Wiped in any case. @throws {ControlError}
   */
  async unlock(session: Secret): Promise<LoadReport> {
    using given = session; // out here, because a lock may come before its turn
    return await this.#inTurn(async (signal) => {
      const source = this.#parts.openSource();
      try {
        source.setSession(given);
        const report = await this.#load(source, signal, (loader) => source.read(loader, signal));
        this.#source?.forgetSession();
        this.#source = source;
        this.#unlocked = true;
        return report;
      } finally {
        if (this.#source !== source) source.forgetSession();
      }
    });
  }

  /** Has the vault fetched from its server and loads again; callers at the same time share one. @throws {ControlError} */
  async sync(): Promise<LoadReport> {
    this.#syncing ??= this.#inTurn(async (signal) => {
      const source = this.#source;
      if (source === undefined) throw locked();
      return await this.#load(source, signal, (loader) => source.sync(loader, signal));
    }).finally(() => this.#syncing = undefined);
    return await this.#syncing;
  }

  /**
   * Wipes session and keys, ends running loads.
   * @param why For the log.
   * @param changed What changed in the configuration, for the next unlock to show.
   */
  lock(why: string, changed: readonly string[] = []): void {
    this.#running.abort();
    this.#running = new AbortController();
    this.#source?.forgetSession();
    this.#source = undefined;
    this.#parts.log.info(`locked (${why})${this.#unlocked ? ", keys and session wiped" : ""}`);
    this.#unlocked = false;
    this.#changed = [...new Set([...this.#changed, ...changed])];
    this.#parts.wipeKeys();
    this.#parts.offer.locked();
  }

  [Symbol.dispose](): void {
    this.lock("ended");
  }

  /** Runs one load after the other, so that the later one's keys are the ones that stay. */
  async #inTurn(load: (signal: AbortSignal) => Promise<LoadReport>): Promise<LoadReport> {
    const { signal } = this.#running;
    const turn = this.#queue.then(async () => {
      if (signal.aborted) throw wasLocked();
      return await load(signal);
    });
    this.#queue = turn.catch(() => undefined);
    try {
      return await turn;
    } catch (error) {
      if (signal.aborted) throw wasLocked();
      this.#lastError = error instanceof Error ? error.message : "unknown error";
      if (error instanceof SourceError) throw new ControlError(error.code, error.message, error.hint, { cause: error });
      throw error;
    }
  }

  async #load(
    source: BitwardenSource,
    signal: AbortSignal,
    read: (loader: KeyLoader) => Promise<LoadOutcome>,
  ): Promise<LoadReport> {
    using loader = this.#parts.newLoader();
    const { warnings } = await read(loader);
    if (signal.aborted) throw wasLocked();
    const keys = loader.commit();
    const report = {
      keys,
      problems: loader.problems,
      warnings: warnings.map(({ message, hint }) => `${message}; ${hint}`),
      changed: this.#changed,
    };
    this.#changed = [];
    this.#problems = loader.problems;
    this.#lastLoad = new Date();
    this.#lastError = warnings[0]?.message;
    this.#parts.offer.loaded();
    this.#parts.log.info(`loaded ${keys} keys from ${source.name}, ${loader.problems.length} items with problems`);
    return report;
  }
}

function locked(): ControlError {
  return new ControlError("locked", "The vault is locked", "bwssh unlock");
}

function wasLocked(): ControlError {
  return new ControlError("locked", "The keys were locked while they were being loaded", "bwssh unlock");
}

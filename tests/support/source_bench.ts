/**
 * The Bitwarden source over real child processes: arena, poller and runner as the daemon puts them together.
 *
 * @module
 */

import { type Arena, openArena } from "../../ffi/arena.ts";
import { type Libc, openLibc } from "../../ffi/libc.ts";
import { Poller } from "../../ffi/poller.ts";
import { BitwardenSource } from "../../mod/source/bitwarden/bitwarden_source.ts";
import { bwEnvironment } from "../../mod/source/bitwarden/bw_command.ts";
import { resolveBwPath, systemLookup } from "../../mod/source/bitwarden/bw_path.ts";
import type { Selection } from "../../mod/source/bitwarden/collector.ts";
import { ChildRunner } from "../../mod/source/child_runner.ts";
import type { BwAccount } from "./bw.ts";

/** What of the configuration a test is about. */
export interface SourceOptions {
  readonly selection: Selection;
  readonly attachments?: boolean;
  readonly deadlineMs?: number;
  readonly words?: readonly string[];
}

/** What a daemon has. */
export class SourceBench implements AsyncDisposable {
  readonly #libc: Libc = openLibc();
  readonly #poller = new Poller(this.#libc);
  readonly arena: Arena = openArena(this.#libc, { requireLocked: false });
  readonly #runner = new ChildRunner(this.#libc, this.arena, this.#poller);

  /** A source for an account, with a session of it. */
  source(account: BwAccount, session: Uint8Array, options: SourceOptions): BitwardenSource {
    const { selection, attachments = false, deadlineMs = 60_000, words = account.words } = options;
    const source = new BitwardenSource({
      runner: this.#runner,
      memory: this.arena,
      words: resolveBwPath(words, systemLookup(account.env["PATH"])),
      env: bwEnvironment((name) => account.env[name], account.dataDir),
      dataDir: account.dataDir,
      deadlineMs,
      selection,
      attachments,
    });
    using writer = this.arena.writer(session.length);
    writer.appendPublic(session);
    source.setSession(writer.finish());
    return source;
  }

  /** Runs the poller until a promise that needs it has settled. */
  async drive<Result>(work: Promise<Result>): Promise<Result> {
    return await this.#poller.until(work);
  }

  /** Waits for the last child, which lingers when its answer is complete. */
  async settle(): Promise<void> {
    await this.#runner[Symbol.asyncDispose](); // runs the poller itself
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.settle();
    this.#poller[Symbol.dispose]();
    this.arena[Symbol.dispose]();
    this.#libc[Symbol.dispose]();
  }
}

/**
 * What the configuration in force means for the Bitwarden source. `bw` is looked up when the daemon starts and when
 * the configuration changes, not at each use: a program that turns up in PATH later must not get the session unseen.
 *
 * @module
 */

import type { SecretMemory } from "../../ffi/secret.ts";
import type { Config } from "../config/model.ts";
import type { BitwardenSettings } from "../source/bitwarden/bitwarden_source.ts";
import { bwEnvironment } from "../source/bitwarden/bw_command.ts";
import { resolveBwPath, systemLookup } from "../source/bitwarden/bw_path.ts";
import type { CommandRunner } from "../source/command.ts";
import { SourceError } from "../source/source.ts";
import type { Log } from "./log.ts";
import { selectionOf } from "./selection.ts";

/** What goes into it. */
export interface SetupParts {
  readonly log: Log;
  readonly memory: SecretMemory;
  readonly runner: CommandRunner;
  /** Looks up a variable of the environment, of which `bw` gets a part. */
  readonly environment: (name: string) => string | undefined;
  /** The configuration in force. */
  readonly config: () => Config;
}

/** The settings of a source, and the program it calls. */
export class BitwardenSetup {
  readonly #parts: SetupParts;
  #found: readonly string[] | SourceError = [];

  constructor(parts: SetupParts) {
    this.#parts = parts;
  }

  /** Looks `bw` up and logs where it is, or that it is not there: at the start and after a reload, at no other time. */
  lookUp(): void {
    const { config, environment, log } = this.#parts;
    try {
      this.#found = resolveBwPath(config().bitwarden.bwPath, systemLookup(environment("PATH")));
      log.info(`bw is ${this.#found.join(" ")}`);
    } catch (error) {
      if (!(error instanceof SourceError)) throw error;
      this.#found = error;
      log.warning(`${error.message}; ${error.hint}`);
    }
  }

  /** `bw` as it is called, the program as absolute path. @throws {SourceError} If there was none. */
  words(): readonly string[] {
    if (this.#found instanceof SourceError) throw this.#found;
    return this.#found;
  }

  /** For a new source. @throws {SourceError} If there is no `bw`; {ConfigError} if the query is wrong. */
  settings(): BitwardenSettings {
    const { memory, runner, environment, config } = this.#parts;
    const { bitwarden } = config();
    return {
      runner,
      memory,
      words: this.words(),
      env: bwEnvironment(environment, bitwarden.dataDir),
      dataDir: bitwarden.dataDir,
      deadlineMs: bitwarden.timeoutSeconds * 1000,
      attachments: bitwarden.attachments,
      selection: selectionOf(bitwarden),
    };
  }
}

/**
 * The configuration in force, and what follows from it. A reload replaces it whole or not at all, and says which parts
 * of it decide who may sign.
 *
 * @module
 */

import type { Approver } from "../approval/approver.ts";
import { changedSecurityKeys } from "../config/digest.ts";
import type { LoadedConfig } from "../config/load.ts";
import type { Config } from "../config/model.ts";
import { policyOf } from "../config/policy.ts";
import type { ReloadReport } from "../control/messages.ts";
import { selectionOf } from "./selection.ts";
import type { SigningRules } from "./sign_service.ts";

/** Settings that are read once, when the daemon starts. */
const AT_START = ["runtimeDir", "agentSocket", "controlSocket", "maxConnections"] as const;

/** Holds the configuration. */
export class Settings {
  readonly #load: () => Promise<LoadedConfig>;
  readonly #approverFor: (config: Config) => Approver;
  #loaded: LoadedConfig;
  #signing: SigningRules;

  constructor(
    loaded: LoadedConfig,
    load: () => Promise<LoadedConfig>,
    approverFor: (config: Config) => Approver,
  ) {
    this.#loaded = loaded;
    this.#load = load;
    this.#approverFor = approverFor;
    this.#signing = this.#derive(loaded.config);
  }

  get config(): Config {
    return this.#loaded.config;
  }

  /** Remarks on the configuration. */
  get warnings(): readonly string[] {
    return this.#loaded.warnings;
  }

  /** What sign requests are decided by. */
  get signing(): SigningRules {
    return this.#signing;
  }

  /**
   * Reads the configuration again. @throws {ConfigError} The old one stays in force.
   *
   * @param onChange Called with what decides who may sign and has changed, in the same turn in which it comes into force.
   */
  async reload(onChange: (changed: readonly string[]) => void): Promise<Omit<ReloadReport, "dropped">> {
    const loaded = await this.#load();
    const before = this.#loaded.config;
    this.#signing = this.#derive(loaded.config);
    this.#loaded = loaded;
    const changed = [...changedSecurityKeys(before, loaded.config), ...changedDiscovery(before, loaded.config)];
    const late = AT_START.filter((key) => before.daemon[key] !== loaded.config.daemon[key]);
    const auth = (["systemBus", "knownHosts"] as const).filter((key) =>
      differs(before.auth[key], loaded.config.auth[key])
    );
    const audit = (["file", "maxBytes"] as const).filter((key) => differs(before.audit[key], loaded.config.audit[key]));
    const memory = before.memory.requireLocked === loaded.config.memory.requireLocked ? [] : ["require_locked"];
    const warnings = [...late, ...auth, ...audit, ...memory].map((key) =>
      `a change of ${key} takes effect at the next start`
    );
    if (changed.length > 0) onChange([...new Set(changed)]);
    return { changed: [...new Set(changed)], warnings: [...loaded.warnings, ...warnings] };
  }

  #derive(config: Config): SigningRules {
    selectionOf(config.bitwarden); // a query that cannot be read is an error now, not at the next unlock
    return {
      policy: policyOf(config, Deno.uid() ?? -1),
      approver: this.#approverFor(config),
      allowRsaSha1: config.ssh.allowRsaSha1,
    };
  }
}

function differs(one: unknown, other: unknown): boolean {
  return JSON.stringify(one) !== JSON.stringify(other);
}

/** Other keys of the vault may be chosen now, or keys of a type that is no longer allowed be held. */
function changedDiscovery(before: Config, after: Config): readonly string[] {
  return (["bitwarden", "ssh"] as const).filter((table) =>
    JSON.stringify(before[table]) !== JSON.stringify(after[table])
  );
}

/**
 * The rows of `bwssh config show`: every setting with its effective value and where that comes from.
 *
 * @module
 */

import type { LoadedConfig } from "./load.ts";
import { SETTING_KEYS } from "./settings.ts";
import { quoteAll } from "./text.ts";

/** One setting. The field names are a contract: `--json` prints them. */
export interface ConfigRow {
  /** `table.name`, or `rules[N]` counted from 1. */
  readonly key: string;
  /** As one would write it, references replaced; null where nothing is set. */
  readonly value: unknown;
  /** `default`, `FILE:LINE`, `environment BWSSH_X`, `command line`. */
  readonly origin: string;
}

/** What `bwssh config show --json` prints. */
export interface ConfigShown {
  /** Files read, in the order in which they count. */
  readonly files: readonly string[];
  readonly settings: readonly ConfigRow[];
  readonly warnings: readonly string[];
}

/** All settings in the order of the documentation, then the rules. */
export function configRows({ origins, shown }: LoadedConfig): readonly ConfigRow[] {
  const keys = new Set<string>([...SETTING_KEYS, ...origins.keys()]);
  return [...keys].map((key) => ({ key, value: shown.get(key) ?? null, origin: origins.get(key) ?? "default" }));
}

/** The whole listing as a value for JSON. */
export function configShown(loaded: LoadedConfig): ConfigShown {
  return { files: loaded.files, settings: configRows(loaded), warnings: loaded.warnings };
}

/** A row's value in one line, much as in TOML, and safe for a terminal. */
export function valueText(value: unknown): string {
  if (Array.isArray(value)) return `[${value.map(valueText).join(", ")}]`;
  if (typeof value === "object" && value !== null) {
    return `{ ${Object.entries(value).map(([name, inner]) => `${name} = ${valueText(inner)}`).join(", ")} }`;
  }
  if (typeof value === "string") return quoteAll(value);
  return value === null ? "(not set)" : String(value);
}

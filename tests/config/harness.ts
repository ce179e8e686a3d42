/**
 * Loads configurations from text, without files.
 *
 * @module
 */

import { type ConfigDocument, parseDocument } from "../../mod/config/document.ts";
import type { CommandLineSettings } from "../../mod/config/entries.ts";
import { ConfigError, originText } from "../../mod/config/error.ts";
import { type LoadedConfig, resolveConfig } from "../../mod/config/load.ts";
import type { Environment } from "../../mod/config/paths.ts";

/** What a text is loaded with. */
export interface Surroundings {
  /** Beside XDG_RUNTIME_DIR=/run/user/1000. */
  readonly env?: Readonly<Record<string, string>>;
  readonly commandLine?: CommandLineSettings;
}

/** An environment from a table. */
export function environment(table: Readonly<Record<string, string>>): Environment {
  return (name) => Object.hasOwn(table, name) ? table[name] : undefined;
}

/** Resolves texts as the files `1.toml`, `2.toml` and so on. */
export async function load(texts: string | readonly string[], surroundings: Surroundings = {}): Promise<LoadedConfig> {
  const documents: ConfigDocument[] = [];
  for (const [index, text] of [texts].flat().entries()) documents.push(await parseDocument(`${index + 1}.toml`, text));
  const env = environment({ XDG_RUNTIME_DIR: "/run/user/1000", ...surroundings.env });
  return await resolveConfig(documents, { env, commandLine: surroundings.commandLine });
}

/** The problems of texts that do not load, as `PLACE KEY: MESSAGE | HINT`. */
export async function problems(texts: string | readonly string[], surroundings: Surroundings = {}): Promise<string[]> {
  try {
    await load(texts, surroundings);
  } catch (error) {
    if (!(error instanceof ConfigError)) throw error;
    return error.problems.map(({ origin, key, message, hint }) =>
      `${originText(origin)} ${key}: ${message}${hint === undefined ? "" : ` | ${hint}`}`
    );
  }
  throw new Error("The configuration loaded, and should not have");
}

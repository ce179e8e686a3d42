/**
 * Loads the whole configuration: defaults, then `config.toml`, then `config.d/*.toml` by name, then the environment, then
 * the command line; later ones override earlier ones key by key, and `[[rules]]` are appended in the order of the files.
 *
 * Not for: finding only the sockets, see `locate.ts`.
 *
 * @module
 */

import { buildConfig } from "./build.ts";
import { type ConfigDocument, readDocuments } from "./document.ts";
import { collectEntries, collectRules, type CommandLineSettings, effectiveEntries } from "./entries.ts";
import { ConfigError, type ConfigProblem, originText } from "./error.ts";
import { Interpolator } from "./interpolate.ts";
import type { Config } from "./model.ts";
import { type Environment, noRuntimeDirectory } from "./paths.ts";
import { SETTING_KEYS } from "./settings.ts";
import { ruleShown } from "./rule_shown.ts";

/** What to load from. */
export interface LoadOptions {
  readonly env: Environment;
  /** Who we are; files of anybody else but root are refused. */
  readonly uid: number;
  readonly commandLine?: CommandLineSettings | undefined;
}

/** A configuration and where it came from. */
export interface LoadedConfig {
  readonly config: Config;
  /** By key: `default`, `FILE:LINE`, `environment BWSSH_X`, `command line`. Rules are `rules[1]` and so on. */
  readonly origins: ReadonlyMap<string, string>;
  /** By key: the effective value as one would write it, references replaced. A key that nobody set is missing. */
  readonly shown: ReadonlyMap<string, unknown>;
  /** The files that were read, in the order in which they count. */
  readonly files: readonly string[];
  /** What is valid and yet probably not meant, one line each. */
  readonly warnings: readonly string[];
}

/**
 * Loads the configuration.
 *
 * @throws {ConfigError} With everything that is wrong with it.
 */
export async function loadConfig(options: LoadOptions): Promise<LoadedConfig> {
  return await resolveConfig(await readDocuments(options.env, options), options);
}

/**
 * Makes a configuration of files already read.
 *
 * @throws {ConfigError} With everything that is wrong with it.
 */
export async function resolveConfig(
  documents: readonly ConfigDocument[],
  { env, commandLine }: Pick<LoadOptions, "env" | "commandLine">,
): Promise<LoadedConfig> {
  const [{ validateSettings }, { decodeRule }] = await Promise.all([
    import("./validate.ts"),
    import("./rule_schema.ts"),
  ]);
  const entries = collectEntries({ documents, env, commandLine });
  const effective = effectiveEntries(entries);
  if (!effective.has("daemon.runtime_dir")) throw noRuntimeDirectory();
  const interpolator = new Interpolator(env, effective);
  const problems: ConfigProblem[] = [];
  const settings = validateSettings(entries, interpolator, problems);
  const ruleEntries = collectRules(documents);
  const rules = ruleEntries.map((entry) => decodeRule(entry, interpolator, problems)).filter((rule) =>
    rule !== undefined
  );
  const built = buildConfig({ settings, rules, effective, problems });
  if (built === undefined) throw new ConfigError("invalid", inOrder(problems, documents));

  const origins = new Map<string, string>();
  const shown = new Map<string, unknown>();
  for (const key of SETTING_KEYS) {
    const entry = effective.get(key);
    if (entry === undefined) continue;
    origins.set(key, originText(entry.origin));
    shown.set(key, settings.shown(key));
  }
  for (const [index, rule] of rules.entries()) {
    origins.set(`rules[${index + 1}]`, rule.origin);
    shown.set(`rules[${index + 1}]`, ruleShown(rule));
  }
  return { ...built, origins, shown, files: documents.map((document) => document.file) };
}

/** By file and line, then the rest. What a default made of somebody's mistake is said only if there is no other. */
function inOrder(problems: readonly ConfigProblem[], documents: readonly ConfigDocument[]): readonly ConfigProblem[] {
  const files = documents.map((document) => document.file);
  const rank = ({ origin }: ConfigProblem): readonly [file: number, line: number] =>
    origin.kind === "file" ? [files.indexOf(origin.file), origin.line ?? 0] : [files.length, 0];
  const written = problems.filter((problem) => problem.origin.kind !== "default");
  return (written.length > 0 ? written : [...problems]).sort((one, other) => {
    const [[file, line], [otherFile, otherLine]] = [rank(one), rank(other)];
    return file - otherFile || line - otherLine;
  });
}

/**
 * What was written where: the settings of all files, the environment and the command line in the order in which they
 * count, last one wins, key by key. `[[rules]]` are not overridden but appended: those of `config.toml` first, then those
 * of each drop-in in the order of their names. Nothing is judged here.
 *
 * @module
 */

import type { ConfigDocument } from "./document.ts";
import type { Origin } from "./error.ts";
import { defaultAuditFile, defaultKnownHosts, defaultRuntimeDirectory, type Environment, variable } from "./paths.ts";
import { DEFAULTS, OVERRIDES, SETTING_KEYS, TABLES } from "./settings.ts";
import type { KeyPath } from "./toml_positions.ts";

/** One written value. */
export interface Entry {
  /** `table.name`; `name` alone for a value outside any table, and for a table we do not know. */
  readonly key: string;
  /** As TOML gave it, before interpolation. */
  readonly value: unknown;
  /** Values from outside a file are taken as they are. */
  readonly literal: boolean;
  readonly origin: Origin;
  /** The origin of something within the value. */
  originOf(path: KeyPath): Origin;
}

/** What the command line says over everything else. */
export interface CommandLineSettings {
  /** `--runtime-dir`. */
  readonly runtimeDir?: string | undefined;
}

/** Where values come from. */
export interface EntrySources {
  readonly documents: readonly ConfigDocument[];
  readonly env: Environment;
  readonly commandLine?: CommandLineSettings | undefined;
}

/** Collects every value that sets something, a later one overriding an earlier one of the same key. */
export function collectEntries({ documents, env, commandLine }: EntrySources): readonly Entry[] {
  const entries = [...defaultEntries(env), ...documents.flatMap(documentEntries)];
  for (const [name, key] of OVERRIDES) {
    const value = variable(env, name);
    if (value !== undefined) entries.push(literalEntry(key, value, { kind: "environment", name }));
  }
  if (commandLine?.runtimeDir !== undefined) {
    entries.push(literalEntry("daemon.runtime_dir", commandLine.runtimeDir, { kind: "command line" }));
  }
  return entries;
}

/** The entry that counts for each key. */
export function effectiveEntries(entries: readonly Entry[]): ReadonlyMap<string, Entry> {
  return new Map(entries.map((entry) => [entry.key, entry]));
}

/** The tables of all `[[rules]]`, in order. Each one's key is `rules[N]`, N counted from 1 over all files. */
export function collectRules(documents: readonly ConfigDocument[]): readonly Entry[] {
  const found = documents.flatMap((document) => {
    const rules = document.root["rules"];
    return Array.isArray(rules) ? rules.map((value, index) => ({ document, value, path: ["rules", index] })) : [];
  });
  return found.map(({ document, value, path }, index) => entryOf(document, `rules[${index + 1}]`, value, path));
}

/** Whether a TOML value is a table. */
export function isTable(value: unknown): value is Readonly<Record<string, unknown>> {
  return typeof value === "object" && value !== null && !Array.isArray(value) && !(value instanceof Date);
}

function defaultEntries(env: Environment): readonly Entry[] {
  const entries: Entry[] = [];
  const fromEnvironment = [
    ["daemon.runtime_dir", defaultRuntimeDirectory(env)],
    ["auth.known_hosts", defaultKnownHosts(env)],
    ["audit.file", defaultAuditFile(env)],
  ] as const;
  for (const [key, value] of fromEnvironment) {
    if (value !== undefined) entries.push(literalEntry(key, value, { kind: "default" }));
  }
  for (const key of SETTING_KEYS) {
    const value = DEFAULTS[key];
    if (value !== null) entries.push({ ...literalEntry(key, value, { kind: "default" }), literal: false });
  }
  return entries;
}

function documentEntries(document: ConfigDocument): readonly Entry[] {
  return Object.entries(document.root).flatMap(([table, content]) => {
    if (table === "rules" && Array.isArray(content)) return [];
    // In quotes, so that the name "daemon.log_level" outside any table is not taken for the setting.
    const key = /^[\w-]+$/.test(table) ? table : JSON.stringify(table);
    if (!TABLES.has(table) || !isTable(content)) return [entryOf(document, key, content, [table])];
    return Object.entries(content).map(([name, value]) => entryOf(document, `${table}.${name}`, value, [table, name]));
  });
}

function entryOf(document: ConfigDocument, key: string, value: unknown, path: KeyPath): Entry {
  return {
    key,
    value,
    literal: false,
    origin: document.origin(path),
    originOf: (inner) => document.origin([...path, ...inner]),
  };
}

function literalEntry(key: string, value: unknown, origin: Origin): Entry {
  return { key, value, literal: true, origin, originOf: () => origin };
}

/**
 * Checks every written setting, also those that a later file overrides, and collects all that is wrong.
 *
 * @module
 */

import * as v from "valibot";
import { effectiveEntries, type Entry, isTable } from "./entries.ts";
import type { ConfigProblem } from "./error.ts";
import type { Interpolator } from "./interpolate.ts";
import { CHOICES, NOT_YET, SCHEMAS, type SettingValue, TABLES_NOT_YET } from "./schema.ts";
import { isSettingKey, SETTING_KEYS, type SettingKey, TABLES } from "./settings.ts";
import { didYouMean, quote, typeName } from "./text.ts";

/** Validated settings. */
export interface Settings {
  /** The effective value; undefined if nobody set it and there is no default, or if it has a problem. */
  get<Key extends SettingKey>(key: Key): SettingValue<Key> | undefined;
  /** The effective value as written in a file, interpolated; for showing. */
  shown(key: SettingKey): unknown;
}

/**
 * Validates settings.
 *
 * @param entries In the order in which they count.
 * @param interpolator Knows the effective ones.
 * @param problems Takes what is wrong.
 */
export function validateSettings(
  entries: readonly Entry[],
  interpolator: Interpolator,
  problems: ConfigProblem[],
): Settings {
  const effective = effectiveEntries(entries);
  const values = new Map<string, unknown>();
  const shown = new Map<string, unknown>();
  for (const entry of entries) {
    if (!isSettingKey(entry.key)) {
      problems.push(unknownKey(entry));
      continue;
    }
    const isEffective = effective.get(entry.key) === entry;
    const expanded = expand(entry, interpolator, isEffective ? problems : undefined);
    if (expanded === undefined) continue;
    const result = v.safeParse(SCHEMAS[entry.key], expanded, { abortPipeEarly: true });
    if (!result.success) problems.push(...result.issues.map((issue) => issueProblem(entry, issue)));
    else if (NOT_YET[entry.key]?.only === !result.output) problems.push(notYet(entry, entry.key));
    else if (isEffective) {
      values.set(entry.key, result.output);
      shown.set(entry.key, expanded);
    }
  }
  return {
    get: <Key extends SettingKey>(key: Key) => values.get(key) as SettingValue<Key> | undefined,
    shown: (key) => shown.get(key),
  };
}

/** The value with its references replaced. One that is overridden may refer to what does not exist here. */
function expand(entry: Entry, interpolator: Interpolator, problems?: ConfigProblem[]): unknown {
  if (entry.literal) return entry.value;
  return interpolator.value(entry.value, (path, { message, hint }) => {
    problems?.push({ origin: entry.originOf(path), key: entry.key, message: `${quote(entry.key)}: ${message}`, hint });
  });
}

function issueProblem(entry: Entry, issue: v.BaseIssue<unknown>): ConfigProblem {
  const index = issue.path?.[0]?.key;
  const path = typeof index === "number" ? [index] : [];
  const key = typeof index === "number" ? `${entry.key}[${index + 1}]` : entry.key;
  const words = isSettingKey(entry.key) ? CHOICES[entry.key] ?? [] : [];
  const written = typeof index === "number" && Array.isArray(entry.value) ? entry.value[index] : entry.value;
  // What a variable holds may be nobody's business; what the user wrote is in front of him anyway.
  const isWritten = typeof written === "string" && written === issue.input;
  return {
    origin: entry.originOf(path),
    key,
    message: `${quote(key)} must be ${issue.message}, found ${isWritten ? quote(written) : typeName(issue.input)}`,
    hint: isWritten ? didYouMean(written, words) : undefined,
  };
}

function notYet(entry: Entry, key: SettingKey): ConfigProblem {
  const only = NOT_YET[key]?.only ?? false;
  return problem(
    entry,
    `${quote(key)} must be ${only}: this version ${only ? "cannot" : "cannot yet"} ${NOT_YET[key]?.cannot}`,
    `remove the line; ${only} is the default`,
  );
}

function unknownKey(entry: Entry): ConfigProblem {
  const { key } = entry;
  const [table = ""] = key.split(".");
  if (table !== key && TABLES.has(table)) {
    return problem(
      entry,
      `There is no setting ${quote(key)}`,
      belongsIn(key.slice(table.length + 1)) ?? didYouMean(key, SETTING_KEYS),
    );
  }
  if (TABLES_NOT_YET.includes(key)) return problem(entry, `This version has no table ${quote(key)} yet`);
  if (key === "rules") return problem(entry, '"rules" must be a list of tables', "write [[rules]] above each rule");
  const found = typeName(entry.value);
  if (TABLES.has(key)) {
    return problem(entry, `${quote(key)} must be a table, found ${found}`, `write [${key}] above its settings`);
  }
  const hint = didYouMean(key, [...TABLES, "rules"]);
  if (isTable(entry.value)) return problem(entry, `There is no table ${quote(key)}`, hint);
  return problem(entry, `There is no setting ${quote(key)} outside the tables`, belongsIn(key) ?? hint);
}

function belongsIn(name: string): string | undefined {
  const tables = [...TABLES].filter((table) => isSettingKey(`${table}.${name}`));
  return tables[0] === undefined ? undefined : `${quote(name)} belongs in [${tables[0]}]`;
}

function problem(entry: Entry, message: string, hint?: string): ConfigProblem {
  return { origin: entry.origin, key: entry.key, message, hint };
}

/**
 * Which parts of the configuration that decide who may sign differ between two loads. A reload that changes any of them
 * while keys are loaded drops the keys, design.md §4.11: somebody else may have written the file.
 *
 * @module
 */

import type { Config } from "./model.ts";
import { ruleShown } from "./rule_shown.ts";

/**
 * The key paths that changed: of `[auth]`, `[limits]`, `[audit]`, `[[rules]]`, and `bitwarden.bw_path` (the program that sees the whole vault).
 *
 * @returns Such as `auth.approver`, `bitwarden.bw_path`, `rules[2]` counted from 1; empty if nothing changed. Where a rule
 * stands in its file does not count, in which order rules stand does.
 */
export function changedSecurityKeys(before: Config, after: Config): readonly string[] {
  const [old, now] = [securityParts(before), securityParts(after)];
  return [...new Set([...old.keys(), ...now.keys()])].filter((key) => old.get(key) !== now.get(key));
}

function securityParts({ auth, limits, audit, bitwarden, rules }: Config): ReadonlyMap<string, string> {
  const settings = Object.entries({ auth, limits, audit }).flatMap(([table, values]) =>
    Object.entries(values).map(([name, value]) => [`${table}.${snakeCase(name)}`, JSON.stringify(value)] as const)
  );
  const written = rules.map((rule, index) => [`rules[${index + 1}]`, JSON.stringify(ruleShown(rule))] as const);
  return new Map([...settings, ["bitwarden.bw_path", JSON.stringify(bitwarden.bwPath)], ...written]);
}

function snakeCase(name: string): string {
  return name.replace(/[A-Z]/g, (letter) => `_${letter.toLowerCase()}`);
}

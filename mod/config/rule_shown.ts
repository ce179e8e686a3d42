/**
 * A rule as one would write it: for listings, and for comparing two configurations.
 *
 * @module
 */

import { kindWord, type Rule } from "../policy/rules.ts";

/** A rule with the fields one would write. */
export function ruleShown(rule: Rule): Readonly<Record<string, unknown>> {
  const { action, keys, kinds } = rule;
  return { action, ...(keys && { keys }), ...(kinds && { kinds: kinds.map(kindWord) }) };
}

/**
 * A rule as one would write it: for listings, and for comparing two configurations.
 *
 * @module
 */

import { durationText } from "../policy/duration.ts";
import { kindWord, type Rule } from "../policy/rule.ts";
import { RULE_FIELDS } from "./settings.ts";

/** A rule with the fields one would write. */
export function ruleShown(rule: Rule): Readonly<Record<string, unknown>> {
  const { kinds, rememberFor, maxTtl, name: _name, origin: _origin, ...same } = rule;
  const fields: Partial<Record<typeof RULE_FIELDS[number], unknown>> = {
    ...same,
    kinds: kinds?.map(kindWord),
    remember_for: rememberFor === undefined ? undefined : durationText(rememberFor),
    max_ttl: maxTtl === undefined ? undefined : durationText(maxTtl),
  };
  const shown = RULE_FIELDS.map((field) => [field, fields[field]] as const);
  return Object.fromEntries(shown.filter(([, value]) => value !== undefined));
}

/**
 * Whether a rule speaks about an ask: all of its fields have to.
 *
 * @module
 */

import type { Ask } from "./ask.ts";
import type { Circumstances, Rule } from "./rule.ts";
import { FIELD_TESTS, TESTED_FIELDS } from "./rule_fields.ts";

/** Whether a rule speaks about an ask. */
export function ruleMatches(rule: Rule, ask: Ask, circumstances: Circumstances): boolean {
  return TESTED_FIELDS.every((field) => FIELD_TESTS[field](rule, ask, circumstances));
}

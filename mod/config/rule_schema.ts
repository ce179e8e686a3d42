/**
 * `[[rules]]`: from a TOML table to a rule that policy evaluates. A field that this version cannot enforce refuses the
 * configuration: a rule that is wider than it reads is worse than none.
 *
 * @module
 */

import * as v from "valibot";
import { KIND_WORDS, parseKind, type Rule, RULE_ACTIONS } from "../policy/rules.ts";
import { type Entry, isTable } from "./entries.ts";
import type { ConfigProblem, Origin } from "./error.ts";
import { originText } from "./error.ts";
import type { Interpolator } from "./interpolate.ts";
import { RULE_FIELDS } from "./settings.ts";
import { choice } from "./shapes.ts";
import { didYouMean, oneOf, quote, typeName } from "./text.ts";

/** Fields that later versions evaluate. */
const NOT_YET = [
  ...["hosts", "users", "exe", "ancestors", "cgroup", "tty", "session", "uid"],
  ...["forwarded", "via", "remember", "remember_for", "max_ttl"],
];

const KIND_LIST = `${oneOf(KIND_WORDS.slice(0, 2))}, "sshsig:NAMESPACE", ${oneOf(KIND_WORDS.slice(2))}`;

const FIELDS = {
  action: choice(RULE_ACTIONS),
  keys: v.pipe(
    v.array(
      v.pipe(
        v.string("a string"),
        v.minLength(1, 'a fingerprint, an item id, or a glob; "*" matches every key'),
        v.check(isKeyPattern, 'a whole fingerprint: "SHA256:" and 43 letters, as ssh-keygen -l prints it'),
      ),
      "a list of fingerprints, item ids, and globs for comments and item names",
    ),
    v.minLength(1, "a list with an element; to match every key, leave the field out"),
  ),
  kinds: v.pipe(
    v.array(
      v.pipe(v.string("a string"), v.check((word) => parseKind(word) !== undefined, KIND_LIST)),
      "a list of kinds",
    ),
    v.minLength(1, "a list with an element; to match auth and sshsig, leave the field out"),
  ),
} satisfies Record<(typeof RULE_FIELDS)[number], v.GenericSchema>;

/**
 * Decodes one rule.
 *
 * @param entry The table as written.
 * @param interpolator Expands its strings.
 * @param problems Takes what is wrong with it.
 * @returns The rule, or undefined if anything is wrong.
 */
export function decodeRule(entry: Entry, interpolator: Interpolator, problems: ConfigProblem[]): Rule | undefined {
  const before = problems.length;
  const decoder = new RuleDecoder(entry, interpolator, problems);
  const action = decoder.field("action");
  const keys = decoder.field("keys");
  const kinds = decoder.field("kinds")?.map(parseKind).filter((kind) => kind !== undefined);
  decoder.refuseOthers();
  if (problems.length > before || action === undefined) return undefined;
  const origin = originText(entry.origin);
  return {
    name: `rule ${entry.key.replace(/\D/g, "")}`,
    origin,
    action,
    ...(keys && { keys }),
    ...(kinds && { kinds }),
  };
}

class RuleDecoder {
  readonly #entry: Entry;
  readonly #interpolator: Interpolator;
  readonly #problems: ConfigProblem[];
  readonly #table: Readonly<Record<string, unknown>>;

  constructor(entry: Entry, interpolator: Interpolator, problems: ConfigProblem[]) {
    [this.#entry, this.#interpolator, this.#problems] = [entry, interpolator, problems];
    this.#table = isTable(entry.value) ? entry.value : {};
    if (!isTable(entry.value)) this.#report([], ` must be a table, found ${typeName(entry.value)}`);
    else if (!Object.hasOwn(this.#table, "action")) {
      this.#report([], ` must have the field "action": ${oneOf(RULE_ACTIONS)}`);
    }
  }

  field<Name extends keyof typeof FIELDS>(name: Name): v.InferOutput<(typeof FIELDS)[Name]> | undefined {
    if (!Object.hasOwn(this.#table, name)) return undefined;
    const value = this.#interpolator.value(this.#table[name], (path, error) => {
      this.#report([name, ...path], `: ${error.message}`, error.hint);
    });
    if (value === undefined) return undefined;
    const schema: v.GenericSchema<unknown, v.InferOutput<(typeof FIELDS)[Name]>> = FIELDS[name];
    const result = v.safeParse(schema, value, { abortPipeEarly: true });
    if (result.success) return result.output;
    for (const issue of result.issues) this.#reportIssue(name, issue);
    return undefined;
  }

  refuseOthers(): void {
    for (const name of Object.keys(this.#table)) {
      if (RULE_FIELDS.some((field) => field === name)) continue;
      const message = NOT_YET.includes(name)
        ? " is a field that this version cannot enforce, so it refuses the rule"
        : ` is not a field of a rule; the fields are ${oneOf(RULE_FIELDS).replace(" or ", " and ")}`;
      this.#report([name], message, didYouMean(name, NOT_YET.includes(name) ? [] : [...RULE_FIELDS, ...NOT_YET]));
    }
  }

  #reportIssue(name: string, issue: v.BaseIssue<unknown>): void {
    const index = issue.path?.[0]?.key;
    const path = typeof index === "number" ? [name, index] : [name];
    const { input } = issue;
    const words = name === "action" ? RULE_ACTIONS : name === "kinds" ? KIND_WORDS : [];
    const hint = typeof input === "string" ? didYouMean(input, words) : undefined;
    const found = typeof input === "string" && words.length > 0 ? quote(input) : typeName(input);
    this.#report(path, ` must be ${issue.message}, found ${found}`, hint);
  }

  #report(path: readonly (string | number)[], message: string, hint?: string): void {
    const inner = path.map((part) => typeof part === "number" ? `[${part + 1}]` : `.${part}`).join("");
    const key = `${this.#entry.key}${inner}`;
    const origin: Origin = this.#entry.originOf(path);
    this.#problems.push({ origin, key, message: `${quote(key)}${message}`, hint });
  }
}

/** A cut-off fingerprint would match nothing, and a deny rule that matches nothing allows. */
function isKeyPattern(pattern: string): boolean {
  return !pattern.startsWith("SHA256:") || /^SHA256:[A-Za-z0-9+/]{43}$/.test(pattern);
}

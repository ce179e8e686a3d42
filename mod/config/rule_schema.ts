/**
 * `[[rules]]`: from a TOML table to a rule that policy evaluates. Whatever is wrong with it refuses the configuration: a
 * rule that is wider than it reads is worse than none.
 *
 * @module
 */

import * as v from "valibot";
import { parseKind, type Rule, RULE_ACTIONS } from "../policy/rule.ts";
import { type Entry, isTable } from "./entries.ts";
import type { ConfigProblem, Origin } from "./error.ts";
import { originText } from "./error.ts";
import type { Interpolator } from "./interpolate.ts";
import { RULE_SCHEMAS, RULE_WORDS } from "./rule_shapes.ts";
import { RULE_FIELDS } from "./settings.ts";
import { didYouMean, oneOf, quote, typeName } from "./text.ts";

type Field = typeof RULE_FIELDS[number];
type Fields = { readonly [Name in Field]: v.InferOutput<(typeof RULE_SCHEMAS)[Name]> | undefined };

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
  const fields = Object.fromEntries(RULE_FIELDS.map((name) => [name, decoder.field(name)])) as unknown as Fields;
  decoder.refuseOthers();
  if (problems.length === before) decoder.refuseContradictions(fields);
  const { action, kinds, remember_for: rememberFor, max_ttl: maxTtl, ...same } = fields;
  if (problems.length > before || action === undefined) return undefined;
  return {
    name: `rule ${entry.key.replace(/\D/g, "")}`,
    origin: originText(entry.origin),
    action,
    ...withoutUndefined(same),
    ...withoutUndefined({ kinds: kinds?.map(parseKind).filter((kind) => kind !== undefined), rememberFor, maxTtl }),
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

  field(name: Field): unknown {
    if (!Object.hasOwn(this.#table, name)) return undefined;
    const value = this.#interpolator.value(this.#table[name], (path, error) => {
      this.#report([name, ...path], `: ${error.message}`, error.hint);
    });
    if (value === undefined) return undefined;
    const result = v.safeParse(RULE_SCHEMAS[name], value, { abortPipeEarly: true });
    if (result.success) return result.output;
    for (const issue of result.issues) this.#reportIssue(name, issue);
    return undefined;
  }

  refuseOthers(): void {
    for (const name of Object.keys(this.#table)) {
      if (RULE_FIELDS.some((field) => field === name)) continue;
      const fields = oneOf(RULE_FIELDS).replace(" or ", " and ");
      this.#report([name], ` is not a field of a rule; the fields are ${fields}`, didYouMean(name, RULE_FIELDS));
    }
  }

  /** Fields that are valid alone and together say something else than the reader believes. */
  refuseContradictions({ action, kinds, hosts, users, forwarded, via, remember, remember_for }: Fields): void {
    if (remember !== undefined && action !== "ask") {
      this.#report(
        ["remember"],
        ` has no effect with action = ${quote(action ?? "")}`,
        'set action = "ask" or remove it',
      );
    }
    if (remember_for !== undefined && (remember === undefined || remember === "once")) {
      this.#report(["remember_for"], " has no effect without a scope", 'write remember = "app", say, beside it');
    }
    if (via !== undefined && forwarded === false) {
      this.#report(["via"], " has no effect with forwarded = false", "remove one of the two");
    }
    for (const name of ["hosts", "users"] as const) {
      if ({ hosts, users }[name] === undefined || kinds === undefined || kinds.includes("auth")) continue;
      this.#report([name], " is about logins, and kinds does not name them", 'write kinds = ["auth"]');
    }
  }

  #reportIssue(name: Field, issue: v.BaseIssue<unknown>): void {
    const written = this.#table[name];
    const index = issue.path?.[0]?.key;
    const isElement = typeof index === "number" && Array.isArray(written);
    const part = isElement ? written[index] : written;
    // What a variable holds may be nobody's business; what the user wrote is in front of him anyway.
    const isWritten = typeof part === "string" && (part === issue.input || !part.includes("$"));
    const hint = isWritten ? didYouMean(part, RULE_WORDS[name] ?? []) : undefined;
    const found = isWritten ? quote(part) : typeName(issue.input);
    this.#report(isElement ? [name, index] : [name], ` must be ${issue.message}, found ${found}`, hint);
  }

  #report(path: readonly (string | number)[], message: string, hint?: string): void {
    const inner = path.map((part) => typeof part === "number" ? `[${part + 1}]` : `.${part}`).join("");
    const key = `${this.#entry.key}${inner}`;
    const origin: Origin = this.#entry.originOf(path);
    this.#problems.push({ origin, key, message: `${quote(key)}${message}`, hint });
  }
}

function withoutUndefined<Fields extends Readonly<Record<string, unknown>>>(
  fields: Fields,
): { [Name in keyof Fields]?: Exclude<Fields[Name], undefined> } {
  const given = Object.entries(fields).filter(([, value]) => value !== undefined);
  return Object.fromEntries(given) as { [Name in keyof Fields]?: Exclude<Fields[Name], undefined> };
}

/**
 * Interpolation in string values: `${VAR}` is an environment variable, `${table.name}` another setting, `$$` a dollar
 * sign. Any other `$` stands for itself. A variable that is unset or empty is an error: half a path is worse than none.
 *
 * @module
 */

import type { Entry } from "./entries.ts";
import { type Environment, variable } from "./paths.ts";
import { isSettingKey, SETTING_KEYS } from "./settings.ts";
import { didYouMean, quote } from "./text.ts";

/** PATH_MAX of Linux; a value that grows beyond it is a mistake or an attempt to fill memory. */
const LONGEST_VALUE = 4096;

/** A value that cannot be expanded. Caught where its place is known. */
export class InterpolationError extends Error {
  override readonly name = "InterpolationError";
  readonly code: "unclosed" | "unset-variable" | "unknown-setting" | "no-text" | "cycle" | "too-long";
  readonly hint: string | undefined;
  constructor(code: InterpolationError["code"], message: string, hint?: string) {
    super(message);
    this.code = code;
    this.hint = hint;
  }
}

/** Expands string values of one configuration. */
export class Interpolator {
  readonly #env: Environment;
  readonly #effective: ReadonlyMap<string, Entry>;
  /** Each setting is expanded once, so that references to references stay cheap; a setting being expanded is null. */
  readonly #expanded = new Map<string, string | null>();

  /**
   * @param env For `${VAR}`.
   * @param effective For `${table.name}`: the entry that counts for each key.
   */
  constructor(env: Environment, effective: ReadonlyMap<string, Entry>) {
    this.#env = env;
    this.#effective = effective;
  }

  /**
   * Expands a value as written: a string, the strings of a list; anything else stays.
   *
   * @param report Takes each string that cannot be expanded, by its path within the value.
   * @returns The value, or undefined if anything was reported.
   */
  value(value: unknown, report: (path: readonly number[], error: InterpolationError) => void): unknown {
    let failed = false;
    const expand = (text: unknown, path: readonly number[]): unknown => {
      try {
        return typeof text === "string" ? this.text(text) : text;
      } catch (error) {
        if (!(error instanceof InterpolationError)) throw error;
        failed = true;
        return report(path, error);
      }
    };
    const expanded = Array.isArray(value) ? value.map((element, at) => expand(element, [at])) : expand(value, []);
    return failed ? undefined : expanded;
  }

  /** Expands one string. @throws {InterpolationError} */
  text(text: string): string {
    let result = "";
    let at = 0;
    for (const { 0: found, index } of text.matchAll(/\$\$|\$\{[^}]*\}?/g)) {
      result += text.slice(at, index) + (found === "$$" ? "$" : this.#reference(found));
      at = index + found.length;
      if (result.length > LONGEST_VALUE) break;
    }
    result += text.slice(at);
    if (result.length <= LONGEST_VALUE) return result;
    throw new InterpolationError("too-long", `Cannot use a value of more than ${LONGEST_VALUE} characters`);
  }

  #reference(found: string): string {
    if (!found.endsWith("}")) {
      throw new InterpolationError("unclosed", 'Cannot find the "}" of a "${"', "write $$ for a $");
    }
    const name = found.slice(2, -1);
    return name.includes(".") ? this.#setting(name) : this.#variable(name);
  }

  #variable(name: string): string {
    const value = /^[A-Za-z_][A-Za-z0-9_]*$/.test(name) ? variable(this.#env, name) : undefined;
    if (value !== undefined) return value;
    throw new InterpolationError(
      "unset-variable",
      `Cannot expand ${quote(`\${${name}}`)}: the variable is not set or empty`,
    );
  }

  #setting(key: string): string {
    const known = this.#expanded.get(key);
    if (known === null) {
      throw new InterpolationError("cycle", `Cannot expand ${quote(`\${${key}}`)}: it refers to itself`);
    }
    if (known !== undefined) return known;
    if (!isSettingKey(key)) {
      const message = `Cannot expand ${quote(`\${${key}}`)}: there is no such setting`;
      throw new InterpolationError("unknown-setting", message, didYouMean(key, SETTING_KEYS));
    }
    const entry = this.#effective.get(key);
    this.#expanded.set(key, null);
    try {
      const text = this.#textOf(key, entry);
      this.#expanded.set(key, text);
      return text;
    } finally {
      if (this.#expanded.get(key) === null) this.#expanded.delete(key);
    }
  }

  #textOf(key: string, entry: Entry | undefined): string {
    const value = entry?.value;
    if (typeof value === "string") return entry?.literal === true ? value : this.text(value);
    if (typeof value === "number" || typeof value === "boolean") return String(value);
    const why = value === undefined ? "it is not set" : "it is not a single value";
    throw new InterpolationError("no-text", `Cannot expand ${quote(`\${${key}}`)}: ${why}`);
  }
}

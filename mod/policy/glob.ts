/**
 * Globs of rules: `*` is any text, `?` one character, everything else stands for itself, case counts, and the whole text
 * must match. There is no escape: a name with a star in it is matched by `?` or by the key's fingerprint.
 *
 * @module
 */

/**
 * Whether the text matches the glob. Never more than pattern length × text length steps, unlike a regular expression.
 *
 * @example Usage
 * ```ts
 * import { equal } from "node:assert/strict";
 * equal(globMatches("work-*", "work-laptop"), true);
 * equal(globMatches("work-?", "work-laptop"), false);
 * equal(isGlob("work-laptop"), false);
 * ```
 */
export function globMatches(glob: string, text: string): boolean {
  const literal = glob.search(/[*?]/);
  if (literal === -1) return glob === text;
  if (!text.startsWith(glob.slice(0, literal))) return false; // what most globs of a long list end with
  if (literal === glob.length - 1 && glob[literal] === "*") return true; // what most globs are: a beginning
  const [pattern, characters] = [[...glob], [...text]];
  let [at, matched] = [0, 0];
  // Where to go on after a mismatch: behind the last star, with one character more taken by it.
  let [star, taken] = [-1, 0];
  while (matched < characters.length) {
    if (pattern[at] === "*") [star, taken, at] = [at, matched, at + 1];
    else if (pattern[at] === "?" || pattern[at] === characters[matched]) [at, matched] = [at + 1, matched + 1];
    else if (star === -1) return false;
    else [at, matched, taken] = [star + 1, taken + 1, taken + 1];
  }
  return pattern.slice(at).every((character) => character === "*");
}

/** Whether a pattern has anything in it that does not stand for itself. */
export function isGlob(pattern: string): boolean {
  return /[*?]/.test(pattern);
}

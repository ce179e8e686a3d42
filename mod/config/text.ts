/**
 * Words for error messages: quoting what a user wrote, naming its type, finding the spelling that was meant.
 *
 * @module
 */

/** Longer names are not typing mistakes of ours, and comparing them costs time. */
const LONGEST_NAME = 64;
/** Enough of a value to recognise it. */
const LONGEST_QUOTE = 60;

/** Text in double quotes for a message, shortened. */
export function quote(text: string): string {
  const points = [...text];
  return quoteAll(points.length > LONGEST_QUOTE ? `${points.slice(0, LONGEST_QUOTE).join("")}…` : text);
}

/** Text in double quotes. Nothing in it can end the quotes or move the cursor of a terminal. */
export function quoteAll(text: string): string {
  const escaped = text.replace(
    /[\p{C}\p{Zl}\p{Zp}"\\]/gu,
    (character) => /["\\]/.test(character) ? `\\${character}` : `\\u{${character.codePointAt(0)?.toString(16)}}`,
  );
  return `"${escaped}"`;
}

/** What kind of TOML value this is, without its content. */
export function typeName(value: unknown): string {
  if (Array.isArray(value)) return "a list";
  if (value instanceof Date) return "a date or time";
  switch (typeof value) {
    case "string":
      return "a string";
    case "boolean":
      return String(value);
    case "number":
    case "bigint":
      return `the number ${value}`;
    case "object":
      return "a table";
    default:
      return "nothing";
  }
}

/** A list of allowed words: `"a", "b" or "c"`. */
export function oneOf(words: readonly string[]): string {
  const quoted = words.map((word) => `"${word}"`);
  return quoted.length < 2 ? quoted.join("") : `${quoted.slice(0, -1).join(", ")} or ${quoted.at(-1)}`;
}

/** The candidate that was probably meant, or undefined when none is near: a third of the letters may differ. */
export function nearest(name: string, candidates: Iterable<string>): string | undefined {
  if (name.length > LONGEST_NAME) return undefined;
  const written = plain(name);
  let best: string | undefined;
  let bestDistance = Math.max(1, Math.floor(written.length / 3)) + 1;
  for (const candidate of candidates) {
    if (Math.abs(candidate.length - written.length) >= bestDistance) continue; // at least so many edits, and cheap to see
    const distance = editDistance(written, plain(candidate));
    if (distance < bestDistance) [best, bestDistance] = [candidate, distance];
  }
  return best;
}

/** `did you mean "x"?`, or undefined. */
export function didYouMean(name: string, candidates: Iterable<string>): string | undefined {
  const meant = nearest(name, candidates);
  return meant === undefined ? undefined : `did you mean ${quote(meant)}?`;
}

/** `logLevel`, `log-level` and `LOG_LEVEL` are all `log_level`. */
function plain(name: string): string {
  return name.replace(/([a-z])([A-Z])/g, "$1_$2").toLowerCase().replaceAll("-", "_");
}

/** Edits that turn one word into the other; two neighbouring letters swapped count as one (optimal string alignment). */
function editDistance(from: string, to: string): number {
  let before: number[] = [];
  let previous = Array.from({ length: to.length + 1 }, (_, column) => column);
  for (let row = 1; row <= from.length; row++) {
    const current = [row];
    for (let column = 1; column <= to.length; column++) {
      const same = from[row - 1] === to[column - 1];
      let least = Math.min(
        (previous[column] ?? 0) + 1,
        (current[column - 1] ?? 0) + 1,
        (previous[column - 1] ?? 0) + (same ? 0 : 1),
      );
      const swapped = row > 1 && column > 1 && from[row - 1] === to[column - 2] && from[row - 2] === to[column - 1];
      if (swapped) least = Math.min(least, (before[column - 2] ?? 0) + 1);
      current.push(least);
    }
    [before, previous] = [previous, current];
  }
  return previous[to.length] ?? 0;
}

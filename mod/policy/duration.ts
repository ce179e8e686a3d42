/**
 * Durations as text: `90s`, `15m`, `1h30m`, `2d`. Units are in falling order and each occurs once; a bare number is not
 * taken, because some programs read it as seconds and others as minutes.
 *
 * @module
 */

const UNITS = [["d", 86_400], ["h", 3600], ["m", 60], ["s", 1]] as const;
const PATTERN = /^(?:(\d+)d)?(?:(\d+)h)?(?:(\d+)m)?(?:(\d+)s)?$/;
/** No duration of ours is longer, and more digits would lose precision. */
const LONGEST_TEXT = 32;

/**
 * Reads a duration.
 *
 * @returns Whole seconds, at least 0; undefined if it is none.
 *
 * @example Usage
 * ```ts
 * import { equal } from "node:assert/strict";
 * equal(parseDuration("1h30m"), 5400);
 * equal(parseDuration("90"), undefined);
 * equal(parseDuration(durationText(5400)), 5400);
 * ```
 */
export function parseDuration(text: string): number | undefined {
  const found = text.length <= LONGEST_TEXT ? PATTERN.exec(text) : null;
  if (found === null || text === "") return undefined;
  const seconds = UNITS.reduce((sum, [, length], index) => sum + Number(found[index + 1] ?? 0) * length, 0);
  return Number.isSafeInteger(seconds) ? seconds : undefined;
}

/** The shortest text that {@linkcode parseDuration} reads as so many seconds; fractions are cut off. */
export function durationText(seconds: number): string {
  let left = Math.max(0, Math.trunc(seconds));
  let text = "";
  for (const [unit, length] of UNITS) {
    const count = Math.floor(left / length);
    if (count > 0) text += `${count}${unit}`;
    left -= count * length;
  }
  return text === "" ? "0s" : text;
}

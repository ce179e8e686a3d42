/**
 * Text of others made safe to show: names, comments and paths may hold anything, a terminal obeys some of it, and a
 * reader believes the rest.
 *
 * @module
 */

/**
 * Replaces controls, format characters (direction overrides among them), line and paragraph separators, private use and
 * lone surrogates by `?`.
 */
export function printable(text: string): string {
  return text.replace(/[\p{C}\p{Zl}\p{Zp}]/gu, "?");
}

/**
 * The one error of the query language, with the place it is about.
 *
 * @module
 */

/** A query that cannot be read. */
export class QueryError extends SyntaxError {
  override readonly name = "QueryError";
  /** Where in the query, in UTF-16 units from 0; the message counts characters from 1. */
  readonly position: number;

  constructor(problem: string, position: number) {
    super(`Cannot read the query at character ${position + 1}: ${problem}`);
    this.position = position;
  }
}

/**
 * The candidate a mistyped word was probably meant to be.
 * @returns It, or undefined when none is within two slips.
 */
export function nearest(word: string, candidates: readonly string[]): string | undefined {
  let best: string | undefined;
  let slips = 3;
  for (const candidate of candidates) {
    const distance = editDistance(word, candidate);
    if (distance < slips && distance < candidate.length) [best, slips] = [candidate, distance];
  }
  return best;
}

/** Levenshtein's distance. */
function editDistance(from: string, to: string): number {
  let row = Array.from({ length: to.length + 1 }, (_, at) => at);
  for (let i = 1; i <= from.length; i++) {
    const next = [i];
    for (let j = 1; j <= to.length; j++) {
      const kept = (row[j - 1] ?? 0) + (from[i - 1] === to[j - 1] ? 0 : 1);
      next.push(Math.min(kept, (row[j] ?? 0) + 1, (next[j - 1] ?? 0) + 1));
    }
    row = next;
  }
  return row[to.length] ?? 0;
}

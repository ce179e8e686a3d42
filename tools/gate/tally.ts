/**
 * What came of tests: counts, read from what `deno test` prints, and added up.
 *
 * Not for: running anything.
 *
 * @module
 */

/** Counts of tests. A gate step (formatting, types) counts as one. */
export interface Tally {
  readonly passed: number;
  readonly failed: number;
  readonly skipped: number;
}

/** Nothing yet. */
export const NOTHING: Tally = { passed: 0, failed: 0, skipped: 0 };

/** How a process ended. */
export interface Ending {
  readonly code: number;
  /** What it printed on stdout, without colours. */
  readonly output: string;
}

/** Adds up. */
export function add(tallies: readonly Tally[]): Tally {
  const sum = (pick: (tally: Tally) => number): number => tallies.reduce((total, tally) => total + pick(tally), 0);
  return { passed: sum((t) => t.passed), failed: sum((t) => t.failed), skipped: sum((t) => t.skipped) };
}

/**
 * Reads the last summary that `deno test` printed: `ok | 3 passed (2 steps) | 0 failed | 1 ignored (5ms)`. A run that
 * printed none, died, or ran nothing has failed, whatever else it says.
 */
export function readTally({ code, output }: Ending): Tally {
  const summary = output.match(/^(?:ok|FAILED) \| \d+ passed.*$/gm)?.at(-1);
  const count = (word: string): number => Number(new RegExp(`(\\d+) ${word}`).exec(summary ?? "")?.[1] ?? 0);
  const tally = { passed: count("passed"), failed: count("failed"), skipped: count("ignored") };
  const empty = tally.passed + tally.failed + tally.skipped === 0;
  const died = code !== 0 && tally.failed === 0;
  return empty || died ? { ...tally, failed: tally.failed + 1 } : tally;
}

/** The last line that everybody reads: `3 passed, 0 failed`, and what was skipped where something was. */
export function tallyLine({ passed, failed, skipped }: Tally): string {
  return `${passed} passed, ${failed} failed${skipped > 0 ? `, ${skipped} skipped` : ""}`;
}

/**
 * The exit code.
 *
 * @param allowSkip Whether skipped tests are no failure (`BWSSH_TEST_ALLOW_SKIP=1`).
 */
export function exitCode({ passed, failed, skipped }: Tally, allowSkip: boolean): 0 | 1 {
  return failed > 0 || passed === 0 || (skipped > 0 && !allowSkip) ? 1 : 0;
}

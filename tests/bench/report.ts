/**
 * What a run of the benchmark prints: Markdown tables that are also legible as they are, ready for docs/benchmarks.md.
 *
 * @module
 */

import type { Outcome } from "./compare.ts";

/** One figure that has a target. */
export interface Figure {
  readonly what: string;
  readonly target: string;
  readonly measured: string;
  /** Undefined where it could not be measured; `measured` says why. */
  readonly met: boolean | undefined;
}

/** A figure with a lower bound: a ratio of rates. */
export function atLeast(what: string, bound: number, ratio: number): Figure {
  return { what, target: `≥ ${bound}×`, measured: `${ratio.toFixed(2)}×`, met: ratio >= bound };
}

/** A figure with an upper bound. */
export function atMost(what: string, bound: number, measured: number, unit: string): Figure {
  const shown = (value: number, digits: number): string =>
    `${value.toFixed(digits)}${unit === "×" ? unit : ` ${unit}`}`.trim();
  const digits = unit === "×" ? 2 : unit === "MiB" ? 1 : 0;
  return {
    what,
    target: `≤ ${shown(bound, Number.isInteger(bound) ? 0 : 2)}`,
    measured: shown(measured, digits),
    met: measured <= bound,
  };
}

/** The table of figures. */
export function figureTable(figures: readonly Figure[]): string {
  const rows = figures.map(({ what, target, measured, met }) => [
    what,
    target,
    measured,
    met === undefined ? "skipped" : met ? "ok" : "MISSED",
  ]);
  return table(["figure", "target", "measured", ""], rows);
}

/** The table of outcomes, the load beside each. */
export function outcomeTable(
  rows: readonly { readonly label: string; readonly outcomes: readonly Outcome[] }[],
): string {
  const cells = rows.flatMap(({ label, outcomes }) =>
    outcomes.map(({ peer, rate, ratio, p50, p99, max, cost }) => [
      label,
      peer,
      rate.toFixed(0),
      ratio.toFixed(2),
      ...[p50, p99, max, cost].map((value) => value.toFixed(0)),
    ])
  );
  return table(["load", "agent", "per second", "×", "p50 µs", "p99 µs", "max µs", "CPU µs each"], cells);
}

/** A Markdown table with columns of even width; all but the first two are numbers and stand on the right. */
export function table(head: readonly string[], rows: readonly (readonly string[])[]): string {
  const widths = head.map((_, column) => Math.max(3, ...[head, ...rows].map((row) => (row[column] ?? "").length)));
  const isNumber = head.map((_, column) => rows.every((row) => /^[\d.]*$/.test(row[column] ?? "")));
  const line = (cells: readonly string[]): string =>
    `| ${
      widths.map((width, column) => {
        const cell = cells[column] ?? "";
        return isNumber[column] === true ? cell.padStart(width) : cell.padEnd(width);
      }).join(" | ")
    } |`;
  const rule = `| ${
    widths.map((width, column) => `${"-".repeat(width - 1)}${isNumber[column] === true ? ":" : "-"}`).join(" | ")
  } |`;
  return [line(head), rule, ...rows.map(line)].join("\n");
}

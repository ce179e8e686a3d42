/**
 * Rows as aligned columns for a person.
 *
 * @module
 */

import { printable } from "../ssh/printable.ts";

/** Aligns columns with two blanks between them; cells are made safe to show. The last column is not padded. */
export function table(rows: readonly (readonly string[])[]): string {
  const cells = rows.map((row) => row.map(printable));
  const widths = (cells[0] ?? []).map((_, column) => Math.max(...cells.map((row) => (row[column] ?? "").length)));
  return cells.map((row) =>
    row.map((cell, at) => at === row.length - 1 ? cell : cell.padEnd(widths[at] ?? 0)).join("  ")
  )
    .join("\n");
}

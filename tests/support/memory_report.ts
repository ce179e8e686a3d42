/**
 * The table of a memory scan for docs/security.md: what was searched, and what was found where.
 *
 * Not for: deciding whether that is good.
 *
 * @module
 */

import type { Mapping } from "./memory_maps.ts";
import type { Hit, MemoryScan } from "./memory_scan.ts";

/** Everything that was searched at one moment. */
export interface Survey {
  readonly memory: MemoryScan;
  /** Finds outside memory, and how much was searched there. */
  readonly log: Outside;
  readonly processes: Outside;
  readonly files: Outside;
}

/** A search outside memory. */
export interface Outside {
  /** `1,234 lines`, `17 files`. */
  readonly searched: string;
  readonly hits: readonly Hit[];
}

/** Every find of a survey that is not in locked memory. */
export function outsideLockedMemory({ memory, log, processes, files }: Survey): readonly Hit[] {
  return [...memory.hits.filter(({ locked }) => !locked), ...log.hits, ...processes.hits, ...files.hits];
}

/** A table in Markdown: one column a survey. */
export function surveyTable(surveys: Readonly<Record<string, Survey>>): string {
  const rows: [title: string, cell: (survey: Survey) => string][] = [
    ["memory of memfd_secret", ({ memory }) => closedText(memory.closed)],
    ["other memory that is locked and left out of core files", (survey) => memoryText(survey, true)],
    ["all the rest: JavaScript heap, C heap, stacks, mapped files", (survey) => memoryText(survey, false)],
    ["log", ({ log }) => outsideText(log)],
    ["arguments and environment of all processes", ({ processes }) => outsideText(processes)],
    ["files: XDG directories, open files, new files in /tmp", ({ files }) => outsideText(files)],
  ];
  const line = (cells: readonly string[]): string => `| ${cells.join(" | ")} |`;
  const names = Object.keys(surveys);
  return [
    line(["Where", ...names]),
    line(["---", ...names.map(() => "---")]),
    ...rows.map(([title, cell]) => line([title, ...Object.values(surveys).map(cell)])),
    "",
  ].join("\n");
}

function closedText(closed: readonly Mapping[]): string {
  const bytes = closed.reduce((sum, { start, end }) => sum + end - start, 0);
  return closed.length === 0 ? "none" : `${bytes / 1024} KiB, closed to root`;
}

function memoryText({ memory }: Survey, locked: boolean): string {
  const searched = locked ? memory.searchedLocked : memory.searched - memory.searchedLocked;
  return `${sizeText(searched)}: ${findText(memory.hits.filter((hit) => hit.locked === locked))}`;
}

function outsideText({ searched, hits }: Outside): string {
  return `${searched}: ${findText(hits)}`;
}

function findText(hits: readonly Hit[]): string {
  const secrets = new Set(hits.map(({ secret }) => secret));
  return secrets.size === 0 ? "nothing" : `${secrets.size} secrets`;
}

function sizeText(bytes: number): string {
  return bytes < 10 * 1024 * 1024 ? `${Math.round(bytes / 1024)} KiB` : `${Math.round(bytes / 1024 / 1024)} MiB`;
}

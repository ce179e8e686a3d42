/**
 * The chain that ties the lines of the audit log together: each names the hash of the one before, also over rotations.
 * It shows a line that was changed, removed or put in between, but for the end, which no later line vouches for: the daemon
 * does as long as it runs ({@linkcode hasHead}). It does not stop who can write the file from writing all
 * of it anew; comparing the head that `status` prints with one noted elsewhere does.
 *
 * @module
 */

import { sha256 } from "@noble/hashes/sha2.js";
import { parseEntry } from "./entry.ts";

/** What the first line of all names as the one before it. */
export const ORIGIN = "0".repeat(64);

const encoder = new TextEncoder();

/** Hash of a line, without its line end; hex. */
export function hashOfLine(line: string): string {
  return Array.from(sha256(encoder.encode(line)), (byte) => byte.toString(16).padStart(2, "0")).join("");
}

/** Where the chain breaks. */
export interface ChainBreak {
  /** Line within the text, from 1. */
  readonly line: number;
  readonly why: "not-an-entry" | "hash" | "count";
}

/** The outcome of a verification. */
export interface ChainReport {
  readonly entries: number;
  /** Hash of the last line, what the next would name. */
  readonly head: string;
  readonly broken: ChainBreak | undefined;
}

/**
 * Verifies lines in order.
 * @param before What the first line must name; undefined accepts anything, for a log whose beginning was rotated away.
 */
export function verifyChain(lines: Iterable<string>, before?: string): ChainReport {
  let head = before;
  let count: number | undefined;
  let entries = 0;
  for (const line of lines) {
    entries++;
    const entry = parseEntry(line);
    const broken = (why: ChainBreak["why"]): ChainReport => ({
      entries,
      head: head ?? ORIGIN,
      broken: { line: entries, why },
    });
    if (entry === undefined) return broken("not-an-entry");
    if (head !== undefined && entry.prev !== head) return broken("hash");
    if (count !== undefined && entry.n !== count + 1) return broken("count");
    count = entry.n;
    head = hashOfLine(line);
  }
  return { entries, head: head ?? ORIGIN, broken: undefined };
}

/** Whether a log holds the line that the daemon says it wrote last, unchanged. Later ones may have come since. */
export function hasHead(lines: readonly string[], head: { readonly count: number; readonly hash: string }): boolean {
  if (head.count === 0) return true;
  const line = lines.findLast((each) => parseEntry(each)?.n === head.count);
  return line !== undefined && hashOfLine(line) === head.hash;
}

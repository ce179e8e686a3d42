/**
 * Errors as the user sees them: what happened, why, the next command; and as scripts see them: the exit code.
 *
 * @module
 */

import { printable } from "../ssh/printable.ts";

/** 0 ok, 1 failed, 2 usage or configuration, 3 locked, 4 daemon not running, 5 denied. */
export const EXIT = { ok: 0, failed: 1, usage: 2, locked: 3, notRunning: 4, denied: 5 } as const;

/** By the error's `code`; whatever is not here is a plain failure. */
const EXIT_BY_CODE: Readonly<Record<string, number>> = {
  "usage": EXIT.usage,
  "invalid": EXIT.usage,
  "unsafe": EXIT.usage,
  "unreadable": EXIT.usage,
  "no-runtime-dir": EXIT.usage,
  "no-home": EXIT.usage,
  "locked": EXIT.locked,
  "no-session": EXIT.locked,
  "not-running": EXIT.notRunning,
  "denied": EXIT.denied,
};

/** A command line that parses and makes no sense. */
export class UsageError extends Error {
  override readonly name = "UsageError";
  readonly code = "usage";
  readonly hint: string;
  constructor(message: string, hint: string) {
    super(message);
    this.hint = hint;
  }
}

/** The exit code for what a command threw. */
export function exitCodeOf(error: unknown): number {
  return EXIT_BY_CODE[stringField(error, "code")] ?? EXIT.failed;
}

/** The lines for standard error: `bwssh: …`, and `bwssh: hint: …` where there is one. */
export function failureText(error: unknown): string {
  const message = error instanceof Error ? error.message : String(error);
  const hint = stringField(error, "hint");
  const lines = [...message.split("\n"), ...(hint === "" ? [] : [`hint: ${hint}`])];
  return lines.map((line) => `bwssh: ${printable(line)}`).join("\n");
}

function stringField(error: unknown, name: string): string {
  const value: unknown = typeof error === "object" && error !== null ? Reflect.get(error, name) : undefined;
  return typeof value === "string" ? value : "";
}

/**
 * What is wrong with a configuration: every problem with its place, in one error.
 *
 * @module
 */

/** Where a value was written. */
export type Origin =
  | { readonly kind: "default" }
  | { readonly kind: "file"; readonly file: string; readonly line: number | undefined }
  | { readonly kind: "environment"; readonly name: string }
  | { readonly kind: "command line" };

/** An origin in words: `default`, `FILE:LINE`, `environment BWSSH_X`, `command line`. */
export function originText(origin: Origin): string {
  switch (origin.kind) {
    case "default":
    case "command line":
      return origin.kind;
    case "environment":
      return `environment ${origin.name}`;
    case "file":
      return origin.line === undefined ? origin.file : `${origin.file}:${origin.line}`;
    default:
      return origin satisfies never;
  }
}

/** One thing to mend. */
export interface ConfigProblem {
  readonly origin: Origin;
  /** The key it is about, such as `auth.approver` or `rules[2].keys[1]`; undefined where a whole file is meant. */
  readonly key: string | undefined;
  /** What is wrong and what is allowed, one sentence without a period. */
  readonly message: string;
  /** The nearest valid spelling or the command to type. */
  readonly hint: string | undefined;
}

/** Stable codes: `unsafe` is a file others could have written, `unreadable` one that could not be read at all. */
export type ConfigErrorCode = "invalid" | "unsafe" | "unreadable" | "no-runtime-dir" | "no-home";

/** More would scroll the first ones away; the count is still told. */
const MOST_PROBLEMS_SHOWN = 50;

/** A configuration that is not used, because part of it is wrong. Exit code 2. */
export class ConfigError extends Error {
  override readonly name = "ConfigError";
  readonly code: ConfigErrorCode;
  /** At least one, in the order of files and lines. */
  readonly problems: readonly ConfigProblem[];

  constructor(code: ConfigErrorCode, problems: readonly ConfigProblem[], options?: ErrorOptions) {
    super(problemsText(problems), options);
    this.code = code;
    this.problems = problems;
  }
}

/** A problem in one line: place, message, and the hint in parentheses. */
export function problemText(problem: ConfigProblem): string {
  const place = problem.origin.kind === "default" ? "" : `${originText(problem.origin)}: `;
  return `${place}${problem.message}${problem.hint === undefined ? "" : ` (${problem.hint})`}`;
}

function problemsText(problems: readonly ConfigProblem[]): string {
  const lines = problems.slice(0, MOST_PROBLEMS_SHOWN).map(problemText);
  if (problems.length > MOST_PROBLEMS_SHOWN) lines.push(`and ${problems.length - MOST_PROBLEMS_SHOWN} more problems`);
  return lines.join("\n");
}

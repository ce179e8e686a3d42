/**
 * The port `CommandRunner`: one child process whose output may be secret. The adapter stands over posix_spawn; a
 * source sees chunks of locked memory and how the child ended, never a pipe.
 *
 * Not for: programs whose output is public, nor for anything that needs a terminal.
 *
 * @module
 */

import type { Secret } from "../../ffi/secret.ts";

/** What to run. */
export interface Command {
  /** Absolute path of the program, then its arguments. Arguments are world-readable: never a secret. */
  readonly argv: readonly string[];
  /** The whole environment of the child; nothing is inherited. */
  readonly env: Readonly<Record<string, string>>;
  /** One more environment string, `NAME=value`, that stays in locked memory until execve(2) copies it. */
  readonly secretEnv?: Secret;
  /** The program asks the user: it gets our standard input and error. Its errors are then not reported in the end. */
  readonly onTerminal?: boolean;
  /** After this many milliseconds the child gets SIGTERM, and SIGKILL 10 s later. */
  readonly deadlineMs: number;
  /** Aborting sends SIGTERM in the same way. */
  readonly signal: AbortSignal;
}

/** How a command ended. `stderr` is at most 16 KiB, for classification only: it may hold server bodies, never show it. */
export type CommandEnd =
  | { readonly kind: "exited"; readonly code: number; readonly stderr: string }
  | { readonly kind: "signalled"; readonly signal: number; readonly stderr: string }
  | { readonly kind: "enough" }
  | { readonly kind: "deadline"; readonly stderr: string }
  | { readonly kind: "aborted" }
  | { readonly kind: "not-started"; readonly code: string; readonly path: string };

/** Takes one piece of stdout (a borrowed view of at most 64 KiB, gone after the call); "enough" ends the child. */
export type OutputSink = (chunk: Secret) => "more" | "enough";

/** Runs commands whose standard output arrives in locked memory. */
export interface CommandRunner {
  /**
   * Runs a command with standard input closed and hands its output over piece by piece.
   *
   * @param sink Must not throw. After "enough" the child gets SIGTERM and the sink is not called again.
   * @returns How it ended. Resolves for every outcome; it rejects only for a defect.
   */
  run(command: Command, sink: OutputSink): Promise<CommandEnd>;
}

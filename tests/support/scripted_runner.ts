/**
 * A `CommandRunner` that plays a script instead of running bw: for faults and orders of events that no real program
 * gives on demand. What bw really does is tested against bw.
 *
 * @module
 */

import type { Command, CommandEnd, CommandRunner, OutputSink } from "../../mod/source/command.ts";
import { HeapMemory, peekText } from "./heap_memory.ts";

/** What one call of the script does. */
export interface Scripted {
  /** Printed before it ends, in chunks of `step` bytes. */
  readonly stdout?: string;
  readonly step?: number;
  /** How it ends unless the sink has had enough; exit 0 if left out. */
  readonly end?: CommandEnd;
  /** Waited for between the first chunk and the rest; heeds the signal. */
  readonly until?: Promise<unknown>;
}

/** One call as it was made. */
export interface Called {
  /** The words after the program, `--nointeraction` included. */
  readonly args: string;
  readonly command: Command;
  /** The secret environment string, as it was then. */
  readonly session: string;
}

/** Plays what `script` says for the words of a call. */
export class ScriptedRunner implements CommandRunner {
  readonly calls: Called[] = [];
  /** Calls that did not end yet, and the most there were at once. */
  running = 0;
  most = 0;
  readonly #memory: HeapMemory;
  readonly #firstCall = Promise.withResolvers<void>();
  readonly #script: (args: string) => Scripted;

  constructor(memory: HeapMemory, script: (args: string) => Scripted) {
    this.#memory = memory;
    this.#script = script;
  }

  /** The words of all calls, in order. */
  get words(): readonly string[] {
    return this.calls.map(({ args }) => args);
  }

  /** Resolves once a call was made. */
  get called(): Promise<void> {
    return this.#firstCall.promise;
  }

  async run(command: Command, sink: OutputSink): Promise<CommandEnd> {
    const args = command.argv.slice(1).join(" ");
    const session = command.secretEnv === undefined ? "" : peekText(command.secretEnv);
    this.calls.push({ args, command, session });
    this.#firstCall.resolve();
    this.most = Math.max(this.most, ++this.running);
    try {
      return await this.#play(this.#script(args), command, sink);
    } finally {
      this.running--;
    }
  }

  async #play(
    { stdout = "", step = 65_536, end, until }: Scripted,
    command: Command,
    sink: OutputSink,
  ): Promise<CommandEnd> {
    const bytes = new TextEncoder().encode(stdout);
    for (let at = 0; at < bytes.length; at += step) {
      await Promise.resolve();
      if (command.signal.aborted) return { kind: "aborted" };
      using chunk = this.#memory.of(bytes.subarray(at, at + step));
      if (sink(chunk) === "enough") return { kind: "enough" };
      if (at === 0 && until !== undefined) await orAborted(until, command.signal);
    }
    if (bytes.length === 0 && until !== undefined) await orAborted(until, command.signal);
    return command.signal.aborted ? { kind: "aborted" } : end ?? { kind: "exited", code: 0, stderr: "" };
  }
}

async function orAborted(until: Promise<unknown>, signal: AbortSignal): Promise<void> {
  const aborted = Promise.withResolvers<void>();
  const abort = (): void => aborted.resolve();
  signal.addEventListener("abort", abort);
  if (signal.aborted) abort();
  await Promise.race([until, aborted.promise]);
  signal.removeEventListener("abort", abort);
}

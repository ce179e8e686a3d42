/**
 * Calls bw within one load: every call with the same session, deadline and signal, its output read where it lies in
 * locked memory.
 *
 * @module
 */

import { type Secret, type SecretMemory, SecretMemoryError } from "../../../ffi/secret.ts";
import type { CommandEnd, CommandRunner, OutputSink } from "../command.ts";
import type { SourceError } from "../source.ts";
import { bwArgv } from "./bw_command.ts";
import { Capture, type CaptureState } from "./capture.ts";
import { classify, type FailedCall, noMemory, notJson } from "./failures.ts";
import { JsonError } from "./json_error.ts";
import { type JsonHandler, JsonTokenizer } from "./tokenizer.ts";

/** How bw is called, the same for every load. */
export interface BwSettings {
  readonly runner: CommandRunner;
  readonly memory: SecretMemory;
  /** The program and its leading arguments, as from `resolveBwPath`. */
  readonly words: readonly string[];
  /** As from `bwEnvironment`. */
  readonly env: Readonly<Record<string, string>>;
  readonly dataDir: string | undefined;
  /** Deadline of one call. bw itself has none: against a dead server it waits for ever. */
  readonly deadlineMs: number;
}

/** What bw printed as it is, or why it could not be kept. */
export type RawOutput =
  | { readonly kind: "read"; readonly bytes: Secret }
  | { readonly kind: "refused"; readonly state: Exclude<CaptureState, "read" | "absent"> };

/** bw with a session. */
export class BwCaller {
  readonly #settings: BwSettings;
  readonly #session: Secret;
  readonly #signal: AbortSignal;
  #calls = 0;

  /** @param session The environment string of `sessionVariable`; stays the caller's. */
  constructor(settings: BwSettings, session: Secret, signal: AbortSignal) {
    this.#settings = settings;
    this.#session = session;
    this.#signal = signal;
  }

  /** Processes started. */
  get calls(): number {
    return this.#calls;
  }

  /**
   * Reads a call's JSON while it arrives.
   *
   * @param task What is to be done, to follow "Cannot" in errors.
   * @returns A failure bw reported after a complete answer. The answer counts: bw prints valid listings and still
   * fails when it could not reach the server.
   * @throws {SourceError}
   */
  async json(
    task: string,
    args: readonly string[],
    document: { readonly handler: JsonHandler; readonly keys: readonly string[] },
  ): Promise<SourceError | undefined> {
    const call = this.#call(task);
    const tokenizer = new JsonTokenizer(document.handler, document.keys);
    let broken: unknown;
    const end = await this.#run(call, args, (chunk) => {
      try {
        tokenizer.push(chunk);
      } catch (error) {
        broken = error;
      }
      return tokenizer.complete || broken !== undefined ? "enough" : "more";
    });
    if (broken instanceof JsonError) throw notJson(call, broken);
    if (broken instanceof SecretMemoryError) throw noMemory(call, broken);
    if (broken !== undefined) throw broken;
    if (tokenizer.complete) {
      return end.kind === "enough" || isSuccess(end) ? undefined : classify({ ...call, answered: true }, end);
    }
    if (end.kind === "enough" || (isSuccess(end) && tokenizer.begun)) {
      throw notJson(call, new JsonError("more"));
    }
    throw classify(call, end);
  }

  /**
   * Takes a call's output as it is.
   *
   * @param cap Bytes it may have.
   * @throws {SourceError} Also for no output at all.
   */
  async raw(task: string, args: readonly string[], cap: number): Promise<RawOutput> {
    const call = this.#call(task);
    using capture = new Capture(this.#settings.memory, cap);
    capture.begin();
    const end = await this.#run(call, args, (chunk) => {
      capture.append(chunk, 0, chunk.length);
      return capture.state === "read" ? "more" : "enough";
    });
    if (capture.state === "too-long" || capture.state === "no-memory") return { kind: "refused", state: capture.state };
    if (end.kind !== "enough" && (!isSuccess(end) || capture.length === 0)) throw classify(call, end);
    const bytes = capture.take();
    return bytes === undefined ? { kind: "refused", state: "no-memory" } : { kind: "read", bytes };
  }

  /** Runs a call for its effect. @throws {SourceError} */
  async effect(task: string, args: readonly string[]): Promise<void> {
    const call = this.#call(task);
    const end = await this.#run(call, args, () => "more");
    if (end.kind !== "enough" && !isSuccess(end)) throw classify(call, end);
  }

  async #run(call: FailedCall, args: readonly string[], sink: OutputSink): Promise<CommandEnd> {
    if (this.#signal.aborted) return { kind: "aborted" };
    const { runner, words, env, deadlineMs } = this.#settings;
    this.#calls++;
    try {
      const command = { argv: bwArgv(words, args), env, secretEnv: this.#session, deadlineMs, signal: this.#signal };
      return await runner.run(command, sink);
    } catch (error) {
      if (error instanceof SecretMemoryError) throw noMemory(call, error);
      throw error;
    }
  }

  #call(task: string): FailedCall {
    return { task, dataDir: this.#settings.dataDir, deadlineMs: this.#settings.deadlineMs };
  }
}

function isSuccess(end: CommandEnd): boolean {
  return end.kind === "exited" && end.code === 0;
}

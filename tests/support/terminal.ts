/**
 * A program on a pseudo-terminal of its own, made by script(1), that a test reads and types into.
 *
 * Not for: programs that do not ask for a terminal (`process.ts`).
 *
 * @module
 */

import { until, within } from "./deadline.ts";
import { DEFAULT_DEADLINE, type RunOptions, spawn } from "./process.ts";
import { killAll, killIfThere, processesBelow } from "./process_tree.ts";

/** A running program. Disposing ends it, with everything it has started. */
export class Terminal implements AsyncDisposable {
  readonly #child: Deno.ChildProcess;
  readonly #keyboard: WritableStreamDefaultWriter<Uint8Array>;
  readonly #ended: Promise<Deno.CommandStatus>;
  #screen = "";

  /** Starts it. `deadline` and `stdin` of the options do not apply. */
  constructor(argv: readonly string[], { env, cwd }: Omit<RunOptions, "stdin" | "deadline">) {
    const words = ["script", "--quiet", "--return", "--echo", "always", "--command", argv.map(quoted).join(" ")];
    const options = { env: { TERM: "xterm", ...env }, ...(cwd === undefined ? {} : { cwd }) };
    this.#child = spawn([...words, "/dev/null"], options, "piped");
    this.#keyboard = this.#child.stdin.getWriter();
    const pumped = Promise.all([this.#pump(), this.#child.stderr.cancel(), this.#child.status]);
    this.#ended = pumped.then(([, , status]) => status);
  }

  /** Everything the program has written so far, escapes and all. */
  get screen(): string {
    return this.#screen;
  }

  /** Waits for something on the screen. @throws {DeadlineError} */
  waitFor(pattern: RegExp, milliseconds = DEFAULT_DEADLINE): Promise<RegExpExecArray> {
    return until(() => pattern.exec(this.#screen) ?? undefined, milliseconds, () => `${pattern} in:\n${this.#screen}`);
  }

  /** Types, as a person would; `\r` is the return key. */
  async type(keys: string): Promise<void> {
    await this.#keyboard.write(new TextEncoder().encode(keys));
  }

  /** Waits for the program's end. @throws {DeadlineError} */
  ended(milliseconds = DEFAULT_DEADLINE): Promise<Deno.CommandStatus> {
    return within(this.#ended, milliseconds, "the program on the terminal to end");
  }

  async [Symbol.asyncDispose](): Promise<void> {
    const below = processesBelow(this.#child.pid);
    killIfThere(this.#child.pid, "SIGKILL");
    killAll(below);
    await this.#keyboard.close().catch(() => undefined); // it may have ended before us
    await this.#ended;
  }

  async #pump(): Promise<void> {
    for await (const text of this.#child.stdout.pipeThrough(new TextDecoderStream())) this.#screen += text;
  }
}

/** script(1) hands its command to a shell. */
function quoted(word: string): string {
  return `'${word.replaceAll("'", "'\\''")}'`;
}

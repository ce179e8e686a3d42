/**
 * Programs that run beside a test and end with it: with everything they started, whatever the test's outcome.
 *
 * Not for: a command whose end is awaited (`process.ts`).
 *
 * @module
 */

import { DeadlineError, until, within } from "./deadline.ts";
import { CommandError, DEFAULT_DEADLINE, type RunOptions, spawn } from "./process.ts";
import { killAll, killIfThere, processesBelow } from "./process_tree.ts";

/** From SIGTERM to SIGKILL. */
const DEFAULT_GRACE = 5_000;

/** A program that runs beside the test and ends with it. */
export class BackgroundProcess implements AsyncDisposable {
  readonly #child: Deno.ChildProcess;
  readonly #output = { stdout: "", stderr: "" };
  readonly #ended: Promise<Deno.CommandStatus>;
  #status: Deno.CommandStatus | undefined;

  /** Starts it. `deadline` and `stdin` of the options do not apply. */
  constructor(argv: readonly string[], options: Omit<RunOptions, "stdin" | "deadline">) {
    this.#child = spawn(argv, options, "null");
    const pumped = Promise.all([this.#pump("stdout"), this.#pump("stderr"), this.#child.status]);
    this.#ended = pumped.then(([, , status]) => status);
    this.#child.status.then((status) => this.#status = status);
  }

  get pid(): number {
    return this.#child.pid;
  }

  /** Everything it has written to stdout so far. */
  get stdout(): string {
    return this.#output.stdout;
  }

  /** Everything it has written to stderr so far. */
  get stderr(): string {
    return this.#output.stderr;
  }

  /** How it ended, or undefined while it runs. */
  get status(): Deno.CommandStatus | undefined {
    return this.#status;
  }

  /** Waits until it has ended by itself. @throws {DeadlineError} */
  ended(milliseconds = DEFAULT_DEADLINE): Promise<Deno.CommandStatus> {
    return within(this.#ended, milliseconds, "the process to end");
  }

  /**
   * Waits for something it writes.
   *
   * @returns The match, from whichever stream.
   * @throws {CommandError} If it ends before.
   * @throws {DeadlineError}
   */
  waitFor(pattern: RegExp, milliseconds = DEFAULT_DEADLINE): Promise<RegExpExecArray> {
    return this.waitUntil(() => pattern.exec(this.stderr) ?? pattern.exec(this.stdout) ?? undefined, {
      milliseconds,
      what: String(pattern),
    });
  }

  /** Waits until somebody listens on a unix socket. @throws {CommandError} @throws {DeadlineError} */
  async waitForSocket(path: string, milliseconds = DEFAULT_DEADLINE): Promise<void> {
    await this.waitUntil(() => answers({ transport: "unix", path }), { milliseconds, what: path });
  }

  /** Waits until somebody listens on a loopback port. @throws {CommandError} @throws {DeadlineError} */
  async waitForPort(port: number, milliseconds = DEFAULT_DEADLINE): Promise<void> {
    await this.waitUntil(() => answers({ hostname: "127.0.0.1", port }), { milliseconds, what: `port ${port}` });
  }

  /** Waits until a look finds something, as long as the process lives. @throws {CommandError} @throws {DeadlineError} */
  waitUntil<T>(
    look: () => T | undefined | Promise<T | undefined>,
    { milliseconds = DEFAULT_DEADLINE, what }: { readonly milliseconds?: number; readonly what: string },
  ): Promise<T> {
    const story = (): string => `${what}; stderr so far:\n${this.stderr}`;
    return until(
      async () => {
        const ended = this.#status;
        const seen = await look();
        if (seen === undefined && ended !== undefined) {
          await this.#ended;
          throw new CommandError(`Ended with ${ended.signal ?? ended.code} before ${story()}`);
        }
        return seen;
      },
      milliseconds,
      story,
    );
  }

  /** Sends a signal to the process alone. */
  kill(signal: Deno.Signal): void {
    killIfThere(this.pid, signal);
  }

  /** Asks it to end (SIGTERM), ends it if it does not, and whatever it has started with it. */
  async stop(grace = DEFAULT_GRACE): Promise<Deno.CommandStatus> {
    const below = processesBelow(this.pid);
    this.kill("SIGTERM");
    try {
      return await within(this.#child.status, grace, "the process to end");
    } catch (error) {
      if (!(error instanceof DeadlineError)) throw error;
      this.kill("SIGKILL");
      return await this.#child.status;
    } finally {
      killAll(below);
      killAll(processesBelow(this.pid));
      await this.#ended;
    }
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.stop();
  }

  async #pump(name: "stdout" | "stderr"): Promise<void> {
    for await (const text of this.#child[name].pipeThrough(new TextDecoderStream())) this.#output[name] += text;
  }
}

async function answers(address: Deno.ConnectOptions | Deno.UnixConnectOptions): Promise<true | undefined> {
  try {
    const connection = "path" in address ? await Deno.connect(address) : await Deno.connect(address);
    connection.close();
    return true;
  } catch {
    return undefined;
  }
}

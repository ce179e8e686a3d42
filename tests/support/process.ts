/**
 * Runs programs for tests: always with an environment written out, a deadline, no controlling terminal (so nothing can
 * prompt), and nothing left behind.
 *
 * Not for: programs that run beside the test (`background.ts`).
 *
 * @module
 */

import { within } from "./deadline.ts";
import { killAll, killIfThere, processesBelow } from "./process_tree.ts";

/** A whole environment; nothing is inherited. */
export type Env = Readonly<Record<string, string>>;

/** How to run a program. */
export interface RunOptions {
  readonly env: Env;
  readonly cwd?: string;
  /** What the program reads; nothing (`/dev/null`) if left out. */
  readonly stdin?: string | Uint8Array;
  /** Milliseconds until it is killed; 30 s if left out. */
  readonly deadline?: number;
}

/** How it ended. */
export interface RunResult {
  readonly code: number;
  readonly signal: Deno.Signal | null;
  readonly stdout: Uint8Array<ArrayBuffer>;
  readonly stderr: string;
  /** stdout as text. */
  readonly text: string;
}

/** A program ended otherwise than the test needs. Its message holds stderr, never stdout (which may be a secret). */
export class CommandError extends Error {
  override readonly name = "CommandError";
  readonly code = "command-failed";
}

/** Long against anything a test runs on a busy machine. */
export const DEFAULT_DEADLINE = 30_000;

/** From SIGKILL to the end. */
const KILL_DEADLINE = 5_000;

/**
 * The environment every test program starts from.
 *
 * @param home A directory of the test's own.
 */
export function baseEnv(home: string): Env {
  return { PATH: "/usr/local/bin:/usr/bin:/bin:/usr/sbin:/sbin", HOME: home, LANG: "C.UTF-8", TZ: "UTC" };
}

/**
 * Runs a program to its end.
 *
 * @param argv The program and its arguments.
 * @throws {DeadlineError} When it had to be killed.
 */
export async function run(argv: readonly string[], options: RunOptions): Promise<RunResult> {
  const child = spawn(argv, options, options.stdin === undefined ? "null" : "piped");
  const deadline = options.deadline ?? DEFAULT_DEADLINE;
  const feeding = options.stdin === undefined ? Promise.resolve() : feed(child.stdin, options.stdin);
  const whole = Promise.all([child.output(), feeding]);
  try {
    const [output] = await within(whole, deadline, `${argv[0]} to end`);
    const decoder = new TextDecoder();
    const stdout = new Uint8Array(output.stdout);
    return {
      code: output.code,
      signal: output.signal,
      stdout,
      stderr: decoder.decode(output.stderr),
      get text(): string {
        return decoder.decode(stdout);
      },
    };
  } catch (error) {
    killTree(child.pid);
    // Its output ends only when nobody holds it any more.
    await within(whole, KILL_DEADLINE, `${argv[0]} to be dead`);
    throw error;
  }
}

/**
 * Runs a program that must succeed.
 *
 * @throws {CommandError} If it exits with anything but 0.
 */
export async function runOk(argv: readonly string[], options: RunOptions): Promise<RunResult> {
  const result = await run(argv, options);
  if (result.code !== 0) {
    throw new CommandError(`${argv.join(" ")} exited with ${result.signal ?? result.code}: ${result.stderr.trim()}`);
  }
  return result;
}

/**
 * Starts a program; the caller reads its output and waits for it.
 *
 * setpriv(1) and setsid(1) exec in place, so the child's pid is the program's and also names its session; and when the
 * test runner itself is killed, the kernel kills the child.
 */
export function spawn(
  argv: readonly string[],
  options: Omit<RunOptions, "stdin" | "deadline">,
  stdin: "null" | "piped",
): Deno.ChildProcess {
  return new Deno.Command("/usr/bin/setpriv", {
    args: ["--pdeathsig", "KILL", "--", "/usr/bin/setsid", ...argv],
    env: { ...options.env },
    clearEnv: true,
    ...(options.cwd === undefined ? {} : { cwd: options.cwd }),
    stdin,
    stdout: "piped",
    stderr: "piped",
  }).spawn();
}

async function feed(stream: WritableStream<Uint8Array>, content: string | Uint8Array): Promise<void> {
  const writer = stream.getWriter();
  try {
    await writer.write(typeof content === "string" ? new TextEncoder().encode(content) : content);
    await writer.close();
  } catch {
    // The program did not want to read it all: its own affair.
  }
}

function killTree(pid: number): void {
  const below = processesBelow(pid);
  killIfThere(pid, "SIGKILL");
  killAll(below);
}

/**
 * Runs a program for the tools with a deadline and hands its output over, so that a tool can keep quiet about it.
 *
 * Not for: programs that the user is to watch.
 *
 * @module
 */

/** How to run it. */
export interface CommandOptions {
  readonly cwd?: string;
  /** Added to the tool's own environment. */
  readonly env?: Readonly<Record<string, string>>;
  /** Milliseconds until it is killed. */
  readonly deadline: number;
}

/** How it ended. */
export interface CommandResult {
  readonly success: boolean;
  readonly stdout: string;
  /** Without colours; what the deadline did is the last line. */
  readonly stderr: string;
}

/**
 * Runs a program to its end, with nothing to read.
 *
 * @param argv The program and its arguments.
 */
export async function runCommand(
  argv: readonly [string, ...string[]],
  options: CommandOptions,
): Promise<CommandResult> {
  const [program, ...args] = argv;
  const deadline = new AbortController();
  const timer = setTimeout(() => deadline.abort(), options.deadline);
  try {
    const output = await new Deno.Command(program, {
      args,
      env: { NO_COLOR: "1", ...options.env },
      ...(options.cwd === undefined ? {} : { cwd: options.cwd }),
      stdin: "null",
      stdout: "piped",
      stderr: "piped",
      signal: deadline.signal,
    }).output();
    const decoder = new TextDecoder();
    const note = deadline.signal.aborted ? `\nkilled after ${options.deadline / 1000} s` : "";
    return {
      success: output.success,
      stdout: decoder.decode(output.stdout),
      stderr: decoder.decode(output.stderr) + note,
    };
  } finally {
    clearTimeout(timer);
  }
}

/** The line of an error output that says what went wrong, for a message of one line. */
export function reasonIn(stderr: string): string {
  const lines = stderr.split("\n").map((line) => line.trim()).filter((line) => line !== "" && line !== "<unknown>");
  const causes = lines.filter((line) => /^(error: |killed after |\d+: )/.test(line) && !line.includes("<unknown>"));
  return (causes.at(-1) ?? lines.at(-1) ?? "no reason given").replace(/^(error|\d+): /, "");
}

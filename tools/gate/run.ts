/**
 * Runs gate steps and test suites, each a Deno of its own, and shows what they print as it comes.
 *
 * Not for: deciding which; `tools/test.ts` does.
 *
 * @module
 */

import { type Ending, readTally, type Tally } from "./tally.ts";

/** Long against any suite; a hung one must not hang the gate. */
const SUITE_DEADLINE = 10 * 60_000;

/** A child of the gate. */
export interface GateCommand {
  /** What the heading says. */
  readonly name: string;
  /** Arguments of Deno; always the running one, there may be none on PATH. */
  readonly args: readonly string[];
  /** The project. */
  readonly root: string;
  readonly env?: Readonly<Record<string, string>>;
  /** Goes before each line it prints; where two run at once, it tells whose it is. */
  readonly prefix?: string;
}

/** Writes a line about the gate itself. */
export function say(line: string): void {
  Deno.stdout.writeSync(new TextEncoder().encode(`${line}\n`));
}

/** Runs something that passes or fails as a whole. */
export async function runStep(command: GateCommand): Promise<Tally> {
  const { code } = await watch(command);
  return { passed: code === 0 ? 1 : 0, failed: code === 0 ? 0 : 1, skipped: 0 };
}

/** Runs `deno test`. */
export async function runSuite(command: GateCommand): Promise<Tally> {
  return readTally(await watch(command));
}

async function watch({ name, args, root, env = {}, prefix = "" }: GateCommand): Promise<Ending> {
  say(`\n== ${name}`);
  const deadline = new AbortController();
  const timer = setTimeout(() => deadline.abort(), SUITE_DEADLINE);
  const child = new Deno.Command(Deno.execPath(), {
    args: [...args],
    cwd: root,
    env: { ...env, NO_COLOR: "1" },
    stdin: "null",
    stdout: "piped",
    stderr: "inherit",
    signal: deadline.signal,
  }).spawn();
  let output = "";
  let shown = 0;
  for await (const text of child.stdout.pipeThrough(new TextDecoderStream())) {
    output += text;
    for (let end = output.indexOf("\n", shown); end !== -1; end = output.indexOf("\n", shown)) {
      say(prefix + output.slice(shown, end));
      shown = end + 1;
    }
  }
  if (shown < output.length) say(prefix + output.slice(shown));
  const { code, signal } = await child.status;
  clearTimeout(timer);
  if (deadline.signal.aborted) say(`gate: ${name} took longer than ${SUITE_DEADLINE / 60_000} minutes and was ended`);
  else if (signal !== null) say(`gate: ${name} was killed by ${signal}`);
  return { code, output };
}

/**
 * The kind `compiled`: `deno compile`, where the runtime it embeds (denort) can be had.
 *
 * Not for: the other kind, `self_extract.ts`.
 *
 * @module
 */

import { type BundleFile, START } from "./bundle.ts";
import { reasonIn, runCommand } from "./command.ts";

/** Where `deno compile` comes from. */
export interface Compiler {
  /** The program to compile with: DENO_COMPILE, which must match DENORT_BIN, or the running Deno. */
  readonly deno: string;
  /** Milliseconds until it is given up. */
  readonly deadline: number;
}

/** With denort at hand this is some seconds of copying. */
const LOCAL_DEADLINE = 120_000;
/** Without, Deno looks into its cache and then downloads some 40 MB; where that host is out of reach, not for long. */
const DOWNLOAD_DEADLINE = 30_000;
/** An empty program takes 0.1 s. */
const TRIAL_DEADLINE = 20_000;

/** Chooses by the environment: DENORT_BIN names a denort, DENO_COMPILE the Deno that goes with it. */
export function chooseCompiler(env: (name: string) => string | undefined): Compiler {
  const denort = env("DENORT_BIN");
  if (denort === undefined || denort === "") return { deno: Deno.execPath(), deadline: DOWNLOAD_DEADLINE };
  return { deno: env("DENO_COMPILE") || Deno.execPath(), deadline: LOCAL_DEADLINE };
}

/**
 * Compiles a bundled program. Deno takes the chunks along, because their names stand in the imports.
 *
 * `--no-code-cache`: otherwise the program reads V8 bytecode from a file in /tmp that anybody can put there first.
 *
 * @returns Undefined, or why it cannot be done here.
 */
export async function compile(
  program: readonly BundleFile[],
  output: string,
  compiler: Compiler,
): Promise<string | undefined> {
  const directory = await Deno.makeTempDir({ prefix: "bwssh-compile-" });
  try {
    for (const { name, text } of program) await Deno.writeTextFile(`${directory}/${name}`, text);
    const result = await runCommand(
      [
        compiler.deno,
        ...["compile", "--quiet", "-A", "--no-code-cache", "--no-config", "--no-lock", "--no-remote", "--no-npm"],
        ...["--no-check", "--v8-flags=--max-semi-space-size=2", "--output", output, START],
      ],
      { cwd: directory, deadline: compiler.deadline },
    );
    if (!result.success) return reasonIn(result.stderr);
    // A denort of another version than the compiler's makes a file that cannot read its own payload.
    const trial = await runCommand([output, "--version"], { cwd: directory, deadline: TRIAL_DEADLINE });
    return trial.success ? undefined : `the result does not run (${reasonIn(trial.stderr)}); do the versions match?`;
  } finally {
    await Deno.remove(directory, { recursive: true });
  }
}

/**
 * One JavaScript file of the whole program, npm packages included. Modules that are reached only by a dynamic import
 * stay unevaluated until it happens (esbuild wraps them), so `status` does not pay for what `daemon` needs.
 *
 * Not for: type checking; the gate does that.
 *
 * @module
 */

import { type BuildInfo, STAMP } from "../../mod/config/build_info.ts";
import { reasonIn, runCommand } from "./command.ts";

/** Long: the bundler itself may have to be fetched from the npm registry. */
const DEADLINE = 120_000;

/**
 * Bundles a program.
 *
 * @param entry Path of the main module.
 * @param root The project: where deno.json is.
 * @throws {Error} If the bundler fails.
 */
export async function bundle(entry: string, root: string): Promise<string> {
  const directory = await Deno.makeTempDir({ prefix: "bwssh-bundle-" });
  try {
    const output = `${directory}/bundle.mjs`;
    const result = await runCommand(
      [Deno.execPath(), "bundle", "--quiet", "--platform", "deno", "--output", output, entry],
      { cwd: root, deadline: DEADLINE },
    );
    if (!result.success) throw new Error(`Cannot bundle '${entry}': ${reasonIn(result.stderr)}`);
    return withoutMachinePaths(await Deno.readTextFile(output));
  } finally {
    await Deno.remove(directory, { recursive: true });
  }
}

/** Prepends the statement that tells the program what it was built as; `mod/config/build_info.ts` reads it. */
export function stamp(program: string, info: BuildInfo): string {
  return `globalThis[Symbol.for(${JSON.stringify(STAMP)})] = ${JSON.stringify(info)};\n${program}`;
}

/**
 * Rewrites the names of npm modules, which esbuild takes from where Deno's cache happens to lie: the same sources are
 * to give the same bytes on every machine. They stand alone in comments and as keys of the lazily run modules.
 */
export function withoutMachinePaths(program: string): string {
  return program.replaceAll(
    /^(\/\/ |\s*")(?:\.\.\/)*[^"\n]*?\/npm\/[^/"\n]+\/((?:@[^/"\n]+\/)?[^/"\n]+)\/(\d[^/"\n]*)(\/[^"\n]*)(?=$|"\(\) \{$)/gm,
    "$1npm:$2@$3$4",
  );
}

/**
 * The whole program as a few JavaScript files, npm packages included: what every command needs in one, and what only some
 * need (the daemon, the parser of the configuration) in chunks that are read when they are imported. One file of
 * everything costs V8 20 ms of parsing at each start.
 *
 * Not for: type checking; the gate does that.
 *
 * @module
 */

import { type BuildInfo, STAMP } from "../../mod/config/build_info.ts";
import { reasonIn, runCommand } from "./command.ts";

/** One file of a bundled program. */
export interface BundleFile {
  readonly name: string;
  readonly text: string;
}

/** The file to start. The others are `chunk-N.js`. */
export const START = "bwssh.js";

/** Long: the bundler itself may have to be fetched from the npm registry. */
const DEADLINE = 120_000;

/**
 * Bundles a program.
 *
 * @param entry Path of the main module.
 * @param root The project: where deno.json is.
 * @returns {@linkcode START} first.
 * @throws {Error} If the bundler fails.
 */
export async function bundle(entry: string, root: string): Promise<readonly BundleFile[]> {
  const directory = await Deno.makeTempDir({ prefix: "bwssh-bundle-" });
  try {
    const result = await runCommand(
      [Deno.execPath(), "bundle", "--quiet", "--platform", "deno", "--code-splitting", "--outdir", directory, entry],
      { cwd: root, deadline: DEADLINE },
    );
    if (!result.success) throw new Error(`Cannot bundle '${entry}': ${reasonIn(result.stderr)}`);
    const texts = new Map<string, string>();
    for (const { name } of Deno.readDirSync(directory)) {
      texts.set(name, withoutMachinePaths(await Deno.readTextFile(`${directory}/${name}`)));
    }
    return renameFiles(texts, `${entry.replace(/.*\//, "").replace(/\.ts$/, "")}.js`);
  } finally {
    await Deno.remove(directory, { recursive: true });
  }
}

/** Prepends the statement that tells the program what it was built as; `mod/config/build_info.ts` reads it. */
export function stamp([start, ...chunks]: readonly BundleFile[], info: BuildInfo): readonly BundleFile[] {
  if (start === undefined) return [];
  const statement = `globalThis[Symbol.for(${JSON.stringify(STAMP)})] = ${JSON.stringify(info)};\n`;
  return [{ ...start, text: statement + start.text }, ...chunks];
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

/**
 * Names the files by the order in which they are first imported, because esbuild's own names depend on paths of the
 * machine. What nothing imports is left out.
 *
 * @param texts By esbuild's names.
 * @param entry The name of the main module's file.
 */
export function renameFiles(texts: ReadonlyMap<string, string>, entry: string): readonly BundleFile[] {
  const names = new Map([[entry, START]]);
  const order = [entry];
  // A list that grows while it is walked: breadth first.
  for (const name of order) {
    for (const [, imported = ""] of (texts.get(name) ?? "").matchAll(/"\.\/([\w.-]+\.js)"/g)) {
      if (!texts.has(imported) || names.has(imported)) continue;
      names.set(imported, `chunk-${order.length}.js`);
      order.push(imported);
    }
  }
  return order.map((name) => {
    const text = texts.get(name);
    if (text === undefined) throw new Error(`Cannot find '${name}' among the bundled files`);
    const renamed = text.replaceAll(/"\.\/([\w.-]+\.js)"/g, (whole, old: string) => {
      const fresh = names.get(old);
      return fresh === undefined ? whole : `"./${fresh}"`;
    });
    return { name: names.get(name) ?? name, text: renamed };
  });
}

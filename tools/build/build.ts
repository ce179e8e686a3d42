/**
 * Makes the one file: bundles, stamps, then compiles, or else makes the self-extracting kind.
 *
 * Not for: reading the command line; `tools/build.ts` does.
 *
 * @module
 */

import type { BuildKind } from "../../mod/config/build_info.ts";
import { bundle, stamp } from "./bundle.ts";
import { chooseCompiler, compile } from "./compile.ts";
import { selfExtracting } from "./self_extract.ts";

/** The project's directory, without a slash at the end. */
export const ROOT = new URL("../..", import.meta.url).pathname.replace(/\/$/, "");

/** What to build. */
export interface BuildOptions {
  /** Path of the main module. */
  readonly entry: string;
  /** Path of the file to write. */
  readonly output: string;
  /** `auto`: compiled where that can be done, else self-extracting. */
  readonly kind: "auto" | Exclude<BuildKind, "source">;
}

/** What was built. */
export interface BuildResult {
  readonly kind: Exclude<BuildKind, "source">;
  readonly version: string;
  /** Why it is not compiled; undefined if it is, or if nobody asked. */
  readonly reason: string | undefined;
}

/**
 * Builds.
 *
 * @throws {Error} If the program cannot be bundled, or the kind asked for cannot be made.
 */
export async function build(options: BuildOptions): Promise<BuildResult> {
  const version = await projectVersion();
  const program = await bundle(options.entry, ROOT);
  const directory = options.output.slice(0, options.output.lastIndexOf("/"));
  await Deno.mkdir(directory, { recursive: true });
  // Beside the output and renamed over it: a bwssh that runs from there keeps its file.
  const work = await Deno.makeTempDir({ dir: directory, prefix: ".new-" });
  const fresh = `${work}/bwssh`;
  try {
    let reason: string | undefined;
    if (options.kind !== "self-extracting") {
      const stamped = stamp(program, { version, kind: "compiled" });
      reason = await compile(stamped, fresh, chooseCompiler((name) => Deno.env.get(name)));
      if (reason === undefined) {
        await finish(fresh, options.output);
        return { kind: "compiled", version, reason };
      }
      if (options.kind === "compiled") throw new Error(`Cannot compile '${options.entry}': ${reason}`);
    }
    const parts = await selfExtracting(stamp(program, { version, kind: "self-extracting" }), `${ROOT}/.cache`);
    await Deno.writeFile(fresh, new Blob([...parts]).stream(), { createNew: true });
    await finish(fresh, options.output);
    return { kind: "self-extracting", version, reason };
  } finally {
    await Deno.remove(work, { recursive: true });
  }
}

/** The version of deno.json, the single place it is written in. */
export async function projectVersion(): Promise<string> {
  const config: unknown = JSON.parse(await Deno.readTextFile(`${ROOT}/deno.json`));
  if (typeof config === "object" && config !== null && "version" in config && typeof config.version === "string") {
    return config.version;
  }
  throw new Error("Cannot read the version: deno.json has no string 'version'");
}

async function finish(fresh: string, output: string): Promise<void> {
  await Deno.chmod(fresh, 0o755);
  await Deno.rename(fresh, output);
}

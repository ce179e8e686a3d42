/**
 * The programs that are measured: bwssh as it is built, and an empty one of the same kind.
 *
 * @module
 */

import { runOk } from "../support/process.ts";

/** Building takes some seconds; where a download is tried in vain, half a minute. */
const BUILD_DEADLINE = 180_000;
const ROOT = new URL("../..", import.meta.url).pathname;

/** Absolute path of the bwssh to measure: BWSSH_TEST_BINARY, or else `dist/bwssh`, built anew. */
export async function binaryToMeasure(): Promise<string> {
  const given = Deno.env.get("BWSSH_TEST_BINARY");
  if (given !== undefined && given !== "") return await Deno.realPath(given);
  await build([]);
  return `${ROOT}dist/bwssh`;
}

/** Runs `tools/build.ts`. @throws {CommandError} If there is nothing built at the end. */
export async function build(args: readonly string[]): Promise<void> {
  const argv = [Deno.execPath(), "run", "-A", `${ROOT}tools/build.ts`, ...args];
  await runOk(argv, { env: Deno.env.toObject(), cwd: ROOT, deadline: BUILD_DEADLINE });
}

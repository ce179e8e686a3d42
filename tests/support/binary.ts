/**
 * The built program that end-to-end tests run.
 *
 * Not for: how it is built (`tools/build.ts`).
 *
 * @module
 */

import { cacheDir, say, withLock } from "../../tools/setup_host.ts";
import { baseEnv, run } from "./process.ts";
import { makeTempDir, type TempDir } from "./temp.ts";

const ROOT = new URL("../../", import.meta.url).pathname;

let found: Promise<string> | undefined;
let warm: TempDir | undefined;

/**
 * The program: `BWSSH_TEST_BINARY`, or `dist/bwssh`, built if it is missing.
 *
 * @returns Its absolute path.
 * @throws {Error} If it cannot be built, with what the build said last.
 */
export function bwsshBinary(): Promise<string> {
  found ??= find();
  return found;
}

/**
 * Lends a cache directory what the program unpacks at its first start, so that not every test unpacks 100 MB. A
 * program that unpacks nothing, or a directory on another file system, is left as it is.
 *
 * @param cacheHome The directory that will be XDG_CACHE_HOME.
 */
export async function lendUnpacked(cacheHome: string): Promise<void> {
  if (warm === undefined) {
    const dir = makeTempDir("warm");
    warm = dir;
    globalThis.addEventListener("unload", () => dir[Symbol.dispose]());
    const env = { ...baseEnv(dir.path), XDG_CACHE_HOME: dir.path };
    await run([await bwsshBinary(), "--version"], { env });
  }
  const source = `${warm.path}/bwssh/bin`;
  for (const { name: hash } of entries(source)) {
    const target = `${cacheHome}/bwssh/bin/${hash}`;
    Deno.mkdirSync(target, { recursive: true, mode: 0o700 });
    for (const { name, isFile } of entries(`${source}/${hash}`)) {
      if (isFile) linkIfPossible(`${source}/${hash}/${name}`, `${target}/${name}`);
    }
  }
}

async function find(): Promise<string> {
  const named = Deno.env.get("BWSSH_TEST_BINARY");
  if (named !== undefined) return await Deno.realPath(named);
  const path = `${ROOT}dist/bwssh`;
  if (!isThere(path)) {
    await withLock(`${await cacheDir()}/build.lock`, async () => {
      if (!isThere(path)) await build();
    });
  }
  return path;
}

async function build(): Promise<void> {
  say("building dist/bwssh");
  const command = new Deno.Command(Deno.execPath(), { args: ["task", "build"], cwd: ROOT, stdin: "null" });
  const { success, stderr } = await command.output();
  if (!success) throw new Error(`Cannot build dist/bwssh: ${new TextDecoder().decode(stderr).trim()}`);
}

function entries(directory: string): readonly Deno.DirEntry[] {
  try {
    return [...Deno.readDirSync(directory)];
  } catch (error) {
    if (error instanceof Deno.errors.NotFound) return [];
    throw error;
  }
}

function linkIfPossible(from: string, to: string): void {
  try {
    Deno.linkSync(from, to);
  } catch {
    // Another file system, or links are forbidden: it will unpack by itself.
  }
}

function isThere(path: string): boolean {
  try {
    return Deno.statSync(path).isFile;
  } catch (error) {
    if (error instanceof Deno.errors.NotFound) return false;
    throw error;
  }
}

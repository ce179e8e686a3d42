/**
 * Gets the real Bitwarden CLI of one pinned version from npm, for tests. It is installed into the tests' cache
 * directory and never copied from there: its licence is not ours.
 *
 * Not for: users of bwssh, who bring their own `bw`.
 *
 * @module
 */

import { cacheDir, findProgram, say, withLock } from "./setup_host.ts";

/** The version whose behaviour the code was written for. */
export const BW_VERSION = "2026.9.0";

/** The package asks for Node 22; 20 was tried and does. */
const LEAST_NODE = 20;

/** How to run it. */
export interface BwProgram {
  readonly version: string;
  /** The words of the command line before `bw`'s own arguments, as `[bitwarden] bw_path` takes them. */
  readonly words: readonly string[];
  /** What runs it: `node`, or the Deno that runs this. */
  readonly runtime: "node" | "deno";
}

/**
 * Finds or installs it. Several processes may ask at once.
 *
 * @throws {Error} If it cannot be installed, with what npm or Deno said last.
 */
export async function ensureBw(): Promise<BwProgram> {
  const cache = await cacheDir();
  const home = `${cache}/bitwarden-cli-${BW_VERSION}`;
  // The directory appears under this name only when it is complete and was tried.
  if (!await exists(home)) {
    await withLock(`${cache}/bitwarden-cli.lock`, async () => {
      if (!await exists(home)) await install(cache, home);
    });
  }
  return await programIn(home);
}

async function install(cache: string, home: string): Promise<void> {
  say(`installing @bitwarden/cli ${BW_VERSION} from npm (90 MB)`);
  const staging = await Deno.makeTempDir({ dir: cache, prefix: ".staging-" });
  try {
    const manifest = { private: true, dependencies: { "@bitwarden/cli": BW_VERSION } };
    await Deno.writeTextFile(`${staging}/package.json`, JSON.stringify(manifest));
    await fetchPackages(staging);
    const { words } = await programIn(staging);
    const said = await text(words, ["--version"], staging);
    if (!said.includes(BW_VERSION)) throw new Error(`Installed "bw" does not run: ${said}`);
    await Deno.rename(staging, home);
  } catch (error) {
    await Deno.remove(staging, { recursive: true });
    throw error;
  }
}

/** Without install scripts: `bw` needs none. */
async function fetchPackages(staging: string): Promise<void> {
  const npm = denoOnly() ? undefined : findProgram("npm");
  const attempts: (readonly string[])[] = [[Deno.execPath(), "install", "--quiet", "--node-modules-dir=manual"]];
  if (npm !== undefined) attempts.unshift([npm, "install", "--no-audit", "--no-fund", "--ignore-scripts", "--silent"]);
  const stories: string[] = [];
  for (const [command = "", ...args] of attempts) {
    const { success, stderr } = await new Deno.Command(command, { args, cwd: staging, stdin: "null" }).output();
    if (success) return;
    stories.push(`"${command}": ${new TextDecoder().decode(stderr).trim().split("\n").slice(-3).join("; ")}`);
  }
  throw new Error(`Cannot install @bitwarden/cli from npm: ${stories.join("; ")}`);
}

async function programIn(directory: string): Promise<BwProgram> {
  const script = `${directory}/node_modules/@bitwarden/cli/build/bw.js`;
  const node = denoOnly() ? undefined : findProgram("node");
  if (node !== undefined && await majorVersion(node) >= LEAST_NODE) {
    return { version: BW_VERSION, words: [node, script], runtime: "node" };
  }
  const deno = [Deno.execPath(), "run", "-A", "--quiet", "--node-modules-dir=manual", "--cached-only"];
  return { version: BW_VERSION, words: [...deno, script], runtime: "deno" };
}

/** Lets a run prove that Node and npm are not needed. */
function denoOnly(): boolean {
  return Deno.env.get("BWSSH_TEST_BW_RUNTIME") === "deno";
}

async function majorVersion(node: string): Promise<number> {
  return Number(/^v(\d+)\./.exec(await text([node], ["--version"], "/"))?.[1] ?? 0);
}

/** What a command says on both streams; nothing if it cannot be started. */
async function text(
  [command = "", ...words]: readonly string[],
  args: readonly string[],
  home: string,
): Promise<string> {
  try {
    const options = { args: [...words, ...args], env: { BITWARDENCLI_APPDATA_DIR: `${home}/.try` }, cwd: home };
    const { stdout, stderr } = await new Deno.Command(command, { ...options, stdin: "null" }).output();
    return new TextDecoder().decode(stdout) + new TextDecoder().decode(stderr);
  } catch (error) {
    return String(error);
  }
}

async function exists(path: string): Promise<boolean> {
  try {
    await Deno.stat(path);
    return true;
  } catch (error) {
    if (error instanceof Deno.errors.NotFound) return false;
    throw error;
  }
}

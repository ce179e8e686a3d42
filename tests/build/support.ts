/**
 * Builds the stub program in both kinds, once per process, and reads what it reports about its own start.
 *
 * Not for: `dist/bwssh`; the suites under tests/real run that.
 *
 * @module
 */

import { build } from "../../tools/build/build.ts";
import type { BuildKind } from "../../mod/config/build_info.ts";
import { baseEnv, type Env, run, type RunResult } from "../support/process.ts";
import { makeTempDir, type TempDir } from "../support/temp.ts";

export { ROOT } from "../../tools/build/build.ts";

/** A kind of file. */
export type FileKind = Exclude<BuildKind, "source">;

/** What the stub prints, as far as tests look at it. */
export interface Report {
  readonly version: string;
  readonly kind: string;
  readonly program: string;
  readonly name: string;
  readonly held: Readonly<Record<string, string>>;
  readonly args: readonly string[];
  readonly env: Readonly<Record<string, string>>;
  readonly pid: number;
  readonly cwd: string;
  readonly umask: number;
  readonly execPath: string;
  readonly comm: string;
  readonly inherited: string | null;
}

/** Who owns nothing; what it leaves in a directory of root's, root did not write. */
export const NOBODY = 65534;

/** Hash, size and place of what a self-extracting file holds, as its header says. */
export interface Header {
  readonly denoSha256: string;
  readonly mainSha256: string;
  readonly denoSize: number;
  /** Of the file to start. */
  readonly mainSize: number;
  readonly denoAt: number;
  readonly mainAt: number;
}

const built = new Map<FileKind, Promise<string>>();
let place: TempDir | undefined;
let warm: TempDir | undefined;

/**
 * The kinds that can be made here: `compiled` where DENORT_BIN says what to make it of. BWSSH_TEST_KINDS narrows it,
 * so that the second round of the build's tests does not repeat the first.
 */
export function kinds(): readonly FileKind[] {
  const only = Deno.env.get("BWSSH_TEST_KINDS");
  const found: FileKind[] = ["self-extracting"];
  if (Deno.env.get("DENORT_BIN")) found.push("compiled");
  return found.filter((kind) => only === undefined || only === kind);
}

/** Path of the stub of one kind; mode 0755 in a directory everybody may enter. */
export function stub(kind: FileKind): Promise<string> {
  place ??= temporary("stub", 0o755);
  const output = `${place.path}/stub-${kind}`;
  const found = built.get(kind) ??
    build({ entry: `${import.meta.dirname}/stub.ts`, output, kind }).then(() => output);
  built.set(kind, found);
  return found;
}

/** A HOME in which the stub is unpacked already, shared by the tests that do not look at unpacking. */
export async function warmHome(): Promise<string> {
  if (warm === undefined) {
    warm = temporary("warm", 0o700);
    await run([await stub("self-extracting"), "empty"], { env: unpackEnv(warm.path) });
  }
  return warm.path;
}

/** Runs a stub that must succeed and report. */
export async function report(argv: readonly string[], env: Env, cwd?: string): Promise<Report> {
  return decodeReport(await run(argv, { env, ...(cwd === undefined ? {} : { cwd }) }));
}

/** Reads a report. @throws {Error} If the program failed or said something else. */
export function decodeReport({ code, text, stderr }: RunResult): Report {
  if (code !== 0) throw new Error(`Cannot read a report: the stub exited with ${code}: ${stderr}`);
  return JSON.parse(text);
}

/** The environment of a test that unpacks: where a cache directory does not serve, it goes below TMPDIR. */
export function unpackEnv(home: string): Env {
  return { ...baseEnv(home), TMPDIR: home };
}

/** The same command as another user. */
export function asNobody(argv: readonly string[]): readonly string[] {
  return ["/usr/bin/setpriv", `--reuid=${NOBODY}`, `--regid=${NOBODY}`, "--clear-groups", "--", ...argv];
}

/** Reads a self-extracting file's header. */
export async function readHeader(path: string): Promise<Header> {
  using file = await Deno.open(path);
  const bytes = new Uint8Array(4096);
  await file.read(bytes);
  const text = new TextDecoder().decode(bytes);
  const value = (name: string): string => new RegExp(`_bw_${name}=(\\w+)`).exec(text)?.[1] ?? "";
  return {
    denoSha256: value("deno_sha256"),
    mainSha256: value("main_sha256"),
    denoSize: Number(value("deno_size")),
    mainSize: Number(/_bw_main_sizes='(\d+) bwssh\.js$/m.exec(text)?.[1]),
    denoAt: Number(value("deno_at")),
    mainAt: Number(value("main_at")),
  };
}

/** The two files that every start needs, below a cache directory of bwssh's. */
export function unpacked(root: string, header: Header): { readonly deno: string; readonly main: string } {
  return { deno: `${root}/bin/${header.denoSha256}/bwssh`, main: `${root}/bin/${header.mainSha256}/bwssh.js` };
}

function temporary(label: string, mode: number): TempDir {
  const made = makeTempDir(label);
  Deno.chmodSync(made.path, mode);
  globalThis.addEventListener("unload", () => made[Symbol.dispose]());
  return made;
}

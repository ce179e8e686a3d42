/**
 * Which program `bw` is: found once, when the daemon starts, so that a later change of PATH or of a directory in it
 * cannot put another program in its place unseen.
 *
 * @module
 */

import { SourceError } from "../source.ts";

/** What finding a program needs to ask. */
export interface ProgramLookup {
  /** The directories of PATH, in order. */
  readonly directories: readonly string[];
  /** Whether a file can be run; "missing" also for a directory or a dangling link. */
  probe(path: string): "executable" | "not-executable" | "missing";
}

/**
 * Makes the first word of the configured command an absolute path.
 *
 * @param words `bw_path`: the program, then its own leading arguments (`deno run -A /opt/bw/bw.js`).
 * @returns The words with an absolute first one.
 * @throws {SourceError} "bw-absent" or "bw-not-executable".
 */
export function resolveBwPath(words: readonly string[], lookup: ProgramLookup): readonly string[] {
  const [program = "", ...rest] = words;
  const candidates = candidatesFor(program, lookup.directories);
  let unusable: string | undefined;
  for (const path of candidates) {
    const state = lookup.probe(path);
    if (state === "executable") return [path, ...rest];
    if (state === "not-executable") unusable ??= path;
  }
  if (unusable !== undefined) throw notExecutable(unusable);
  throw absent(program);
}

/** "bw-absent": there is no such program. */
export function absent(program: string): SourceError {
  const hint = "install the Bitwarden CLI (`npm install -g @bitwarden/cli`) or set `bw_path` in [bitwarden], " +
    "then run `bwssh reload`";
  return new SourceError("bw-absent", `Cannot find the program "${program}"`, hint);
}

/** "bw-not-executable": it is there and may not be run. */
export function notExecutable(path: string): SourceError {
  return new SourceError("bw-not-executable", `Cannot run "${path}"`, `run \`ls -l ${path}\` and \`chmod +x\` it`);
}

/** Asks the file system. @param path The variable PATH. */
export function systemLookup(path: string | undefined): ProgramLookup {
  return {
    directories: (path ?? "").split(":"),
    probe: (file) => {
      try {
        const info = Deno.statSync(file);
        if (!info.isFile) return "missing";
        return ((info.mode ?? 0) & 0o111) !== 0 ? "executable" : "not-executable";
      } catch {
        return "missing";
      }
    },
  };
}

/** A relative directory in PATH means wherever the daemon happens to stand, and is passed over. */
function candidatesFor(program: string, directories: readonly string[]): readonly string[] {
  if (program.startsWith("/")) return [program];
  if (program === "" || program.includes("/")) return [];
  return directories.filter((directory) => directory.startsWith("/")).map((directory) => `${directory}/${program}`);
}

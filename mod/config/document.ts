/**
 * One configuration file as a tree of values with the line of each. smol-toml is loaded here, and only when there is a
 * file: `bwssh status` on a machine without one does not pay for it.
 *
 * @module
 */

import { ConfigError, type Origin } from "./error.ts";
import { configPlaces, type Environment } from "./paths.ts";
import { findPositions, type KeyPath } from "./toml_positions.ts";
import { listDropIns, type Reader, readTrustedFile } from "./trusted_file.ts";

/** A configuration file that is valid TOML. */
export interface ConfigDocument {
  readonly file: string;
  /** The root table. */
  readonly root: Readonly<Record<string, unknown>>;
  /** Where a key or list element is written. */
  origin(path: KeyPath): Origin;
}

/**
 * Reads the configuration file and its drop-ins, in the order in which they count.
 *
 * @param env Says where they are.
 * @param reader Whose they must be.
 * @returns No document where there is no file.
 * @throws {ConfigError} With the problem of every file that is unsafe, unreadable or no TOML.
 */
export async function readDocuments(env: Environment, reader: Reader): Promise<readonly ConfigDocument[]> {
  const places = configPlaces(env);
  const files = [places.file];
  if (places.dropIns !== undefined) files.push(...listDropIns(places.dropIns, reader));
  const documents: ConfigDocument[] = [];
  const errors: ConfigError[] = [];
  for (const file of files) {
    try {
      const text = readTrustedFile(file, reader);
      if (text !== undefined) documents.push(await parseDocument(file, text));
      else if (places.named) throw missing(file);
    } catch (error) {
      if (!(error instanceof ConfigError)) throw error;
      errors.push(error);
    }
  }
  const [first] = errors;
  if (first === undefined) return documents;
  throw new ConfigError(first.code, errors.flatMap((error) => error.problems), { cause: first });
}

/** Parses a configuration file's text. @throws {ConfigError} If it is not TOML. */
export async function parseDocument(file: string, text: string): Promise<ConfigDocument> {
  const { parse, TomlError } = await import("smol-toml");
  try {
    const root = parse(text);
    const positions = findPositions(text);
    return { file, root, origin: (path) => ({ kind: "file", file, line: positions.lineOf(path) }) };
  } catch (error) {
    const line = error instanceof TomlError ? error.line : undefined;
    // Its later lines quote the file, which may hold more than the mistake.
    const reason = error instanceof TomlError
      ? error.message.split("\n")[0]?.replace(/^Invalid TOML document: /, "")
      : "";
    const message = `Cannot read the file as TOML: ${reason || "it is nested too deeply"}`;
    const problem = { origin: { kind: "file", file, line }, key: undefined, message, hint: undefined } as const;
    throw new ConfigError("invalid", [problem], { cause: error });
  }
}

function missing(file: string): ConfigError {
  const origin = { kind: "environment", name: "BWSSH_CONFIG" } as const;
  const message = `Cannot read the file "${file}": it does not exist`;
  return new ConfigError("unreadable", [{ origin, key: undefined, message, hint: undefined }]);
}

/**
 * Reads a configuration file only if nobody else could have written it: who may edit the rules decides who may sign.
 * Checked are the file itself, through the open handle, and the directories it is reached through.
 *
 * Synchronous: the command line's every call starts here, and on a busy machine a hop through the thread pool costs more
 * than the reading.
 *
 * Not for: files with secrets, which must not be readable by others either.
 *
 * @module
 */

import { ConfigError, type ConfigErrorCode } from "./error.ts";
import { parentOf } from "./paths.ts";

/** A configuration is a page of text; a larger file is a mistake or an attempt to fill memory. */
const LARGEST_FILE = 1024 * 1024;
/** More drop-ins than anybody writes; each costs a read at every call. */
const MOST_DROP_INS = 256;
const GROUP_OR_WORLD_WRITABLE = 0o022;
/** In a sticky directory others can add files but cannot replace ours, inode(7). */
const STICKY = 0o1000;

/** Who we are, for the question whether a file is ours. */
export interface Reader {
  readonly uid: number;
}

/**
 * Reads a file as text.
 *
 * @returns The text, or undefined where there is no such file.
 * @throws {ConfigError} `unsafe` or `unreadable`, naming the file and the command that mends it.
 */
export function readTrustedFile(path: string, reader: Reader): string | undefined {
  const before = statOrMissing(path);
  if (before === undefined) return undefined;
  // Asked before opening: open(2) of a FIFO would wait for a writer.
  if (!before.isFile) throw failure("unreadable", path, "is not a regular file");
  checkDirectory(parentOf(path), reader);
  // A link into a dotfiles directory or a package store: whoever may write there may write the configuration.
  const real = attempt(path, () => Deno.realPathSync(path));
  if (parentOf(real) !== parentOf(path)) checkDirectory(parentOf(real), { ...reader, stickyIsFine: true });

  using file = attempt(path, () => Deno.openSync(real));
  const info = file.statSync();
  if (!info.isFile || info.ino !== before.ino || info.dev !== before.dev) {
    throw failure("unreadable", path, "changed while it was being read", "try again");
  }
  checkOwnerAndMode(path, info, reader.uid);
  return decode(path, attempt(path, () => readAtMost(file, LARGEST_FILE + 1)));
}

/**
 * Lists the drop-ins of a directory: names ending in `.toml` and not starting with a dot, sorted by name.
 *
 * @returns Absolute paths; none where there is no such directory.
 * @throws {ConfigError} `unsafe` or `unreadable`.
 */
export function listDropIns(directory: string, reader: Reader): readonly string[] {
  const info = statOrMissing(directory);
  if (info === undefined) return [];
  if (!info.isDirectory) throw failure("unreadable", directory, "is not a directory");
  checkDirectory(parentOf(directory), reader);
  const names = attempt(directory, () => [...Deno.readDirSync(directory)])
    .map(({ name }) => name)
    .filter((name) => name.endsWith(".toml") && !name.startsWith("."));
  if (names.length > MOST_DROP_INS) throw failure("unreadable", directory, `has more than ${MOST_DROP_INS} files`);
  return names.sort().map((name) => `${directory}/${name}`);
}

function checkDirectory(path: string, reader: Reader & { readonly stickyIsFine?: boolean }): void {
  const info = attempt(path, () => Deno.statSync(path));
  if (reader.stickyIsFine === true && ((info.mode ?? 0) & STICKY) !== 0 && isTrusted(info, reader.uid)) return;
  checkOwnerAndMode(path, info, reader.uid);
}

function checkOwnerAndMode(path: string, info: Deno.FileInfo, uid: number): void {
  const [kind, part] = info.isDirectory ? ["directory", "a directory of configuration files"] : ["file", "a file"];
  if (!isTrusted(info, uid)) {
    const message = `belongs to uid ${info.uid}: ${part} must belong to you (uid ${uid}) or root`;
    throw failure(
      "unsafe",
      path,
      message,
      `look at what is in the ${kind}, then: sudo chown ${uid} ${shellQuote(path)}`,
    );
  }
  if (info.mode === null || (info.mode & GROUP_OR_WORLD_WRITABLE) !== 0) {
    const message = `can be written by others: ${part} decides who may sign`;
    throw failure("unsafe", path, message, `look at what is in the ${kind}, then: chmod go-w ${shellQuote(path)}`);
  }
}

function isTrusted(info: Deno.FileInfo, uid: number): boolean {
  return info.uid === uid || info.uid === 0;
}

function statOrMissing(path: string): Deno.FileInfo | undefined {
  const info = attempt(path, () => missingIfNotFound(() => Deno.statSync(path)));
  const link = info ?? attempt(path, () => missingIfNotFound(() => Deno.lstatSync(path)));
  // The rules the user wrote are not to vanish silently.
  if (link !== info) throw failure("unreadable", path, "is a link to a file that does not exist");
  return info;
}

function missingIfNotFound<T>(work: () => T): T | undefined {
  try {
    return work();
  } catch (error) {
    if (error instanceof Deno.errors.NotFound) return undefined;
    throw error;
  }
}

function readAtMost(file: Deno.FsFile, most: number): Uint8Array {
  const bytes = new Uint8Array(most);
  let length = 0;
  while (length < most) {
    const count = file.readSync(bytes.subarray(length));
    if (count === null) break;
    length += count;
  }
  return bytes.subarray(0, length);
}

function decode(path: string, bytes: Uint8Array): string {
  if (bytes.length > LARGEST_FILE) throw failure("unreadable", path, `is larger than ${LARGEST_FILE} bytes`);
  try {
    return new TextDecoder("utf-8", { fatal: true }).decode(bytes);
  } catch (error) {
    throw failure("unreadable", path, "is not UTF-8 text", undefined, error);
  }
}

/** Does what the system may refuse, and says so in our words. */
function attempt<T>(path: string, work: () => T): T {
  try {
    return work();
  } catch (error) {
    const reason = error instanceof Deno.errors.PermissionDenied ? "permission denied" : "the system refused";
    throw failure("unreadable", path, `cannot be read: ${reason}`, undefined, error);
  }
}

function failure(code: ConfigErrorCode, file: string, message: string, hint?: string, cause?: unknown): ConfigError {
  const origin = { kind: "file", file, line: undefined } as const;
  return new ConfigError(code, [{ origin, key: undefined, message, hint }], { cause });
}

function shellQuote(path: string): string {
  return /^[\w@%+=:,./-]+$/.test(path) ? path : `'${path.replaceAll("'", `'\\''`)}'`;
}

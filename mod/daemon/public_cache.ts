/**
 * The public halves of the last load, on disk, so that `ssh-add -L` answers while the vault is locked and after a
 * restart. Public keys, comments and item names only. A missing, foreign or broken file is an empty cache, never an
 * error: it is rewritten at the next unlock.
 *
 * @module
 */

import { type KeyBlob, keyBlob, parsePublicKey } from "../ssh/public_key.ts";

/** One identity as it was last seen. */
export interface CachedIdentity {
  readonly id: string;
  readonly itemName: string;
  readonly comment: string;
  readonly source: string;
  readonly reprompt: boolean;
  readonly blob: KeyBlob;
}

const VERSION = 1;
const FILE = "identities.json";
/** Thousands of keys fit; what is larger is not ours, and the daemon would hold it for as long as it runs. */
const MAX_FILE = 16 * 1024 * 1024;

/**
 * Reads the cache.
 * @param directory `$XDG_CACHE_HOME/bwssh`.
 */
export function readPublicCache(directory: string): readonly CachedIdentity[] {
  try {
    const path = `${directory}/${FILE}`;
    const { isFile, uid, size } = Deno.lstatSync(path);
    if (!isFile || uid !== Deno.uid() || size > MAX_FILE) return [];
    const parsed: unknown = JSON.parse(Deno.readTextFileSync(path));
    if (!isRecord(parsed) || parsed["version"] !== VERSION || !Array.isArray(parsed["identities"])) return [];
    return parsed["identities"].map(decodeIdentity);
  } catch {
    return [];
  }
}

/**
 * Replaces the cache: a new file, renamed over the old one.
 * @throws {Error} If the directory cannot be written; keys work without the cache.
 */
export function writePublicCache(directory: string, identities: readonly CachedIdentity[]): void {
  Deno.mkdirSync(directory, { recursive: true, mode: 0o700 });
  const rows = identities.map(({ id, itemName, comment, source, reprompt, blob }) => (
    {
      id,
      itemName,
      comment,
      source,
      reprompt,
      blob: [...blob].map((byte) => byte.toString(16).padStart(2, "0")).join(""),
    }
  ));
  const fresh = `${directory}/${FILE}.${Deno.pid}`;
  try {
    using file = Deno.openSync(fresh, { write: true, createNew: true, mode: 0o600 });
    const bytes = new TextEncoder().encode(JSON.stringify({ version: VERSION, identities: rows }));
    for (let at = 0; at < bytes.length;) at += file.writeSync(bytes.subarray(at));
    // Not synced: it is a cache, and all clients would wait for the disk. The rename keeps it whole or old.
    Deno.renameSync(fresh, `${directory}/${FILE}`);
  } catch (error) {
    removeQuietly(fresh);
    throw error;
  }
}

/** Removes the cache; without one nothing happens. */
export function removePublicCache(directory: string): void {
  removeQuietly(`${directory}/${FILE}`);
}

function decodeIdentity(row: unknown): CachedIdentity {
  if (!isRecord(row)) throw new TypeError("Cannot read a cached identity");
  const { id, itemName, comment, source, reprompt, blob } = row;
  if (
    typeof id !== "string" || typeof itemName !== "string" || typeof comment !== "string" ||
    typeof source !== "string" || typeof reprompt !== "boolean" || typeof blob !== "string"
  ) throw new TypeError("Cannot read a cached identity");
  const bytes = Uint8Array.from(blob.match(/[0-9a-f]{2}/g) ?? [], (pair) => parseInt(pair, 16));
  parsePublicKey(bytes);
  return { id, itemName, comment, source, reprompt, blob: keyBlob(bytes) };
}

function removeQuietly(path: string): void {
  try {
    Deno.removeSync(path);
  } catch {
    // it was not there, or the directory is gone
  }
}

function isRecord(value: unknown): value is Record<string, unknown> {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}

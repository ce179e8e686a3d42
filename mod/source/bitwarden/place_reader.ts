/**
 * From the names of folders, collections and organizations that a query uses to their ids. Names are compared where
 * they lie; no other name of the vault becomes a string.
 *
 * @module
 */

import type { SecretMemory } from "../../../ffi/secret.ts";
import { Capture } from "./capture.ts";
import { JsonError } from "./json_error.ts";
import type { StringSink } from "./json_string.ts";
import type { JsonHandler } from "./tokenizer.ts";

/** Object keys this handler wants by name. */
export const PLACE_KEYS = ["id", "name"] as const;

/** Bytes of an id; a UUID has 36. */
const MAX_ID = 64;
/** Bytes of a name; nested folders are one long name. */
const MAX_NAME = 4 * 1024;
/** The list, and an entry of it. */
const LIST_DEPTH = 1;
const ENTRY_DEPTH = 2;

/** The handler for `bw list folders`, `collections` and `organizations`. */
export class PlaceReader implements JsonHandler, Disposable {
  readonly #id: Capture;
  readonly #name: Capture;
  readonly #wanted: readonly { readonly bytes: Uint8Array; readonly ids: Set<string> }[];
  /** Ids by wanted name; a name that does not occur has none. */
  readonly found: ReadonlyMap<string, ReadonlySet<string>>;
  #depth = 0;
  #key: string | undefined;

  /** @param names Wanted names, compared exactly. */
  constructor(memory: SecretMemory, names: readonly string[]) {
    this.#id = new Capture(memory, MAX_ID);
    this.#name = new Capture(memory, MAX_NAME);
    const sets = new Map(names.map((name) => [name, new Set<string>()] as const));
    const encoder = new TextEncoder();
    this.#wanted = [...sets].map(([name, ids]) => ({ bytes: encoder.encode(name), ids }));
    this.found = sets;
  }

  beginArray(): void {
    this.#depth++;
  }

  endArray(): void {
    this.#depth--;
  }

  beginObject(): void {
    this.#depth++;
    if (this.#depth < ENTRY_DEPTH) throw new JsonError("a list");
  }

  endObject(): void {
    if (this.#depth-- === ENTRY_DEPTH) this.#endEntry();
  }

  key(name: string | undefined): void {
    this.#key = this.#depth === ENTRY_DEPTH ? name : undefined;
  }

  beginString(): StringSink | undefined {
    if (this.#depth < LIST_DEPTH) throw new JsonError("a list");
    if (this.#depth !== ENTRY_DEPTH) return undefined;
    if (this.#key === "id") return this.#id.begin();
    return this.#key === "name" ? this.#name.begin() : undefined;
  }

  endString(): void {}

  scalar(): void {
    if (this.#depth < LIST_DEPTH) throw new JsonError("a list");
  }

  [Symbol.dispose](): void {
    this.#id.clear();
    this.#name.clear();
  }

  #endEntry(): void {
    using name = this.#name.take();
    const matches = this.#wanted.filter((each) => name?.equals(each.bytes) ?? false);
    // "No Folder" has the id "", as items in no folder do.
    const id = matches.length === 0 ? undefined : this.#id.takePublic()?.toLowerCase(); // an id says nothing
    if (id !== undefined) { for (const { ids } of matches) ids.add(id); }
    this.#id.clear();
    this.#name.clear();
  }
}

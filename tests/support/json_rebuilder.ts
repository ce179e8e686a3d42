/**
 * A handler that rebuilds what a tokenizer reads, for comparison with `JSON.parse`.
 *
 * @module
 */

import { ok } from "node:assert/strict";
import type { Secret, SecretMemory } from "../../ffi/secret.ts";
import type { StringSink } from "../../mod/source/bitwarden/json_string.ts";
import { type JsonHandler, JsonTokenizer } from "../../mod/source/bitwarden/tokenizer.ts";
import { HeapMemory } from "./heap_memory.ts";

/** Rebuilds the document from its events, so that it can be compared with what `JSON.parse` makes of it. */
export class Rebuilder implements JsonHandler, StringSink {
  root: unknown = undefined;
  #open: (unknown[] | Map<string, unknown>)[] = [];
  #keys: string[] = [];
  #bytes: number[] = [];

  beginObject(): void {
    this.#open.push(new Map());
  }
  beginArray(): void {
    this.#open.push([]);
  }
  endObject(): void {
    const members = this.#open.pop();
    ok(members instanceof Map);
    this.#put(Object.fromEntries(members));
  }
  endArray(): void {
    this.#put(this.#open.pop());
  }
  key(name: string | undefined): void {
    this.#keys.push(name ?? "(other)");
  }
  beginString(): StringSink {
    this.#bytes = [];
    return this;
  }
  push(byte: number): void {
    this.#bytes.push(byte);
  }
  append(chunk: Secret, start: number, end: number): void {
    ok(start < end && end <= chunk.length);
    for (let at = start; at < end; at++) this.#bytes.push(chunk.uint8(at));
  }
  endString(): void {
    this.#put(new TextDecoder("utf-8", { fatal: true, ignoreBOM: true }).decode(Uint8Array.from(this.#bytes)));
  }
  scalar(value: number | boolean | null): void {
    this.#put(value);
  }
  #put(value: unknown): void {
    const parent = this.#open.at(-1);
    if (parent === undefined) this.root = value;
    else if (Array.isArray(parent)) parent.push(value);
    else parent.set(this.#keys.pop() ?? "(none)", value);
  }
}

/** The keys that are wanted. */
export const KEYS = ["a", "b", "name", "type", "sshKey"] as const;

/** Reads a document cut into chunks. */
export function read(bytes: Uint8Array, cuts: readonly number[], memory: SecretMemory = new HeapMemory()): unknown {
  const rebuilder = new Rebuilder();
  const tokenizer = new JsonTokenizer(rebuilder, KEYS);
  using whole = secretOf(memory, bytes);
  let from = 0;
  for (const cut of [...cuts, bytes.length]) {
    tokenizer.push(whole.view(from, cut));
    from = cut;
  }
  tokenizer.end();
  return rebuilder.root;
}

function secretOf(memory: SecretMemory, bytes: Uint8Array): Secret {
  using writer = memory.writer(bytes.length);
  writer.appendPublic(bytes);
  return writer.finish();
}

/** A document's bytes. */
export const encode = (text: string): Uint8Array => new TextEncoder().encode(text);

/** What `JSON.parse` makes of it, with the one intended difference: lone surrogates have no UTF-8. */
export function expected(text: string): unknown {
  return JSON.parse(text, (_key, value) => typeof value === "string" ? value.toWellFormed() : value);
}

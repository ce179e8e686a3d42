/**
 * The arena: secret memory handed out in small pieces. Grows by segments of locked pages until RLIMIT_MEMLOCK says no;
 * pieces are zeroed when they are given back and when the arena goes.
 *
 * @module
 */

import { ArenaSecret, type Block } from "./arena_secret.ts";
import { ArenaWriter } from "./arena_writer.ts";
import { decodedLength, decodeInto } from "./base64.ts";
import type { Libc } from "./libc.ts";
import { type LockedPages, mapLockedPages, type Protection } from "./locked_pages.ts";
import { type Secret, type SecretMemory, SecretMemoryError, type SecretWriter } from "./secret.ts";
import { bytesOf } from "./secret_bytes.ts";

/** Bytes mapped at a time: small against a default RLIMIT_MEMLOCK of 8 MiB, large against a key of 32 to 2,500 bytes. */
const SEGMENT = 512 * 1024;
/** Pieces start at multiples of this, so that C may read them as words. */
const ALIGN = 16;

/** What of the arena `status` shows. */
export interface ArenaStatus {
  readonly protection: Protection;
  /** Bytes mapped. */
  readonly mapped: number;
  /** Bytes handed out. */
  readonly used: number;
}

interface Segment {
  readonly pages: LockedPages;
  /** Free ranges, ascending, never adjacent. */
  readonly free: { start: number; end: number }[];
}

/** Secret memory in locked pages. */
export class Arena implements SecretMemory, Disposable {
  readonly #libc: Libc;
  readonly #requireLocked: boolean;
  readonly #segments: Segment[] = [];
  readonly #live = new Set<ArenaSecret>();
  #used = 0;

  /** @throws {SecretMemoryError} If not even the first segment can be protected. */
  constructor(libc: Libc, options: { readonly requireLocked: boolean }) {
    this.#libc = libc;
    this.#requireLocked = options.requireLocked;
    this.#grow(SEGMENT);
  }

  /** The weakest protection among the segments, and the sizes. */
  status(): ArenaStatus {
    const kinds = this.#segments.map((segment) => segment.pages.protection);
    const protection = (["none", "mlock"] as const).find((kind) => kinds.includes(kind)) ?? "memfd_secret";
    return {
      protection,
      mapped: this.#segments.reduce((sum, segment) => sum + segment.pages.bytes.length, 0),
      used: this.#used,
    };
  }

  /** @inheritdoc */
  allocate(length: number): Secret {
    if (!Number.isInteger(length) || length < 0) throw new RangeError(`Cannot allocate ${length} bytes`);
    const size = Math.max(ALIGN, Math.ceil(length / ALIGN) * ALIGN);
    const block = this.#take(size) ?? this.#takeFromNew(size);
    this.#used += size;
    const secret = new ArenaSecret(block, length, (owner) => {
      this.#live.delete(owner);
      this.#give(block, size);
    }, this);
    this.#live.add(secret);
    return secret;
  }

  /** @inheritdoc */
  writer(cap: number): SecretWriter {
    return new ArenaWriter(this, cap);
  }

  /** @inheritdoc */
  decodeBase64(text: Secret): Secret | undefined {
    const source = bytesOf(text);
    const length = decodedLength(source);
    if (length === undefined) return undefined;
    const decoded = this.allocate(length);
    decodeInto(source, bytesOf(decoded));
    return decoded;
  }

  /** Wipes every live secret; the arena stays usable. */
  wipeAll(): void {
    for (const secret of [...this.#live]) secret.wipe();
  }

  [Symbol.dispose](): void {
    this.wipeAll();
    for (const segment of this.#segments.splice(0)) segment.pages[Symbol.dispose]();
  }

  #take(size: number): Block | undefined {
    for (const segment of this.#segments) {
      for (const [index, range] of segment.free.entries()) {
        if (range.end - range.start < size) continue;
        const start = range.start;
        range.start += size;
        if (range.start === range.end) segment.free.splice(index, 1);
        return { segment: segment.pages.bytes, start };
      }
    }
    return undefined;
  }

  #takeFromNew(size: number): Block {
    this.#grow(Math.max(SEGMENT, size));
    const block = this.#take(size);
    if (block === undefined) throw new SecretMemoryError("exhausted", `Cannot find ${size} bytes of secret memory`);
    return block;
  }

  #grow(size: number): void {
    const pages = mapLockedPages(this.#libc, size, this.#requireLocked);
    this.#segments.push({ pages, free: [{ start: 0, end: pages.bytes.length }] });
  }

  /** Takes a zeroed block back, joining it with free neighbours. */
  #give(block: Block, size: number): void {
    this.#used -= size;
    const segment = this.#segments.find((candidate) => candidate.pages.bytes === block.segment);
    if (segment === undefined) return;
    const { free } = segment;
    const start = block.start;
    const end = start + size;
    let index = free.findIndex((range) => range.start >= end);
    if (index < 0) index = free.length;
    const before = free[index - 1];
    const after = free[index];
    const joinsBefore = before !== undefined && before.end === start;
    const joinsAfter = after !== undefined && after.start === end;
    if (joinsBefore && joinsAfter) {
      before.end = after.end;
      free.splice(index, 1);
    } else if (joinsBefore) before.end = end;
    else if (joinsAfter) after.start = start;
    else free.splice(index, 0, { start, end });
  }
}

/**
 * Opens an arena.
 * @throws {SecretMemoryError} "limit-too-low" or "unavailable", with the remedy in the message.
 */
export function openArena(libc: Libc, options: { readonly requireLocked: boolean }): Arena {
  return new Arena(libc, options);
}

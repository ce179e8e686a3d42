/**
 * The audit log's file: one line per decision, appended before the answer leaves, synced within a second, rotated with
 * the chain carried over. 0600, and never through a link.
 *
 * @module
 */

import type { Ask } from "../policy/ask.ts";
import { hashOfLine, ORIGIN } from "./chain.ts";
import { type AuditEntry, type Decision, describeAsk, parseEntry } from "./entry.ts";

/** Rotated files kept beside the current one. */
const KEPT = 4;
/** Read back at the start to find the last line: several times the longest line there is. */
const TAIL = 64 * 1024;
/** How long a line may stand in the page cache only. */
const SYNC_MS = 1000;

/** The log cannot be written. */
export class AuditError extends Error {
  override readonly name = "AuditError";
  readonly code = "audit-unwritable";
}

/** How the file is kept. */
export interface AuditOptions {
  /** Path of the current file; the rotated ones are `PATH.1` and so on. */
  readonly path: string;
  /** Bytes after which a new file is begun. */
  readonly maxBytes: number;
}

/** Appends decisions. */
export class AuditLog implements Disposable {
  readonly #options: AuditOptions;
  readonly #encoder = new TextEncoder();
  #file: Deno.FsFile | undefined;
  #size = 0;
  #count = 0;
  #head = ORIGIN;
  #sync: ReturnType<typeof setTimeout> | undefined;

  /** @throws {AuditError} If the file cannot be opened, is not ours or does not end in an entry. */
  constructor(options: AuditOptions) {
    this.#options = options;
    this.#open();
  }

  /** Hash of the last line and how many there were: note them elsewhere to notice a rewritten log. */
  get head(): { readonly count: number; readonly hash: string } {
    return { count: this.#count, hash: this.#head };
  }

  /**
   * Writes one line.
   * @param now Wall clock.
   * @returns The entry's id.
   * @throws {AuditError} If it could not be written whole; the log then holds nothing of it.
   */
  append(ask: Ask, decision: Decision, now: Date): string {
    if (this.#size >= this.#options.maxBytes) this.#rotate();
    const n = this.#count + 1;
    const id = n.toString(36).padStart(4, "0");
    const { verdict, by, detail, prompted, duration } = decision;
    const entry: AuditEntry = {
      n,
      time: now.toISOString(),
      id,
      verdict,
      by,
      ...(detail === "" ? {} : { detail }),
      ...describeAsk(ask),
      prompted,
      ms: Math.round(duration * 10) / 10,
      prev: this.#head,
    };
    const line = JSON.stringify(entry);
    this.#write(this.#encoder.encode(`${line}\n`));
    this.#count = n;
    this.#head = hashOfLine(line);
    this.#sync ??= setTimeout(() => this.#syncSoon(), SYNC_MS);
    return id;
  }

  [Symbol.dispose](): void {
    clearTimeout(this.#sync);
    try {
      this.#file?.syncDataSync();
    } catch {
      // what is in the page cache is written all the same
    }
    this.#file?.close();
    this.#file = undefined;
  }

  /** A line that is only partly on the disk would break the chain: it is cut off again. */
  #write(bytes: Uint8Array): void {
    try {
      this.#file ??= this.#openFile();
      for (let at = 0; at < bytes.length;) at += this.#file.writeSync(bytes.subarray(at));
      this.#size += bytes.length;
    } catch (error) {
      try {
        this.#file?.truncateSync(this.#size);
      } catch {
        // then the next start finds a line that is no entry, and says so
      }
      throw unwritable(this.#options.path, error);
    }
  }

  #syncSoon(): void {
    this.#sync = undefined;
    this.#file?.syncData().catch(() => undefined); // reported by the next write, which fails as well
  }

  #open(): void {
    const { path } = this.#options;
    try {
      this.#file = this.#openFile();
      this.#size = this.#file.statSync().size;
      const last = this.#lastLine();
      if (last === undefined) return;
      const entry = parseEntry(last);
      if (entry === undefined) throw new Error("its last line is no entry; bwssh log verify says more");
      this.#count = entry.n;
      this.#head = hashOfLine(last);
    } catch (error) {
      this.#file?.close();
      throw error instanceof AuditError ? error : unwritable(path, error);
    }
  }

  #openFile(): Deno.FsFile {
    const { path } = this.#options;
    Deno.mkdirSync(path.slice(0, path.lastIndexOf("/")), { recursive: true, mode: 0o700 });
    const existing = lstatOrNothing(path);
    if (existing !== undefined && (!existing.isFile || existing.uid !== Deno.uid())) {
      throw new AuditError(`Cannot write the audit log "${path}": it is not a file of ours`);
    }
    return Deno.openSync(path, { read: true, append: true, create: true, mode: 0o600 });
  }

  #lastLine(): string | undefined {
    const file = this.#file;
    if (file === undefined || this.#size === 0) return this.#lastRotatedLine();
    const bytes = new Uint8Array(Math.min(TAIL, this.#size));
    file.seekSync(this.#size - bytes.length, Deno.SeekMode.Start);
    for (let at = 0; at < bytes.length;) {
      const count = file.readSync(bytes.subarray(at));
      if (count === null) break;
      at += count;
    }
    return new TextDecoder().decode(bytes).trimEnd().split("\n").at(-1);
  }

  #lastRotatedLine(): string | undefined {
    try {
      return Deno.readTextFileSync(`${this.#options.path}.1`).trimEnd().split("\n").at(-1);
    } catch {
      return undefined;
    }
  }

  #rotate(): void {
    const { path } = this.#options;
    try {
      this.#file?.syncDataSync();
      this.#file?.close();
      this.#file = undefined;
      for (let i = KEPT; i > 1; i--) renameIfThere(`${path}.${i - 1}`, `${path}.${i}`);
      renameIfThere(path, `${path}.1`);
      this.#file = this.#openFile();
      this.#size = 0;
    } catch (error) {
      throw unwritable(path, error);
    }
  }
}

function unwritable(path: string, cause: unknown): AuditError {
  const why = cause instanceof Error ? cause.message : "unknown error";
  return new AuditError(`Cannot write the audit log "${path}": ${why}`, { cause });
}

function renameIfThere(from: string, to: string): void {
  if (lstatOrNothing(from) !== undefined) Deno.renameSync(from, to);
}

function lstatOrNothing(path: string): Deno.FileInfo | undefined {
  try {
    return Deno.lstatSync(path);
  } catch (error) {
    if (error instanceof Deno.errors.NotFound) return undefined;
    throw error;
  }
}

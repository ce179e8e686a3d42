/**
 * The audit log as the daemon uses it: what happens where it cannot be written is the configuration's choice.
 *
 * @module
 */

import { AuditError, AuditLog } from "../audit/audit_log.ts";
import type { Decision } from "../audit/entry.ts";
import type { Config } from "../config/model.ts";
import type { Ask } from "../policy/ask.ts";
import type { Log } from "./log.ts";

/** Lines about it at most once in this time: a full disk would otherwise have one for each signature. */
const COMPLAIN_MS = 60_000;

/** What it is made of. */
export interface TrailParts {
  /** Opens the file. @throws {AuditError} */
  readonly open: () => AuditLog;
  readonly onFailure: () => "deny" | "warn";
  readonly log: Log;
}

/** Writes decisions. */
export class AuditTrail implements Disposable {
  readonly #parts: TrailParts;
  #file: AuditLog | undefined;
  #complained = -Infinity;

  constructor(parts: TrailParts) {
    this.#parts = parts;
  }

  /** The head of the chain, for `status`; undefined while the file cannot be opened. */
  get head(): { readonly count: number; readonly hash: string } | undefined {
    return this.#file?.head;
  }

  /** Opens the file now, so that what is wrong with it is told at the start. */
  open(): void {
    try {
      this.#file ??= this.#parts.open();
    } catch (error) {
      this.#complain(error);
    }
  }

  /** Writes a line. @returns Whether the decision may stand. */
  record(ask: Ask, decision: Decision): boolean {
    try {
      this.#file ??= this.#parts.open();
      this.#file.append(ask, decision, new Date());
      return true;
    } catch (error) {
      this.#complain(error);
      return this.#parts.onFailure() === "warn";
    }
  }

  [Symbol.dispose](): void {
    this.#file?.[Symbol.dispose]();
  }

  #complain(error: unknown): void {
    const now = performance.now();
    if (now - this.#complained < COMPLAIN_MS) return;
    this.#complained = now;
    const what = this.#parts.onFailure() === "deny" ? "nothing is signed" : "signatures go on without it";
    this.#parts.log.error(`${error instanceof Error ? error.message : "Cannot write the audit log"}; ${what}`);
  }
}

/** Opens the file that the configuration names. @throws {AuditError} */
export function openAudit({ audit: { file, maxBytes } }: Config): AuditLog {
  if (file === undefined) throw new AuditError("Cannot write the audit log: neither XDG_STATE_HOME nor HOME is set");
  return new AuditLog({ path: file, maxBytes });
}

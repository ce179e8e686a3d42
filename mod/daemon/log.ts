/**
 * The daemon's log on standard error: one line an event, buffered within a round of the loop and written before any
 * answer of that round leaves. Values of others (names, comments, paths) are made safe for a terminal.
 *
 * @module
 */

import { LOG_LEVELS, type LogLevel } from "../config/settings.ts";

const encoder = new TextEncoder();

/** Writes lines `bwssh: …`. */
export class Log {
  #threshold: number;
  #lines = "";
  readonly #write: (text: Uint8Array) => void;

  /** @param write Takes bytes for standard error. */
  constructor(level: LogLevel, write: (text: Uint8Array) => void) {
    this.#threshold = LOG_LEVELS.indexOf(level);
    this.#write = write;
  }

  /** Changes the level (reload). */
  setLevel(level: LogLevel): void {
    this.#threshold = LOG_LEVELS.indexOf(level);
  }

  /** Whether lines of this level are written; saves making those that are not. */
  writes(level: LogLevel): boolean {
    return LOG_LEVELS.indexOf(level) >= this.#threshold;
  }

  debug(message: string): void {
    this.#add(0, "debug: ", message);
  }

  info(message: string): void {
    this.#add(1, "", message);
  }

  warning(message: string): void {
    this.#add(2, "warning: ", message);
  }

  error(message: string): void {
    this.#add(3, "error: ", message);
  }

  /** Writes what was collected. */
  flush(): void {
    if (this.#lines === "") return;
    const lines = this.#lines;
    this.#lines = "";
    this.#write(encoder.encode(lines));
  }

  #add(level: number, label: string, message: string): void {
    if (level >= this.#threshold) this.#lines += `bwssh: ${label}${oneLine(message)}\n`;
  }
}

/** Keeps a message on its line: controls, separators and direction overrides become `?`. */
function oneLine(message: string): string {
  return message.replace(/[\p{Cc}\p{Cf}\p{Zl}\p{Zp}]/gu, "?");
}

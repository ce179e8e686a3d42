/**
 * Frames of the agent protocol (RFC 9987, "Protocol Messages"): `uint32 length, byte type, contents`, taken out of a stream
 * that arrives in pieces of any size. Pieces lie in locked memory, and only contents that are public are copied out of it.
 *
 * Not for: what the contents mean, and time: who is stalled in the middle of a frame is the session's question.
 *
 * @module
 */

import { MESSAGE } from "./numbers.ts";

/** OpenSSH's AGENT_MAX_LEN. 262144 itself is still processed, as there; more closes the connection. */
export const MAX_FRAME_LENGTH = 256 * 1024;
/** What a body that comes in pieces gets first; from there its buffer doubles, so an announced length costs nothing. */
const FIRST_PIECE = 1024;
/** uint32 length and byte type. */
const HEADER_LENGTH = 5;

/**
 * The messages whose contents are public. An allow-list, because the rest carries keys (7, 17, 24, 25), passphrases (22, 23)
 * and PINs (20, 21, 26), or is unknown.
 */
const PUBLIC: ReadonlySet<number> = new Set([
  MESSAGE.SSH_AGENTC_REQUEST_IDENTITIES,
  MESSAGE.SSH_AGENTC_SIGN_REQUEST,
  MESSAGE.SSH_AGENTC_REMOVE_IDENTITY,
  MESSAGE.SSH_AGENTC_REMOVE_ALL_IDENTITIES,
  MESSAGE.SSH_AGENTC_EXTENSION,
]);

const EMPTY = new Uint8Array(0);

/** Bytes as they were received, in memory the assembler must not keep. */
export interface ReceivedBytes {
  readonly length: number;
  uint8(at: number): number;
  /** The bytes `[start, end)` in ordinary memory. */
  copy(start: number, end: number): Uint8Array<ArrayBuffer>;
}

/** One whole message. */
export interface AgentFrame {
  /** Message number. */
  readonly code: number;
  /** The contents after the number; empty if drained. */
  readonly body: Uint8Array<ArrayBuffer>;
  /** The contents may be secret and were dropped unread, not copied. */
  readonly drained: boolean;
}

/** The stream cannot be followed any further; the connection is to be closed without an answer. */
export class FrameError extends Error {
  override readonly name = "FrameError";
  readonly code: "empty" | "too-long";
  constructor(code: FrameError["code"], message: string) {
    super(message);
    this.code = code;
  }
}

/** Takes frames out of the stream of one connection. */
export class FrameAssembler {
  /** Header bytes seen of the current frame. */
  #header = 0;
  #length = 0;
  #code = 0;
  /** Body bytes still to come. */
  #missing = 0;
  /** The body of a frame that comes in pieces: capacity, and how much of it is filled. */
  #body: Uint8Array<ArrayBuffer> = EMPTY;
  #filled = 0;
  #broken: FrameError | undefined;

  /** Bytes held of an unfinished frame, its header included; more than 0 means the client is in the middle of one. */
  get pending(): number {
    return this.#header + this.#filled;
  }

  /** Bytes that the frame whose header was seen still needs; 0 between frames. */
  get missing(): number {
    return this.#missing;
  }

  /**
   * Takes in what was received and hands over every frame that is whole with it, in order.
   *
   * @param take Called once for each frame; must not call `push`. What it throws is thrown on, and the rest of `received` is lost.
   * @throws {FrameError} At a length of 0 or above 256 KiB, after the frames before it were handed over; and ever after.
   */
  push(received: ReceivedBytes, take: (frame: AgentFrame) => void): void {
    if (this.#broken !== undefined) throw this.#broken;
    let at = 0;
    while (at < received.length) {
      if (this.#header < HEADER_LENGTH) {
        this.#readHeader(received.uint8(at));
        at += 1;
        if (this.#header < HEADER_LENGTH) continue;
      } else {
        at = this.#readBody(received, at);
      }
      if (this.#missing === 0) take(this.#finish());
      else if (PUBLIC.has(this.#code) && received.length - at >= this.#missing) {
        // The common case, a whole frame at once: one copy, no buffer.
        const body = received.copy(at, at + this.#missing);
        at += this.#missing;
        const code = this.#code;
        this.#reset();
        take({ code, body, drained: false });
      }
    }
  }

  #readHeader(byte: number): void {
    this.#header += 1;
    if (this.#header === HEADER_LENGTH) {
      this.#code = byte;
      this.#missing = this.#length - 1;
      return;
    }
    this.#length = this.#length * 256 + byte;
    if (this.#header < HEADER_LENGTH - 1) return;
    if (this.#length === 0) throw this.#break("empty", "Cannot read frame: its length is 0");
    if (this.#length > MAX_FRAME_LENGTH) {
      throw this.#break("too-long", `Cannot read frame: ${this.#length} bytes, at most ${MAX_FRAME_LENGTH}`);
    }
  }

  /** Takes what there is of the current body; returns where it stopped. */
  #readBody(received: ReceivedBytes, at: number): number {
    const end = Math.min(received.length, at + this.#missing);
    this.#missing -= end - at;
    // SSH_AGENTC_ADD_… and LOCK are dropped here. Whoever wants them collects `received[at, end)` within locked memory.
    if (!PUBLIC.has(this.#code)) return end;
    const needed = this.#filled + end - at;
    if (needed > this.#body.length) {
      const grown = new Uint8Array(
        Math.min(needed + this.#missing, Math.max(needed, 2 * this.#body.length, FIRST_PIECE)),
      );
      grown.set(this.#body.subarray(0, this.#filled));
      this.#body = grown;
    }
    this.#body.set(received.copy(at, end), this.#filled);
    this.#filled = needed;
    return end;
  }

  #finish(): AgentFrame {
    const drained = this.#length > 1 && !PUBLIC.has(this.#code);
    const body = this.#filled === this.#body.length ? this.#body : this.#body.subarray(0, this.#filled);
    const frame = { code: this.#code, body, drained };
    this.#reset();
    return frame;
  }

  #reset(): void {
    this.#header = 0;
    this.#length = 0;
    this.#missing = 0;
    this.#filled = 0;
    this.#body = EMPTY;
  }

  #break(code: FrameError["code"], message: string): FrameError {
    this.#reset();
    this.#broken = new FrameError(code, message);
    return this.#broken;
  }
}

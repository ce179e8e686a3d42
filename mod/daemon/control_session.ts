/**
 * One client of the control socket: a request frame, for `unlock` the session after it, one response each.
 *
 * @module
 */

import { bodyLength, decodeRequest, encodeResponse, HEADER, MAX_REQUEST, MAX_SECRET } from "../control/codec.ts";
import { ControlError, type ControlFailure, type ControlRequest, type ControlResults } from "../control/messages.ts";
import type { Secret, SecretMemory, SecretWriter } from "../../ffi/secret.ts";
import type { ReceiveBuffer } from "../../ffi/stream.ts";
import type { Connection, Progress, Session } from "./connection.ts";
import type { Log } from "./log.ts";

/** One handler a request type. `unlock` owns the secret. */
export type ControlHandlers =
  & {
    readonly [Type in Exclude<ControlRequest["type"], "unlock">]: () =>
      | ControlResults[Type]
      | Promise<ControlResults[Type]>;
  }
  & { readonly unlock: (session: Secret) => Promise<ControlResults["unlock"]> };

/** A whole request, or why it is none. */
type Ready =
  | { readonly request: ControlRequest; readonly secret: Secret | undefined }
  | { readonly error: ControlError };

/** The control protocol on one connection. */
export class ControlSession implements Session {
  readonly #handlers: ControlHandlers;
  readonly #log: Log;
  readonly #writer: SecretWriter;
  /** The frame being received: its header, then its body. */
  #frame: number[] = [];
  #bodyEnd = 0;
  /** The request whose secret is being received, and how much of it is missing. */
  #unlock: ControlRequest | undefined;
  #missing = 0;
  readonly #ready: Ready[] = [];
  #answering = false;

  constructor(handlers: ControlHandlers, memory: SecretMemory, log: Log) {
    this.#handlers = handlers;
    this.#log = log;
    this.#writer = memory.writer(MAX_SECRET);
  }

  /** Whoever connects here asks at once and goes: there are few places, and one that idles takes another's. */
  get waitsForClient(): boolean {
    return !this.#answering && this.#ready.length === 0;
  }

  /** A request is short, and a session shorter. */
  get missing(): number {
    return 0;
  }

  received(bytes: ReceiveBuffer): void {
    try {
      for (let at = 0; at < bytes.length;) at = this.#unlock ? this.#takeSecret(bytes, at) : this.#takeByte(bytes, at);
    } catch (error) {
      this.#log.warning(`closed a control connection: ${error instanceof Error ? error.message : "unknown error"}`);
      throw error;
    }
  }

  work(connection: Connection): Progress {
    const next = this.#ready.shift();
    this.#answering = next !== undefined;
    if (next === undefined) return "idle";
    connection.await(this.#answer(next));
    return "waiting";
  }

  ended(): void {
    this.#writer.reset();
    for (const ready of this.#ready.splice(0)) if ("secret" in ready) ready.secret?.wipe();
  }

  #takeByte(bytes: ReceiveBuffer, at: number): number {
    this.#frame.push(bytes.uint8(at));
    if (this.#frame.length === HEADER) {
      this.#bodyEnd = HEADER + bodyLength(Uint8Array.from(this.#frame), MAX_REQUEST);
    } else if (this.#frame.length === this.#bodyEnd) {
      const body = Uint8Array.from(this.#frame.slice(HEADER));
      this.#frame = [];
      this.#bodyEnd = 0;
      this.#take(body);
    }
    return at + 1;
  }

  #take(body: Uint8Array): void {
    try {
      const request = decodeRequest(body);
      if (request.type === "unlock") {
        this.#unlock = request;
        this.#missing = request.secretLength;
      } else this.#ready.push({ request, secret: undefined });
    } catch (error) {
      if (!(error instanceof ControlError)) throw error;
      this.#ready.push({ error }); // it can be told, above all that the versions differ
    }
  }

  #takeSecret(bytes: ReceiveBuffer, at: number): number {
    const end = Math.min(bytes.length, at + this.#missing);
    this.#writer.append(bytes.view(at, end));
    this.#missing -= end - at;
    if (this.#missing === 0 && this.#unlock !== undefined) {
      this.#ready.push({ request: this.#unlock, secret: this.#writer.finish() });
      this.#unlock = undefined;
    }
    return end;
  }

  async #answer(ready: Ready): Promise<Uint8Array<ArrayBuffer>> {
    try {
      return encodeResponse({ ok: true, result: await this.#result(ready) });
    } catch (error) {
      return encodeResponse({
        ok: false,
        error: this.#failure("request" in ready ? ready.request.type : "request", error),
      });
    }
  }

  async #result(ready: Ready): Promise<unknown> {
    if ("error" in ready) throw ready.error;
    const { request, secret } = ready;
    if (request.type !== "unlock") return await this.#handlers[request.type]();
    if (secret === undefined) throw new ControlError("malformed", "Cannot unlock: no session came with the request");
    return await this.#handlers.unlock(secret);
  }

  #failure(what: string, error: unknown): ControlFailure {
    const message = error instanceof Error ? error.message : "unknown error";
    this.#log.warning(`${what} failed: ${message}`);
    if (error instanceof ControlError) return { code: error.code, message, hint: error.hint };
    const { code, hint } = namedFields(error);
    return { code: code ?? "internal", message, hint: hint ?? "bwssh status" };
  }
}

/** `code` and `hint` of the errors of other rooms: configuration, source, memory. */
function namedFields(error: unknown): { readonly code?: string; readonly hint?: string } {
  if (typeof error !== "object" || error === null) return {};
  const { code, hint } = error as { readonly code?: unknown; readonly hint?: unknown };
  return {
    ...(typeof code === "string" ? { code } : {}),
    ...(typeof hint === "string" ? { hint } : {}),
  };
}

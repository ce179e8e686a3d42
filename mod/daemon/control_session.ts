/**
 * One client of the control socket: a request frame, for `unlock` the session after it, one response each.
 *
 * @module
 */

import { bodyLength, decodeRequest, encodeResponse, HEADER, MAX_REQUEST, MAX_SECRET } from "../control/codec.ts";
import { ControlError, type ControlRequest, type ControlResponse, type ControlResults } from "../control/messages.ts";
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

type Ready = { readonly request: ControlRequest; readonly secret: Secret | undefined };

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

  constructor(handlers: ControlHandlers, memory: SecretMemory, log: Log) {
    this.#handlers = handlers;
    this.#log = log;
    this.#writer = memory.writer(MAX_SECRET);
  }

  get midMessage(): boolean {
    return this.#frame.length > 0 || this.#unlock !== undefined;
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
    if (next === undefined) return "idle";
    connection.await(this.#answer(next));
    return "waiting";
  }

  ended(): void {
    this.#writer.reset();
    for (const { secret } of this.#ready.splice(0)) secret?.wipe();
  }

  #takeByte(bytes: ReceiveBuffer, at: number): number {
    this.#frame.push(bytes.uint8(at));
    if (this.#frame.length === HEADER) {
      this.#bodyEnd = HEADER + bodyLength(Uint8Array.from(this.#frame), MAX_REQUEST);
    } else if (this.#frame.length === this.#bodyEnd) {
      const request = decodeRequest(Uint8Array.from(this.#frame.slice(HEADER)));
      this.#frame = [];
      this.#bodyEnd = 0;
      if (request.type === "unlock") {
        this.#unlock = request;
        this.#missing = request.secretLength;
      } else this.#ready.push({ request, secret: undefined });
    }
    return at + 1;
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

  async #answer({ request, secret }: Ready): Promise<Uint8Array<ArrayBuffer>> {
    return encodeResponse(await this.#respond(request, secret));
  }

  async #respond(request: ControlRequest, secret: Secret | undefined): Promise<ControlResponse> {
    try {
      if (request.type !== "unlock") return { ok: true, result: await this.#handlers[request.type]() };
      if (secret === undefined) throw new ControlError("malformed", "Cannot unlock: no session came with the request");
      return { ok: true, result: await this.#handlers.unlock(secret) };
    } catch (error) {
      if (error instanceof ControlError) {
        this.#log.warning(`${request.type} failed: ${error.code}: ${error.message}`);
        return { ok: false, error: { code: error.code, message: error.message, hint: error.hint } };
      }
      const message = error instanceof Error ? error.message : "unknown error";
      this.#log.error(`${request.type} failed: ${message}`);
      return { ok: false, error: { code: "internal", message, hint: "bwssh status" } };
    }
  }
}

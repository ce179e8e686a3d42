/**
 * One client of the agent socket: frames to requests, requests to answers, in order. Keeps what belongs to this
 * connection alone: the client.
 *
 * @module
 */

import { type AgentFrame, FrameAssembler, FrameError } from "../agent/frame.ts";
import { messageName } from "../agent/numbers.ts";
import { type AgentRequest, decodeRequest } from "../agent/request.ts";
import { extensionFailure, failure, queryResponse, signResponse, success } from "../agent/response.ts";
import { decodeSessionBind, SESSION_BIND, type SessionBind } from "../agent/session_bind.ts";
import { identifyPeer } from "../peer/peer.ts";
import type { ReceiveBuffer } from "../../ffi/stream.ts";
import type { Client } from "./client.ts";
import type { Connection, Progress, Session } from "./connection.ts";
import type { Log } from "./log.ts";
import type { SignService } from "./sign_service.ts";

/** Requests of one client handled in a row before others get their turn. */
const SHARE = 8;
/** Lines the log gets about what one connection sent that is no request; the rest of a flood would fill the disk. */
const MAX_COMPLAINTS = 8;

/** What all sessions share. */
export interface AgentParts {
  readonly log: Log;
  readonly signing: SignService;
  /** The complete answer to a list request. */
  readonly identities: () => Uint8Array<ArrayBuffer>;
}

/** The agent protocol on one connection. */
export class AgentSession implements Session {
  readonly #parts: AgentParts;
  readonly #client: Client;
  readonly #assembler = new FrameAssembler();
  #frames: AgentFrame[] = [];
  #next = 0;
  #complaints = 0;

  /** @param client Owned from now on. */
  constructor(parts: AgentParts, client: Client) {
    this.#parts = parts;
    this.#client = client;
  }

  /** In the middle of a frame; between frames an agent's client may wait for as long as it likes. */
  get waitsForClient(): boolean {
    return this.#assembler.pending > 0;
  }

  get missing(): number {
    return this.#assembler.missing;
  }

  received(bytes: ReceiveBuffer): void {
    try {
      this.#assembler.push(bytes, (frame) => this.#frames.push(frame));
    } catch (error) {
      if (error instanceof FrameError) this.#parts.log.warning(`closed ${this.#who()}: ${error.message}`);
      throw error;
    }
  }

  work(connection: Connection): Progress {
    for (let i = 0; i < SHARE && this.#next < this.#frames.length; i++) {
      const frame = this.#frames[this.#next++];
      if (frame === undefined) break;
      const answer = this.#answer(decodeRequest(frame));
      if (answer instanceof Uint8Array) connection.reply(answer);
      else {
        connection.await(answer);
        return "waiting";
      }
    }
    if (this.#next < this.#frames.length) return "more";
    this.#frames = [];
    this.#next = 0;
    return "idle";
  }

  ended(): void {
    this.#frames = [];
    this.#next = 0;
    this.#parts.signing.closed(this.#client.number);
    this.#client[Symbol.dispose]();
  }

  #answer(request: AgentRequest): Uint8Array<ArrayBuffer> | Promise<Uint8Array<ArrayBuffer>> {
    switch (request.type) {
      case "request-identities":
        return this.#parts.identities();
      case "sign-request":
        return this.#sign(request);
      case "extension":
        return this.#extend(request.name, request.contents);
      case "malformed":
        this.#complain("warning", request.message);
        return failure();
      case "unsupported":
        this.#complain("info", `${messageName(request.code)} is not supported`);
        return failure();
      default:
        return request satisfies never;
    }
  }

  #sign(request: AgentRequest & { type: "sign-request" }): Uint8Array<ArrayBuffer> | Promise<Uint8Array<ArrayBuffer>> {
    const signature = this.#parts.signing.sign(request, this.#client);
    return signature instanceof Promise ? signature.then(answerWith) : answerWith(signature);
  }

  #extend(name: string, contents: Uint8Array): Uint8Array<ArrayBuffer> | Promise<Uint8Array<ArrayBuffer>> {
    if (name === "query") return queryResponse(["query", SESSION_BIND]);
    if (name !== SESSION_BIND) return failure();
    return this.#bind(decodeSessionBind(contents));
  }

  /** Also while locked: a connection that could not say where it leads would look local afterwards. */
  async #bind(claim: SessionBind): Promise<Uint8Array<ArrayBuffer>> {
    const outcome = await this.#client.binds.add(claim);
    if (outcome.kind !== "refused") return success();
    this.#complain("warning", outcome.why);
    return extensionFailure();
  }

  #complain(level: "warning" | "info", what: string): void {
    this.#complaints++;
    if (this.#complaints > MAX_COMPLAINTS) return;
    const more = this.#complaints === MAX_COMPLAINTS ? "; more of this connection is not logged" : "";
    this.#parts.log[level](`refused ${this.#who()}: ${what}${more}`);
  }

  #who(): string {
    return identifyPeer(this.#client.peer);
  }
}

function answerWith(signature: Uint8Array | undefined): Uint8Array<ArrayBuffer> {
  return signature === undefined ? failure() : signResponse(signature);
}

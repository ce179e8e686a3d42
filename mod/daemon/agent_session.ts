/**
 * One client of the agent socket: frames to requests, requests to answers, in order. Keeps what belongs to this
 * connection alone: who is there, and whether it ever said that it is forwarded.
 *
 * @module
 */

import { type AgentFrame, FrameAssembler, FrameError } from "../agent/frame.ts";
import { messageName } from "../agent/numbers.ts";
import { type AgentRequest, decodeRequest } from "../agent/request.ts";
import { extensionFailure, failure, queryResponse, signResponse } from "../agent/response.ts";
import { decodeSessionBind, SESSION_BIND } from "../agent/session_bind.ts";
import { describePeer } from "../peer/peer.ts";
import type { PeerFacts } from "../policy/ask.ts";
import type { ReceiveBuffer } from "../../ffi/stream.ts";
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
  readonly #readPeer: () => PeerFacts;
  readonly #assembler = new FrameAssembler();
  readonly #gone = new AbortController();
  #peer: PeerFacts | undefined;
  #frames: AgentFrame[] = [];
  #next = 0;
  #forwarded: true | "unknown" = "unknown";
  #complaints = 0;

  /** @param readPeer Looks the peer up in /proc; done at the first request that needs it. */
  constructor(parts: AgentParts, readPeer: () => PeerFacts) {
    this.#parts = parts;
    this.#readPeer = readPeer;
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
    this.#gone.abort();
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
    this.#peer ??= this.#readPeer();
    const signature = this.#parts.signing.sign(request, this.#peer, { forwarded: this.#forwarded }, this.#gone.signal);
    return signature instanceof Promise ? signature.then(answerWith) : answerWith(signature);
  }

  /** Binds are not verified yet, so none succeeds; what a bind says against its client is believed at once. */
  #extend(name: string, contents: Uint8Array): Uint8Array<ArrayBuffer> {
    if (name === "query") return queryResponse(["query"]);
    if (name !== SESSION_BIND) return failure();
    if (decodeSessionBind(contents).forwarding) this.#forwarded = true;
    return extensionFailure();
  }

  #complain(level: "warning" | "info", what: string): void {
    this.#complaints++;
    if (this.#complaints > MAX_COMPLAINTS) return;
    const more = this.#complaints === MAX_COMPLAINTS ? "; more of this connection is not logged" : "";
    this.#parts.log[level](`refused ${this.#who()}: ${what}${more}`);
  }

  #who(): string {
    this.#peer ??= this.#readPeer();
    return describePeer(this.#peer);
  }
}

function answerWith(signature: Uint8Array | undefined): Uint8Array<ArrayBuffer> {
  return signature === undefined ? failure() : signResponse(signature);
}

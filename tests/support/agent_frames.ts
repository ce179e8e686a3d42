/**
 * What passed between OpenSSH's programs and its agent (tests/vectors/agent/openssh_9.2.json), as frames.
 *
 * @module
 */

import recorded from "../vectors/agent/openssh_9.2.json" with { type: "json" };
import { type AgentFrame, FrameAssembler, type ReceivedBytes } from "../../mod/agent/frame.ts";
import { type AgentRequest, decodeRequest } from "../../mod/agent/request.ts";
import { WireReader } from "../../mod/ssh/wire.ts";
import { fromHex } from "./hex.ts";

/** One request and its answer, each as it stood on the wire. */
export interface Exchange {
  readonly scene: string;
  readonly request: Uint8Array<ArrayBuffer>;
  readonly response: Uint8Array<ArrayBuffer>;
}

/** All of them, in the order in which they happened. */
export function exchanges(): Exchange[] {
  return recorded.exchanges.map(({ scene, request, response }) => ({
    scene,
    request: fromHex(request),
    response: fromHex(response),
  }));
}

/** The exchanges whose scene begins so; at least one, or the vectors have changed. */
export function scenes(start: string): Exchange[] {
  const found = exchanges().filter(({ scene }) => scene.startsWith(start));
  if (found.length === 0) throw new Error(`No exchange begins with '${start}'`);
  return found;
}

/** Ordinary bytes in the place of locked memory. */
export function received(bytes: Uint8Array): ReceivedBytes {
  return {
    length: bytes.length,
    uint8: (at) => bytes[at] ?? NaN,
    copy: (start, end) => new Uint8Array(bytes.subarray(start, end)),
  };
}

/** The frames in whole bytes. */
export function framesOf(bytes: Uint8Array): AgentFrame[] {
  const frames: AgentFrame[] = [];
  new FrameAssembler().push(received(bytes), (frame) => frames.push(frame));
  return frames;
}

/** The one request in the bytes. */
export function requestOf(bytes: Uint8Array): AgentRequest {
  const [frame, ...more] = framesOf(bytes);
  if (frame === undefined || more.length > 0) throw new Error("Not exactly one frame");
  return decodeRequest(frame);
}

/** The sign request in the bytes. */
export function signRequestOf(bytes: Uint8Array): AgentRequest & { type: "sign-request" } {
  const request = requestOf(bytes);
  if (request.type !== "sign-request") throw new Error(`Not a sign request but ${request.type}`);
  return request;
}

/** The signature blob of a SSH_AGENT_SIGN_RESPONSE. */
export function signatureOf(response: Uint8Array<ArrayBuffer>): Uint8Array<ArrayBuffer> {
  const reader = new WireReader(response);
  reader.uint32("length");
  if (reader.uint8("type") !== 14) throw new Error("Not a sign response");
  const blob = reader.string("signature blob");
  reader.end("response");
  return blob;
}

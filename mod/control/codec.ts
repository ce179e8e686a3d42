/**
 * Frames of the control protocol: a big-endian uint32 length, then UTF-8 JSON of that many bytes.
 *
 * @module
 */

import { CONTROL_VERSION, ControlError, type ControlRequest, type ControlResponse } from "./messages.ts";

/** Bytes before the JSON. */
export const HEADER = 4;
/** A request is a few words; more is no request. Checked before anything is allocated. */
export const MAX_REQUEST = 16 * 1024;
/** A listing of several thousand keys fits, a runaway daemon does not. */
export const MAX_RESPONSE = 32 * 1024 * 1024;
/** A session of `bw` is 88 bytes; a few times that leaves room for other vaults. */
export const MAX_SECRET = 4096;

const PLAIN = ["status", "keys", "lock", "sync", "reload", "stop"] as const;
const encoder = new TextEncoder();
const decoder = new TextDecoder("utf-8", { fatal: true });

/** The frame of a request. */
export function encodeRequest(request: ControlRequest): Uint8Array<ArrayBuffer> {
  return encodeFrame({ v: CONTROL_VERSION, ...request });
}

/** The frame of a response. */
export function encodeResponse(response: ControlResponse): Uint8Array<ArrayBuffer> {
  return encodeFrame({ v: CONTROL_VERSION, ...response });
}

/**
 * Length of the JSON that a header announces.
 * @throws {ControlError} "malformed" when it is zero or over the cap.
 */
export function bodyLength(header: Uint8Array, cap: number): number {
  const length = new DataView(header.buffer, header.byteOffset, HEADER).getUint32(0);
  if (length === 0 || length > cap) throw malformed(`a frame of ${length} bytes, ${cap} at most`);
  return length;
}

/**
 * A request from its JSON.
 * @throws {ControlError} "version" for another version, "malformed" for everything else.
 */
export function decodeRequest(body: Uint8Array): ControlRequest {
  const message = decodeBody(body);
  const { type } = message;
  const plain = PLAIN.find((name) => name === type);
  if (plain !== undefined) return { type: plain };
  if (type !== "unlock") throw malformed(`an unknown request`);
  const length = message["secretLength"];
  if (typeof length !== "number" || !Number.isInteger(length) || length < 1 || length > MAX_SECRET) {
    throw malformed(`a session of a length not between 1 and ${MAX_SECRET}`);
  }
  return { type: "unlock", secretLength: length };
}

/** A response from its JSON. @throws {ControlError} "version" or "malformed". */
export function decodeResponse(body: Uint8Array): ControlResponse {
  const message = decodeBody(body);
  if (message["ok"] === true) return { ok: true, result: message["result"] };
  const error = message["error"];
  if (message["ok"] !== false || !isRecord(error)) throw malformed("a response that is neither result nor error");
  const { code, message: text, hint } = error;
  if (typeof code !== "string" || typeof text !== "string" || typeof hint !== "string") {
    throw malformed("an error without code, message and hint");
  }
  return { ok: false, error: { code, message: text, hint } };
}

function encodeFrame(message: unknown): Uint8Array<ArrayBuffer> {
  const body = encoder.encode(JSON.stringify(message));
  const frame = new Uint8Array(HEADER + body.length);
  new DataView(frame.buffer).setUint32(0, body.length);
  frame.set(body, HEADER);
  return frame;
}

function decodeBody(body: Uint8Array): Record<string, unknown> {
  let message: unknown;
  try {
    message = JSON.parse(decoder.decode(body));
  } catch (error) {
    throw malformed("something that is not JSON", error);
  }
  if (!isRecord(message)) throw malformed("JSON that is no object");
  if (message["v"] !== CONTROL_VERSION) {
    throw new ControlError(
      "version",
      "The command line and the daemon are of different versions",
      "bwssh stop && bwssh start",
    );
  }
  return message;
}

function isRecord(value: unknown): value is Record<string, unknown> {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}

function malformed(what: string, cause?: unknown): ControlError {
  return new ControlError("malformed", `Cannot read a control message: got ${what}`, "", { cause });
}

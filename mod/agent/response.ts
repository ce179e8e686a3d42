/**
 * Responses of the agent protocol (RFC 9987) as complete frames, length included, ready to be sent. The frames are shared
 * and may be kept: nobody writes into them.
 *
 * @module
 */

import type { KeyBlob } from "../ssh/public_key.ts";
import { printable } from "../ssh/printable.ts";
import { encodeUtf8 } from "../ssh/text.ts";
import { MAX_FRAME_LENGTH } from "./frame.ts";
import { MESSAGE } from "./numbers.ts";

/** OpenSSH's MAX_AGENT_IDENTITIES: its clients refuse the whole answer if it has more. */
export const MAX_IDENTITIES = 2048;

/** uint32 length, byte type. */
const HEADER_LENGTH = 5;

const FAILURE = constant(MESSAGE.SSH_AGENT_FAILURE);
const SUCCESS = constant(MESSAGE.SSH_AGENT_SUCCESS);
const EXTENSION_FAILURE = constant(MESSAGE.SSH_AGENT_EXTENSION_FAILURE);

/**
 * One key of the list. A comment is text, or bytes where a client gave it as such (it need not be UTF-8). Text may come from
 * the name of a vault item, which others may have written, and `ssh-add -L` prints it as it is: a line feed in it would begin
 * a second line of somebody's authorized_keys. So what is not printable is replaced. Of bytes only NUL is: OpenSSH's clients
 * refuse the whole list for one such comment.
 */
export interface OfferedIdentity {
  readonly blob: KeyBlob;
  readonly comment: string | Uint8Array;
}

/** SSH_AGENT_FAILURE: the one answer to everything refused, failed or not understood. */
export function failure(): Uint8Array<ArrayBuffer> {
  return FAILURE;
}

/** SSH_AGENT_SUCCESS. */
export function success(): Uint8Array<ArrayBuffer> {
  return SUCCESS;
}

/** SSH_AGENT_EXTENSION_FAILURE: an extension we know, but not this time. One we do not know gets `failure()`. */
export function extensionFailure(): Uint8Array<ArrayBuffer> {
  return EXTENSION_FAILURE;
}

/**
 * SSH_AGENT_IDENTITIES_ANSWER. OpenSSH's clients take at most 256 KiB and 2048 identities, else they see none at all. So the
 * identities are offered in order, and one that does not fit any more is left out; shorter ones after it may still fit.
 *
 * @returns The frame, and how many identities are in it: fewer than were given is worth a line in the log.
 */
export function identitiesAnswer(
  identities: readonly OfferedIdentity[],
): { readonly frame: Uint8Array<ArrayBuffer>; readonly offered: number } {
  const fields: Uint8Array[] = [];
  let length = 1 + 4;
  for (const { blob, comment } of identities) {
    if (fields.length === 2 * MAX_IDENTITIES) break;
    const commentBytes = typeof comment === "string" ? encodeUtf8(printable(comment)) : withoutNul(comment);
    const grown = length + 4 + blob.length + 4 + commentBytes.length;
    if (grown > MAX_FRAME_LENGTH) continue;
    length = grown;
    fields.push(blob, commentBytes);
  }
  const frame = open(MESSAGE.SSH_AGENT_IDENTITIES_ANSWER, length);
  putUint32(frame, HEADER_LENGTH, fields.length / 2);
  putStrings(frame, HEADER_LENGTH + 4, fields);
  return { frame, offered: fields.length / 2 };
}

/** SSH_AGENT_SIGN_RESPONSE. @param signature The signature blob, see `encodeSignature`. */
export function signResponse(signature: Uint8Array): Uint8Array<ArrayBuffer> {
  const frame = open(MESSAGE.SSH_AGENT_SIGN_RESPONSE, 1 + 4 + signature.length);
  putUint32(frame, HEADER_LENGTH, signature.length);
  frame.set(signature, HEADER_LENGTH + 4);
  return frame;
}

/**
 * The answer to the extension `query`, SSH_AGENT_EXTENSION_RESPONSE as OpenSSH ≥ 10.3: the name of the extension, then the
 * names of all that are supported, one string after the other.
 */
export function queryResponse(names: readonly string[]): Uint8Array<ArrayBuffer> {
  return strings(MESSAGE.SSH_AGENT_EXTENSION_RESPONSE, ["query", ...names].map((name) => encodeUtf8(name)));
}

function withoutNul(bytes: Uint8Array): Uint8Array {
  return bytes.includes(0) ? bytes.map((byte) => byte === 0 ? 0x3f : byte) : bytes;
}

function constant(code: number): Uint8Array<ArrayBuffer> {
  return open(code, 1);
}

/** A zeroed frame with its header; `length` counts the type byte. */
function open(code: number, length: number): Uint8Array<ArrayBuffer> {
  const frame = new Uint8Array(4 + length);
  putUint32(frame, 0, length);
  frame[4] = code;
  return frame;
}

function strings(code: number, fields: readonly Uint8Array[]): Uint8Array<ArrayBuffer> {
  const frame = open(code, fields.reduce((length, field) => length + 4 + field.length, 1));
  putStrings(frame, HEADER_LENGTH, fields);
  return frame;
}

function putStrings(frame: Uint8Array, start: number, fields: readonly Uint8Array[]): void {
  let at = start;
  for (const field of fields) {
    putUint32(frame, at, field.length);
    frame.set(field, at + 4);
    at += 4 + field.length;
  }
}

function putUint32(frame: Uint8Array, at: number, value: number): void {
  frame[at] = value >>> 24;
  frame[at + 1] = value >>> 16;
  frame[at + 2] = value >>> 8;
  frame[at + 3] = value;
}

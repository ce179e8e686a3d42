/**
 * Requests of the agent protocol (RFC 9987), out of frames.
 *
 * Not for: answering, and not for what an extension's contents mean.
 *
 * @module
 */

import { type KeyBlob, keyBlob } from "../ssh/public_key.ts";
import { WireError, WireReader } from "../ssh/wire.ts";
import type { AgentFrame } from "./frame.ts";
import { MESSAGE, messageName } from "./numbers.ts";

/** What a client wants. */
export type AgentRequest =
  /** SSH_AGENTC_REQUEST_IDENTITIES. */
  | { readonly type: "request-identities" }
  /** SSH_AGENTC_SIGN_REQUEST. Whether the key parses, or is ours, is not known yet. */
  | {
    readonly type: "sign-request";
    readonly key: KeyBlob;
    readonly data: Uint8Array<ArrayBuffer>;
    /** SSH_AGENT_RSA_SHA2_256 and the like, as sent. */
    readonly flags: number;
  }
  /** SSH_AGENTC_EXTENSION. */
  | { readonly type: "extension"; readonly name: string; readonly contents: Uint8Array<ArrayBuffer> }
  /** A message this agent does not do; SSH_AGENT_FAILURE on an open connection. */
  | { readonly type: "unsupported"; readonly code: number }
  /** A message it does, but this one does not parse; SSH_AGENT_FAILURE on an open connection, as OpenSSH. */
  | { readonly type: "malformed"; readonly code: number; readonly message: string };

/**
 * Reads a request. Never throws: what cannot be read is a request too, and has to be answered. Bytes left over after a
 * list or a sign request are ignored, as OpenSSH does (measured, 9.2 to 10.5).
 */
export function decodeRequest(frame: AgentFrame): AgentRequest {
  try {
    return decode(frame);
  } catch (error) {
    if (!(error instanceof WireError)) throw error;
    return { type: "malformed", code: frame.code, message: `${messageName(frame.code)}: ${error.message}` };
  }
}

function decode(frame: AgentFrame): AgentRequest {
  switch (frame.code) {
    case MESSAGE.SSH_AGENTC_REQUEST_IDENTITIES:
      return { type: "request-identities" };
    case MESSAGE.SSH_AGENTC_SIGN_REQUEST: {
      const reader = new WireReader(frame.body);
      const key = keyBlob(reader.string("key blob"));
      const data = reader.string("data");
      return { type: "sign-request", key, data, flags: reader.uint32("flags") };
    }
    case MESSAGE.SSH_AGENTC_EXTENSION: {
      const reader = new WireReader(frame.body);
      return { type: "extension", name: reader.algorithmName("extension name"), contents: reader.rest() };
    }
    default:
      return { type: "unsupported", code: frame.code };
  }
}

/**
 * The contents of `session-bind@openssh.com` (OpenSSH's PROTOCOL.agent §1): the client's word, signed by the host, that this
 * connection serves one SSH session, and whether it is forwarded from there on.
 *
 * Not for: verifying the host's signature, and not for keeping the chain of binds.
 *
 * @module
 */

import { type KeyBlob, keyBlob, MAX_KEY_BLOB_LENGTH, parsePublicKey } from "../ssh/public_key.ts";
import { MAX_SESSION_ID_LENGTH } from "../ssh/userauth.ts";
import { WireError, WireReader } from "../ssh/wire.ts";

/** The extension's name on the wire. */
export const SESSION_BIND = "session-bind@openssh.com";

/**
 * A bind as claimed. `forwarding` can be read without asking which of the two it is: a bind that cannot be read counts as
 * forwarding, because a program in the middle could otherwise hide it by cutting off a byte.
 */
export type SessionBind =
  | {
    readonly kind: "claimed";
    readonly hostKey: KeyBlob;
    /** 1 to 128 bytes. */
    readonly sessionId: Uint8Array;
    /** Signature blob of the host key over the session id; not verified. */
    readonly signature: Uint8Array;
    readonly forwarding: boolean;
  }
  | { readonly kind: "malformed"; readonly forwarding: true; readonly message: string };

/** Reads a bind; never throws. Any flag but 0 is forwarding, and bytes left over are ignored, both as OpenSSH. */
export function decodeSessionBind(contents: Uint8Array): SessionBind {
  try {
    const reader = new WireReader(contents);
    const hostKey = reader.string("host key", MAX_KEY_BLOB_LENGTH);
    parsePublicKey(hostKey);
    const sessionId = reader.string("session id", MAX_SESSION_ID_LENGTH);
    if (sessionId.length === 0) throw new WireError("value", "Cannot read session id: it is empty");
    const signature = reader.string("signature");
    const forwarding = reader.uint8("is forwarding") !== 0;
    return { kind: "claimed", hostKey: keyBlob(hostKey), sessionId, signature, forwarding };
  } catch (error) {
    if (!(error instanceof WireError)) throw error;
    return { kind: "malformed", forwarding: true, message: error.message };
  }
}

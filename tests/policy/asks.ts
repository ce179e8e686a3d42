/**
 * Asks for tests of policy: an ordinary one, and what is to be different about it.
 *
 * @module
 */

import type { Ask, AskedIdentity, PeerFacts, Route } from "../../mod/policy/ask.ts";
import { encodePublicKey, fingerprintOf, type KeyBlob, keyBlob } from "../../mod/ssh/public_key.ts";
import type { SignedData } from "../../mod/ssh/signed_data.ts";
import { WireWriter } from "../../mod/ssh/wire.ts";

/** The uid that tests take for the daemon's. */
export const OUR_UID = 1000;

/** An Ed25519 key blob; the point is no key's, and nothing here looks. */
export function blobOf(byte: number): KeyBlob {
  return encodePublicKey({ type: "ed25519", point: new Uint8Array(32).fill(byte) });
}

/** The key of the ordinary ask. */
export const BLOB: KeyBlob = blobOf(7);
/** Its fingerprint. */
export const FINGERPRINT = fingerprintOf(BLOB);

/** The beginning of a certificate for such a key, as far as the key goes. */
export function certificateBlob(byte: number): KeyBlob {
  const writer = new WireWriter().string("ssh-ed25519-cert-v01@openssh.com").string("nonce");
  return keyBlob(writer.string(new Uint8Array(32).fill(byte)).finish());
}

/** A login as `git` with this key. */
export function login(key: KeyBlob = BLOB): SignedData {
  return {
    kind: "auth",
    sessionId: new Uint8Array(32),
    user: "git",
    service: "ssh-connection",
    method: "publickey",
    algorithm: "ssh-ed25519",
    key,
  };
}

/** A message to be signed in a namespace. */
export function sshsig(namespace: string): SignedData {
  return { kind: "sshsig", namespace, hashAlgorithm: "sha512" };
}

/** Data nobody recognises. */
export const OTHER: SignedData = { kind: "other" };

/** What is different about an ask. */
export interface Differences {
  readonly identity?: Partial<AskedIdentity>;
  readonly peer?: Partial<PeerFacts>;
  readonly route?: Route;
  readonly data?: Uint8Array;
  readonly signed?: SignedData;
}

/** A process of ours asks to log in with a vault key over a connection of unknown origin. */
export function askWith({ identity, peer, route, data, signed }: Differences = {}): Ask {
  return {
    identity: {
      id: "2f1b2f4e-0c39-4e6e-9f3c-1d2e3f405162#key",
      blob: BLOB,
      fingerprint: FINGERPRINT,
      comment: "me@laptop",
      itemName: "work laptop",
      source: "bitwarden",
      reprompt: false,
      ...identity,
    },
    peer: { pid: 4242, uid: OUR_UID, gid: OUR_UID, startTime: 99n, exe: "/usr/bin/ssh", ...peer },
    route: route ?? { forwarded: "unknown" },
    data: data ?? new Uint8Array(0),
    signed: signed ?? login(),
  };
}

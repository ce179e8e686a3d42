/**
 * Asks for tests of policy: an ordinary one, and what is to be different about it.
 *
 * @module
 */

import type { Ask, AskedIdentity, Hop, PeerFacts, Route } from "../../mod/policy/ask.ts";
import type { Grants, Policy } from "../../mod/policy/decide.ts";
import type { Moment } from "../../mod/policy/moment.ts";
import type { Rule } from "../../mod/policy/rule.ts";
import { encodePublicKey, fingerprintOf, type KeyBlob, keyBlob } from "../../mod/ssh/public_key.ts";
import type { SignedData } from "../../mod/ssh/signed_data.ts";
import type { Userauth } from "../../mod/ssh/userauth.ts";
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
export function login(key: KeyBlob = BLOB, user = "git"): Userauth {
  return {
    kind: "auth",
    sessionId: new Uint8Array(32),
    user,
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

/** The clocks of the ordinary ask: noon, and an hour after the start. */
export const NOW: Moment = { wall: 1_700_000_000_000, monotonic: 3_600_000 };

/** A hop whose host known_hosts knows by these names; those that begin with `|` are hashed there. */
export function hop(names: string | readonly string[], options: { forwarding?: boolean; byte?: number } = {}): Hop {
  const all = [names].flat();
  const hostKey = blobOf(options.byte ?? [...all.join()].reduce((sum, letter) => sum + letter.charCodeAt(0), 0) % 256);
  return {
    hostKey,
    hostFingerprint: fingerprintOf(hostKey),
    sessionId: new Uint8Array(32),
    forwarding: options.forwarding ?? false,
    names: all.filter((name) => !name.startsWith("|")),
    isNamed: (name) => all.some((each) => each.replace("|", "") === name),
  };
}

/** A connection bound to hosts by name, the destination last; those before it forward. */
export function bound(...names: readonly [string, ...string[]]): Route {
  const [first, ...rest] = names.map((name, index) => hop(name, { forwarding: index < names.length - 1 }));
  if (first === undefined) throw new Error("Cannot bind to nothing");
  return { kind: "bound", hops: [first, ...rest] };
}

/** A connection nobody bound. */
export const UNBOUND: Route = { kind: "unbound" };
/** A connection forwarded over a bastion. */
export const FORWARDED: Route = bound("bastion.example.org", "git.example.org");
/** A connection with a bind that failed. */
export const POISONED: Route = { kind: "poisoned", why: "the signature of a bind is wrong" };

/** What is different about an ask. */
export interface Differences {
  readonly identity?: Partial<AskedIdentity>;
  readonly peer?: Partial<PeerFacts>;
  readonly route?: Route;
  readonly data?: Uint8Array;
  readonly signed?: SignedData;
  /** Null: without one. */
  readonly connection?: number | null;
}

/** git's ssh, a process of ours, asks to log in to git.example.org as git with a vault key. */
export function askWith({ identity, peer, route, data, signed, connection }: Differences = {}): Ask {
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
    peer: {
      pid: 4242,
      uid: OUR_UID,
      gid: OUR_UID,
      startTime: 99n,
      exe: "/usr/bin/ssh",
      exeFile: { device: 66_307, inode: 1234, deleted: false },
      ancestors: [
        { pid: 4241, program: "git", exe: "/usr/bin/git" },
        { pid: 4000, program: "zsh", exe: "/usr/bin/zsh" },
      ],
      tty: "/dev/pts/3",
      session: 4000,
      cgroup: "/user.slice/user-1000.slice/user@1000.service/app.slice/kitty.scope",
      foreignMounts: false,
      ...peer,
    },
    route: route ?? bound("git.example.org"),
    data: data ?? new Uint8Array(0),
    signed: signed ?? login(),
    ...(connection === null ? {} : { connection: connection ?? 17 }),
  };
}

/** A policy of these rules, numbered, and as configured by default. */
export function policyOf(...rules: readonly Partial<Rule>[]): Policy {
  const numbered = rules.map((rule, index): Rule => ({
    name: `rule ${index + 1}`,
    origin: `config.toml:${index + 1}`,
    action: "allow",
    ...rule,
  }));
  return {
    ourUid: OUR_UID,
    rules: numbered,
    denyForwardedByDefault: true,
    canAsk: true,
    approvalMode: "ttl",
    approvalTtlSeconds: 300,
  };
}

/** Nothing was ever approved. */
export const NO_GRANTS: Grants = { find: () => undefined };

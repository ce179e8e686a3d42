/**
 * The binds of one connection (session-bind@openssh.com, OpenSSH's PROTOCOL.agent §1) as a chain: verified, in order, with
 * OpenSSH's limits; and whether a login fits the chain.
 *
 * Not for: deciding what a route may do, which rules say.
 *
 * @module
 */

import { sameBytes } from "../ssh/bytes.ts";
import { fingerprintOf, type KeyBlob, keyBlob, keyTypeName } from "../ssh/public_key.ts";
import { plainKeyBlob } from "../ssh/certificate_types.ts";
import { tryRead } from "../ssh/wire.ts";
import { verifiedAlgorithms, verifySignature } from "../ssh/verify.ts";
import type { Hop, Route } from "./ask.ts";

/** OpenSSH's AGENT_MAX_SESSION_IDS: hops from this machine to the destination. */
export const MAX_BINDS = 16;

/** What a client claimed: `SessionBind` of the agent's protocol. A session id has 1 to 128 bytes there. */
export type BindClaim =
  | {
    readonly kind: "claimed";
    readonly hostKey: KeyBlob;
    readonly sessionId: Uint8Array;
    readonly signature: Uint8Array;
    readonly forwarding: boolean;
  }
  | { readonly kind: "malformed"; readonly message: string };

/** What known_hosts says about a host key. */
export interface HostNames {
  readonly names: readonly string[];
  readonly isNamed: (name: string) => boolean;
  /** The user, or the administrator, has declared the key stolen or retired. */
  readonly revoked: boolean;
}

/** What became of a bind. */
export type BindOutcome =
  | { readonly kind: "bound" }
  /** The same host and session as a hop that is there already: nothing changes, as in OpenSSH. */
  | { readonly kind: "repeated" }
  /** SSH_AGENT_FAILURE or EXTENSION_FAILURE to the client, and no signature on this connection any more. */
  | { readonly kind: "refused"; readonly why: string };

/** The binds of one connection. */
export class BindChain {
  readonly #nameHost: (hostKey: KeyBlob) => HostNames;
  #route: Route = { kind: "unbound" };
  /** Binds that are being verified. */
  #pending = 0;
  #last: Promise<unknown> = Promise.resolve();

  /** @param nameHost Asked once for each hop, when it is bound and its signature was found good. */
  constructor(nameHost: (hostKey: KeyBlob) => HostNames) {
    this.#nameHost = nameHost;
  }

  /** How requests on this connection reach us now. While a bind is being verified nothing else is known. */
  get route(): Route {
    return this.#pending === 0 ? this.#route : poisoned("a bind is still being verified");
  }

  /**
   * Verifies a bind and adds it. OpenSSH (process_ext_session_bind()) refuses a bind that is malformed, whose signature is
   * not good, that follows one made for a login, that names a session bound to another host key, or that is the 17th, and
   * goes on with the connection. Here each of these ends it: a client that means well sends none of them, and whoever is in
   * between could otherwise choose which binds count. Binds that come while others are verified wait for them.
   */
  add(claim: BindClaim): Promise<BindOutcome> {
    this.#pending++;
    const outcome = this.#last.then(() => this.#add(claim)).catch((cause) => {
      const error = cause instanceof Error ? cause.message : "unknown error";
      return this.#poison(`a bind could not be verified: ${error}`);
    }).finally(() => this.#pending--);
    this.#last = outcome;
    return outcome;
  }

  async #add(claim: BindClaim): Promise<BindOutcome> {
    if (this.#route.kind === "poisoned") return { kind: "refused", why: this.#route.why };
    if (claim.kind === "malformed") return this.#poison(`a bind is malformed: ${claim.message}`);
    const { hostKey, sessionId, signature, forwarding } = claim;
    if (!await verifySignature(hostKey, signature, sessionId)) return this.#poison(whyUnverified(hostKey));
    const hops = this.#route.kind === "bound" ? this.#route.hops : [];
    for (const hop of hops) {
      if (!hop.forwarding) return this.#poison("a bind follows one that was made for a login");
      if (!sameBytes(hop.sessionId, sessionId)) continue;
      // The flag of a repeated bind is not looked at: a hop that forwards goes on to.
      if (sameBytes(hop.hostKey, hostKey)) return { kind: "repeated" };
      return this.#poison("two binds give one session to two hosts");
    }
    if (hops.length === MAX_BINDS) return this.#poison(`there are more than ${MAX_BINDS} binds`);
    const hop = this.#hop(claim.hostKey, sessionId, forwarding);
    if (hop === undefined) return this.#poison("known_hosts marks the host key as revoked");
    const [first = hop, ...rest] = [...hops, hop];
    this.#route = { kind: "bound", hops: [first, ...rest] };
    return { kind: "bound" };
  }

  /** @returns undefined for a revoked key. */
  #hop(hostKey: KeyBlob, sessionId: Uint8Array, forwarding: boolean): Hop | undefined {
    const { names, isNamed, revoked } = this.#nameHost(hostKey);
    if (revoked) return undefined;
    return {
      hostKey: keyBlob(hostKey.slice()), // copies: the claim is a window onto a frame
      hostFingerprint: fingerprintOf(hostKey),
      sessionId: sessionId.slice(),
      forwarding,
      names,
      isNamed,
    };
  }

  #poison(why: string): BindOutcome {
    this.#route = poisoned(why);
    return { kind: "refused", why };
  }
}

function poisoned(why: string): Route {
  return { kind: "poisoned", why };
}

function whyUnverified(hostKey: KeyBlob): string {
  const type = tryRead(() => keyTypeName(plainKeyBlob(hostKey))) ?? "unknown type";
  const algorithms = verifiedAlgorithms(type);
  return algorithms.length === 0
    ? `a bind is signed by a host key of a type that is not verified: ${type}`
    : `a bind is not signed by its host key with ${algorithms.join(" or ")}`;
}

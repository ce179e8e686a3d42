/**
 * From a sign request to a signature or a refusal: find the key, recognise the data, decide, maybe ask, sign. One log
 * line whatever happened; the client is never told why.
 *
 * @module
 */

import type { AgentRequest } from "../agent/request.ts";
import type { Approver } from "../approval/approver.ts";
import type { Keyring } from "../keys/keyring.ts";
import { describePeer } from "../peer/peer.ts";
import type { Ask, PeerFacts, Route } from "../policy/ask.ts";
import { decide, type Policy } from "../policy/decide.ts";
import type { Permission } from "../policy/verdict.ts";
import { fingerprintOf } from "../ssh/public_key.ts";
import { kindLabel, recognise } from "../ssh/signed_data.ts";
import type { Log } from "./log.ts";

/** Flags of a sign request that make RSA sign with SHA-2; without one OpenSSH's agent would use SHA-1. */
const RSA_SHA2_FLAGS = 2 | 4;

/** What can change while the daemon runs (reload). */
export interface SigningRules {
  readonly policy: Policy;
  readonly approver: Approver;
  readonly allowRsaSha1: boolean;
}

/** What the service works with. */
export interface SignParts {
  readonly keyring: Keyring;
  readonly log: Log;
  readonly rules: () => SigningRules;
  /** Whether a key that is not in the keyring is one we list, because its vault is locked. */
  readonly isListed: (blob: Uint8Array) => boolean;
}

type SignRequest = AgentRequest & { type: "sign-request" };

/** Signs what was agreed to. */
export class SignService {
  readonly #parts: SignParts;
  #signed = 0;
  #refused = 0;

  constructor(parts: SignParts) {
    this.#parts = parts;
  }

  /** Signatures given and refused since the start. */
  get counts(): { readonly signed: number; readonly refused: number } {
    return { signed: this.#signed, refused: this.#refused };
  }

  /**
   * Answers a sign request.
   *
   * @param signal Aborted when the client hangs up.
   * @returns The signature blob, or undefined for a refusal; a promise only where a person or a slow key is involved.
   */
  sign(
    request: SignRequest,
    peer: PeerFacts,
    route: Route,
    signal: AbortSignal,
  ): Uint8Array | undefined | Promise<Uint8Array | undefined> {
    const identity = this.#parts.keyring.find(request.key);
    if (identity === undefined) return this.#refuseUnknown(request, peer);
    const ask: Ask = { identity, peer, route, data: request.data, signed: recognise(request.data) };
    const rules = this.#parts.rules();
    if (identity.type === "ssh-rsa" && (request.flags & RSA_SHA2_FLAGS) === 0 && !rules.allowRsaSha1) {
      const detail = "the client asks for RSA with SHA-1; `allow_rsa_sha1 = true` in [ssh] would allow it";
      return this.#refuse(ask, "rsa-sha1", detail);
    }
    const verdict = decide(ask, rules.policy);
    switch (verdict.kind) {
      case "allow":
        return this.#give(verdict.permission, request);
      case "deny":
        return this.#refuse(ask, verdict.reason, verdict.detail);
      case "ask":
        return this.#askThenGive(ask, rules.approver, request, signal);
      default:
        return verdict satisfies never;
    }
  }

  async #askThenGive(
    ask: Ask,
    approver: Approver,
    request: SignRequest,
    signal: AbortSignal,
  ): Promise<Uint8Array | undefined> {
    const answer = await approver.approve(ask, signal);
    if (answer.kind === "deny") return this.#refuse(ask, answer.reason, answer.detail);
    return await this.#give(answer.permission, request);
  }

  #give(permission: Permission, request: SignRequest): Uint8Array | undefined | Promise<Uint8Array | undefined> {
    try {
      const signature = this.#parts.keyring.sign(permission, request.flags);
      if (!(signature instanceof Promise)) return this.#given(permission, signature);
      return signature.then((made) => this.#given(permission, made), (error) => this.#failed(permission.ask, error));
    } catch (error) {
      return this.#failed(permission.ask, error);
    }
  }

  #given(permission: Permission, signature: Uint8Array): Uint8Array {
    this.#signed++;
    const { log } = this.#parts;
    if (log.writes("info")) log.info(`signed ${describeAsk(permission.ask)}: ${permission.by}`);
    return signature;
  }

  #failed(ask: Ask, error: unknown): undefined {
    return this.#refuse(ask, "signing-failed", error instanceof Error ? error.message : "unknown error");
  }

  #refuse(ask: Ask, reason: string, detail: string): undefined {
    this.#refused++;
    const [first = "", ...rest] = detail.split("\n");
    this.#parts.log.warning(`refused ${describeAsk(ask)}: ${reason}: ${first}`);
    for (const line of rest) if (line !== "") this.#parts.log.warning(`  ${line}`);
    return undefined;
  }

  #refuseUnknown(request: SignRequest, peer: PeerFacts): undefined {
    this.#refused++;
    const why = this.#parts.isListed(request.key)
      ? "locked: its vault is locked; run `bwssh unlock`"
      : "unknown-key: no source offers this key";
    this.#parts.log.warning(`refused ${fingerprintOf(request.key)} for ${describePeer(peer)}: ${why}`);
    return undefined;
  }
}

/** `auth git with "work" SHA256:… for ssh (pid 1234)`. */
function describeAsk(ask: Ask): string {
  const { signed, identity } = ask;
  const user = signed.kind === "auth" ? ` ${JSON.stringify(signed.user)}` : "";
  const key = `${JSON.stringify(identity.comment)} ${identity.fingerprint}`;
  return `${kindLabel(signed)}${user} with ${key} for ${describePeer(ask.peer)}`;
}

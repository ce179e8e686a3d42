/**
 * From a sign request to a signature or a refusal: find the key, look at the client, recognise the data, decide, maybe
 * ask, sign. One line of log and one of audit whatever happened, both before the answer; the client is never told why.
 *
 * @module
 */

import type { AgentRequest } from "../agent/request.ts";
import type { Approver } from "../approval/approver.ts";
import type { Decision } from "../audit/entry.ts";
import type { Identity } from "../keys/identity.ts";
import type { Keyring } from "../keys/keyring.ts";
import { identifyPeer } from "../peer/peer.ts";
import type { Ask, AskedIdentity } from "../policy/ask.ts";
import { decide, type Policy } from "../policy/decide.ts";
import type { FloodGuard, PromptOutcome } from "../policy/flood.ts";
import type { GrantBook } from "../policy/grants.ts";
import type { Moment } from "../policy/moment.ts";
import { suggestRule } from "../policy/suggest.ts";
import type { Permission, Verdict } from "../policy/verdict.ts";
import { fingerprintOf } from "../ssh/public_key.ts";
import { kindLabel, recognise } from "../ssh/signed_data.ts";
import type { Client } from "./client.ts";
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
  readonly grants: GrantBook;
  readonly flood: FloodGuard;
  /** Prompts that wait now. */
  readonly waiting: () => number;
  /** Writes the audit line. @returns Whether the decision may stand: not if it had to be written and could not be. */
  readonly audit: (ask: Ask, decision: Decision) => boolean;
  /** A key that is not in the keyring and listed all the same, because its vault is locked. */
  readonly listed: (blob: Uint8Array) => AskedIdentity | undefined;
}

type SignRequest = AgentRequest & { type: "sign-request" };
type AskUser = Verdict & { kind: "ask" };

/** One request on its way. */
interface Case {
  readonly ask: Ask;
  readonly request: SignRequest;
  readonly client: Client;
  readonly began: number;
  prompted: boolean;
}

/** Reasons that mean a person saw a prompt and did not agree. */
const PERSON_SAID: Readonly<Partial<Record<string, PromptOutcome>>> = {
  "declined": "refused",
  "prompt-expired": "ignored",
};

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

  /** Forgets what was counted and granted for a connection that closed. */
  closed(connection: number): void {
    this.#parts.flood.closed(connection);
    this.#parts.grants.dropConnection(connection);
  }

  /**
   * Answers a sign request.
   *
   * @returns The signature blob, or undefined for a refusal; a promise only where a person or a slow key is involved.
   */
  sign(request: SignRequest, client: Client): Uint8Array | undefined | Promise<Uint8Array | undefined> {
    const began = performance.now();
    const identity = this.#parts.keyring.find(request.key);
    const state = client.look();
    const ask: Ask = {
      identity: identity ?? this.#parts.listed(request.key) ?? unknownIdentity(request.key),
      peer: state.kind === "same" ? state.facts : client.peer,
      route: client.binds.route,
      connection: client.number,
      data: request.data,
      signed: recognise(request.data),
    };
    const one: Case = { ask, request, client, began, prompted: false };
    if (state.kind === "changed") return this.#refuse(one, state.code, state.detail);
    if (identity === undefined) return this.#refuseUnknown(one);
    const now = moment();
    const flooded = this.#parts.flood.request(ask, now);
    if (flooded !== undefined) return this.#refuse(one, flooded.reason, flooded.detail);
    const rules = this.#parts.rules();
    if (isRsaSha1(identity, request) && !rules.allowRsaSha1) {
      const detail = "the client asks for RSA with SHA-1; `allow_rsa_sha1 = true` in [ssh] would allow it";
      return this.#refuse(one, "rsa-sha1", detail);
    }
    const verdict = decide(ask, rules.policy, this.#parts.grants, now);
    switch (verdict.kind) {
      case "allow":
        return this.#give(one, verdict.permission);
      case "deny":
        return this.#refuse(one, verdict.reason, verdict.detail);
      case "ask":
        return this.#askThenGive(one, verdict, rules.approver);
      default:
        return verdict satisfies never;
    }
  }

  async #askThenGive(one: Case, verdict: AskUser, approver: Approver): Promise<Uint8Array | undefined> {
    const { ask, client } = one;
    const { flood, grants } = this.#parts;
    const barred = flood.prompt(ask, this.#parts.waiting(), moment());
    if (barred !== undefined) return this.#refuse(one, barred.reason, barred.detail);
    const answer = await approver.approve(ask, client.signal, verdict.remember);
    const said = answer.kind === "allow" ? "approved" : PERSON_SAID[answer.reason];
    one.prompted = said !== undefined;
    if (said !== undefined) flood.answered(ask, said, moment());
    if (answer.kind === "deny") return this.#refuse(one, answer.reason, withRule(answer.detail, ask, said));
    // Minutes may have passed: the process that was shown must be the one that gets the signature.
    const state = client.look();
    if (state.kind === "changed") return this.#refuse(one, state.code, state.detail);
    if (client.signal.aborted) return this.#refuse(one, "client-gone", "The client hung up before the answer");
    grants.add(ask, verdict.remember, moment());
    return await this.#give(one, answer.permission);
  }

  #give(one: Case, permission: Permission): Uint8Array | undefined | Promise<Uint8Array | undefined> {
    try {
      const signature = this.#parts.keyring.sign(permission, one.request.flags);
      if (!(signature instanceof Promise)) return this.#given(one, permission.by, signature);
      return signature.then((made) => this.#given(one, permission.by, made), (error) => this.#failed(one, error));
    } catch (error) {
      return this.#failed(one, error);
    }
  }

  #given(one: Case, by: string, signature: Uint8Array): Uint8Array | undefined {
    if (!this.#parts.audit(one.ask, decisionOf(one, { verdict: "allow", by, detail: "" }))) {
      return this.#tell(one, "audit-unwritable", "the audit log cannot be written, and on_failure is deny");
    }
    this.#signed++;
    const { log } = this.#parts;
    if (log.writes("info")) log.info(`signed ${describe(one.ask)}: ${by}`);
    return signature;
  }

  #failed(one: Case, error: unknown): undefined {
    return this.#refuse(one, "signing-failed", error instanceof Error ? error.message : "unknown error");
  }

  #refuseUnknown(one: Case): undefined {
    return this.#parts.listed(one.request.key) === undefined
      ? this.#refuse(one, "unknown-key", "no source offers this key")
      : this.#refuse(one, "locked", "its vault is locked; run `bwssh unlock`");
  }

  #refuse(one: Case, reason: string, detail: string): undefined {
    this.#parts.audit(one.ask, decisionOf(one, { verdict: "deny", by: reason, detail }));
    return this.#tell(one, reason, detail);
  }

  #tell({ ask }: Case, reason: string, detail: string): undefined {
    this.#refused++;
    const [first = "", ...rest] = detail.split("\n");
    this.#parts.log.warning(`refused ${describe(ask)}: ${reason}: ${first}`);
    for (const line of rest) if (line !== "") this.#parts.log.warning(`  ${line}`);
    return undefined;
  }
}

/** Where no person said anything, what to do about it is to write a rule. */
function withRule(detail: string, ask: Ask, said: PromptOutcome | undefined): string {
  if (said !== undefined || detail.includes("[[rules]]")) return detail;
  return `${detail}. To allow it without asking add to config.toml:\n${suggestRule(ask)}`;
}

function decisionOf(one: Case, decision: Pick<Decision, "verdict" | "by" | "detail">): Decision {
  return { ...decision, prompted: one.prompted, duration: performance.now() - one.began };
}

function moment(): Moment {
  return { wall: Date.now(), monotonic: performance.now() };
}

function isRsaSha1(identity: Identity, request: SignRequest): boolean {
  return identity.type === "ssh-rsa" && (request.flags & RSA_SHA2_FLAGS) === 0;
}

/** For the line about a key nobody offers. */
function unknownIdentity(blob: SignRequest["key"]): AskedIdentity {
  return { id: "", blob, fingerprint: fingerprintOf(blob), comment: "", itemName: "", source: "", reprompt: false };
}

/** `auth "git" with "work" SHA256:… for ssh (pid 1234)`. */
function describe(ask: Ask): string {
  const { signed, identity } = ask;
  const user = signed.kind === "auth" ? ` ${JSON.stringify(signed.user)}` : "";
  const name = identity.id === "" ? "" : `${JSON.stringify(identity.comment)} `;
  return `${kindLabel(signed)}${user} with ${name}${identity.fingerprint} for ${identifyPeer(ask.peer)}`;
}

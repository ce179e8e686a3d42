/**
 * How far an answer counts: for this once, or for what is the same about later asks. Only ever narrower than what the
 * configuration and the vault item say.
 *
 * Not for: keeping answers, which is the grant book's.
 *
 * @module
 */

import { type Ask, isForwarded } from "./ask.ts";
import { provenDestination, provenProgram } from "./proven.ts";
import type { RememberScope, Rule } from "./rule.ts";

/** `[auth] approval_mode`, spec §4.3.4. */
export type ApprovalMode = "always" | "per_connection" | "ttl";

/** Longest life of any grant, seconds. A day: what is to live longer is a rule, and should be written as one. */
export const LONGEST_GRANT_SECONDS = 86_400;

const SCOPE_OF_MODE: Readonly<Record<ApprovalMode, RememberScope>> = {
  always: "once",
  per_connection: "connection",
  ttl: "app",
};

/** How far the answer to one ask counts. */
export interface Remember {
  readonly scope: RememberScope;
  /** The longest it counts; 0 with `once`. */
  readonly seconds: number;
  /** The rule that says so, or `no rule`: an answer given under one rule is none under another. */
  readonly by: string;
}

/** What of the policy decides it. */
export interface RememberDefaults {
  readonly approvalMode: ApprovalMode;
  readonly approvalTtlSeconds: number;
}

/**
 * Works out how far an answer counts.
 *
 * Never beyond this once: an item that is to be asked for every time, a forwarded connection unless the rule says
 * `remember`, certificates and unrecognised data (one looks like the other). Where a scope rests on something unknown (the
 * program, the terminal session, the destination), it shrinks to the connection.
 *
 * @param rule The rule that says ask; undefined where no rule matches.
 */
export function rememberOf(ask: Ask, rule: Rule | undefined, defaults: RememberDefaults): Remember {
  const by = rule === undefined ? "no rule" : `${rule.name} (${rule.origin})`;
  const wanted = rule?.remember ?? (isForwarded(ask.route) === true ? "once" : SCOPE_OF_MODE[defaults.approvalMode]);
  const scope = isEachTime(ask) ? "once" : shrunk(wanted, ask);
  const byDefault = wanted === "connection" ? LONGEST_GRANT_SECONDS : defaults.approvalTtlSeconds;
  const longest = Math.min(LONGEST_GRANT_SECONDS, ask.identity.limits?.ttl ?? LONGEST_GRANT_SECONDS);
  const seconds = Math.min(rule?.rememberFor ?? byDefault, longest);
  return scope === "once" || !(seconds > 0) ? { scope: "once", seconds: 0, by } : { scope, seconds, by };
}

/** Whether the vault item says that its key is to be asked for at every signature. */
export function isAskedEachTime({ identity }: Ask): boolean {
  return identity.reprompt || identity.limits?.approve === "always";
}

function isEachTime(ask: Ask): boolean {
  return isAskedEachTime(ask) || (ask.signed.kind !== "auth" && ask.signed.kind !== "sshsig");
}

function shrunk(scope: RememberScope, ask: Ask): RememberScope {
  const isKnown = {
    once: true,
    connection: true,
    app: provenProgram(ask.peer) !== undefined,
    "app+session": provenProgram(ask.peer) !== undefined && ask.peer.session > 0,
    host: provenDestination(ask) !== undefined,
  }[scope];
  const known = isKnown ? scope : "connection";
  return known === "connection" && ask.connection === undefined ? "once" : known;
}

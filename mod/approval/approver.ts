/**
 * The port `Approver`: asks a person whether an ask may be signed, where the rules say so.
 *
 * @module
 */

import type { Ask, PeerFacts } from "../policy/ask.ts";
import type { Remember } from "../policy/remember.ts";
import type { Verdict } from "../policy/verdict.ts";

/** What came of asking: never a third thing. */
export type Answer = Exclude<Verdict, { kind: "ask" }>;

/** What came of asking for something that is no signature. */
export type Admission = { readonly kind: "allow"; readonly by: string } | (Verdict & { readonly kind: "deny" });

/** Somebody who can be asked. */
export interface Approver {
  /** As in `[auth] approver`. */
  readonly name: string;
  /**
   * Asks and waits.
   * @param signal Aborted when the client hangs up, the deadline passes or the daemon locks; the answer is then a denial.
   * @param remember How far a yes will count, so that the person can be told.
   */
  approve(ask: Ask, signal: AbortSignal, remember?: Remember): Promise<Answer>;
}

/** Somebody who may have an answer without asking a person: the system's policy. Nothing is shown. */
export interface QuietApprover extends Approver {
  /** @returns Undefined where a person has to be asked. */
  approveQuietly(ask: Ask, signal: AbortSignal): Promise<Answer | undefined>;
}

/** Somebody who can be asked for more than signatures, `[auth] protect_unlock` and `protect_list`. */
export interface Gatekeeper {
  /** Asks and waits, as {@linkcode Approver.approve}. */
  admit(action: "unlock" | "list", peer: PeerFacts, signal: AbortSignal): Promise<Admission>;
}

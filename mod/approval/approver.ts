/**
 * The port `Approver`: asks a person whether an ask may be signed, where the rules say so.
 *
 * @module
 */

import type { Ask } from "../policy/ask.ts";
import type { Verdict } from "../policy/verdict.ts";

/** What came of asking: never a third thing. */
export type Answer = Exclude<Verdict, { kind: "ask" }>;

/** Somebody who can be asked. */
export interface Approver {
  /** As in `[auth] approver`. */
  readonly name: string;
  /**
   * Asks and waits.
   * @param signal Aborted when the client hangs up or the daemon locks; the answer is then a denial.
   */
  approve(ask: Ask, signal: AbortSignal): Promise<Answer>;
}

/**
 * Stands for an approver that this version does not have: denies everything it is asked and says what to do instead.
 *
 * @module
 */

import type { Ask } from "../policy/ask.ts";
import { suggestRule } from "../policy/suggest.ts";
import { deny } from "../policy/verdict.ts";
import type { Answer, Approver } from "./approver.ts";

/** `approver = "polkit"` and the like, as long as there is no adapter. */
export class AbsentApprover implements Approver {
  readonly name: string;

  /** @param name As configured. */
  constructor(name: string) {
    this.name = name;
  }

  /** Denies, with the rule that would have allowed. */
  approve(ask: Ask): Promise<Answer> {
    const detail = `This version cannot ask through "${this.name}". ` +
      `To allow it without asking add to config.toml:\n${suggestRule(ask)}`;
    return Promise.resolve(deny("approver-unavailable", detail));
  }
}

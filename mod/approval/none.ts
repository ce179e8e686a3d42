/**
 * The approver that is nobody: what no rule allows is denied. For machines where no person is present.
 *
 * @module
 */

import type { Ask } from "../policy/ask.ts";
import { suggestRule } from "../policy/suggest.ts";
import { deny } from "../policy/verdict.ts";
import type { Answer, Approver } from "./approver.ts";

/** `approver = "none"`. */
export class NoneApprover implements Approver {
  readonly name = "none";

  /** Denies, with the rule that would have allowed. */
  approve(ask: Ask): Promise<Answer> {
    const detail = `No rule allows this and nobody can be asked. To allow it add to config.toml:\n${suggestRule(ask)}`;
    return Promise.resolve(deny("nobody-to-ask", detail));
  }
}

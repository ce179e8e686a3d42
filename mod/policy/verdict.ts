/**
 * The verdict on an ask, and the permission without which nothing signs. A {@linkcode Permission} can be made in this
 * module only, and only from an ask: it names the one identity it is good for.
 *
 * @module
 */

import type { Ask } from "./ask.ts";
import type { PolicyDenyReason } from "./policy_reasons.ts";
import type { PromptDenyReason } from "./prompt_reasons.ts";
import type { Remember } from "./remember.ts";

/** Every reason for which a signature is refused; the audit and the log use these words. */
export type DenyReason =
  | PolicyDenyReason
  | "nobody-to-ask"
  | "approver-unavailable"
  | "declined"
  | PromptDenyReason;

/** Consent to exactly one signature by the ask's identity over the ask's data. */
export class Permission {
  /** What was agreed to. */
  readonly ask: Ask;
  /** Who agreed, in words for the log: `rule 2`, `generated demo key`. */
  readonly by: string;
  #spent = false;

  private constructor(ask: Ask, by: string) {
    this.ask = ask;
    this.by = by;
  }

  /** For {@linkcode allow} only: the constructor is private, so that an object literal is no permission. */
  static grant(ask: Ask, by: string): Permission {
    return new Permission(ask, by);
  }

  /**
   * Uses a permission up.
   * @returns The ask it was given for, or why it is worth nothing: made elsewhere (a cast), or used before.
   */
  static spend(value: unknown): Ask | "forged" | "spent" {
    if (typeof value !== "object" || value === null || !(#spent in value)) return "forged";
    if (value.#spent) return "spent";
    value.#spent = true;
    return value.ask;
  }
}

/** Allow, deny with a reason, or ask the user. */
export type Verdict =
  | { readonly kind: "allow"; readonly permission: Permission }
  | { readonly kind: "deny"; readonly reason: DenyReason; readonly detail: string }
  /**
   * @property by Why the user is to be asked, in words for the log: `no rule matches`, `rule 2 (FILE:LINE) says ask`.
   * @property remember How far an approval counts: for the grant book, if the user approves.
   */
  | { readonly kind: "ask"; readonly by: string; readonly remember: Remember };

/** Allows one ask. @param by Who agreed, in words for the log. */
export function allow(ask: Ask, by: string): Verdict & { kind: "allow" } {
  return { kind: "allow", permission: Permission.grant(ask, by) };
}

/** Denies. @param detail One sentence for the log: what happened and what the user could write to change it. */
export function deny(reason: DenyReason, detail: string): Verdict & { kind: "deny" } {
  return { kind: "deny", reason, detail };
}

/**
 * The decision on an ask. Everything that is not allowed by a written rule or a live grant ends in a denial or a question
 * to the user.
 *
 * Not for: asking, remembering, or limiting rates.
 *
 * @module
 */

import { type Ask, isForwarded } from "./ask.ts";
import { refusedAtOnce } from "./gates.ts";
import type { GrantBook } from "./grants.ts";
import type { Moment } from "./moment.ts";
import { isAskedEachTime, type Remember, type RememberDefaults, rememberOf } from "./remember.ts";
import { isForeignRoot } from "./rule_fields.ts";
import { type Rule } from "./rule.ts";
import { ruleMatches } from "./rules.ts";
import { allow, deny, type Verdict } from "./verdict.ts";

/** What is decided by. */
export interface Policy extends RememberDefaults {
  /** The uid the daemon runs as: the only one whose processes may sign, besides root's where a rule says so. */
  readonly ourUid: number;
  /** In order; the first that matches decides. */
  readonly rules: readonly Rule[];
  /** Whether a forwarded connection that no rule speaks of is denied, or asked about. */
  readonly denyForwardedByDefault: boolean;
  /** Whether there is anybody to ask (any approver but `none`). */
  readonly canAsk: boolean;
}

/** Where grants are looked up. */
export type Grants = Pick<GrantBook, "find">;

/** A verdict before it is one: allowing here gives no permission, so that it can be explained without being used. */
export type Judgement =
  | { readonly kind: "allow"; readonly by: string }
  | Exclude<Verdict, { readonly kind: "allow" }>;

/** How an ask was judged. */
export interface Judged {
  readonly judgement: Judgement;
  /** The first rule that matched. */
  readonly rule: Rule | undefined;
  /** Whether the rules were looked at, or the ask was refused before. */
  readonly reachedRules: boolean;
}

/**
 * Decides on an ask. What nobody may do is looked at before the rules, so that no rule can allow it; what the vault item
 * says can only tighten; a grant answers only what would be asked.
 */
export function decide(ask: Ask, policy: Policy, grants: Grants, now: Moment): Verdict {
  const { judgement } = judge(ask, policy, grants, now);
  return judgement.kind === "allow" ? allow(ask, judgement.by) : judgement;
}

/** Decides without giving permission, and says how. */
export function judge(ask: Ask, policy: Policy, grants: Grants, now: Moment): Judged {
  const refused = refusedAtOnce(ask, policy.ourUid);
  if (refused !== undefined) return { judgement: refused, rule: undefined, reachedRules: false };
  const circumstances = { now, ourUid: policy.ourUid };
  const rule = policy.rules.find((each) => ruleMatches(each, ask, circumstances));
  const byRules = rule === undefined ? withoutRule(ask, policy) : byRule(rule, ask, policy);
  return { judgement: withItem(byRules, { ask, rule, policy, grants, now }), rule, reachedRules: true };
}

function byRule(rule: Rule, ask: Ask, policy: Policy): Judgement {
  const by = `${rule.name} (${rule.origin})`;
  switch (rule.action) {
    case "allow":
      return { kind: "allow", by };
    case "deny":
      return deny("denied-by-rule", `${by} denies it`);
    case "ask":
      return { kind: "ask", by: `${by} says ask`, remember: rememberOf(ask, rule, policy) };
    default:
      return rule.action satisfies never;
  }
}

function withoutRule(ask: Ask, policy: Policy): Judgement {
  const { route, signed } = ask;
  if (isForeignRoot(ask, policy.ourUid)) {
    return deny("root-needs-rule", "The client runs as root, and no rule with uid = [0] matches");
  }
  if (isForwarded(route) === true && policy.denyForwardedByDefault) {
    return deny(
      "forwarded",
      "The connection was forwarded from another host, and no rule with forwarded = true or via matches",
    );
  }
  switch (signed.kind) {
    case "auth":
    case "sshsig":
      return { kind: "ask", by: "no rule matches", remember: rememberOf(ask, undefined, policy) };
    case "certificate":
      return deny(
        "kind-not-allowed",
        'The data is a certificate to be issued, and no rule with kinds = ["certificate"] matches',
      );
    case "other":
      return deny("kind-not-allowed", 'The data is of an unknown kind, and no rule with kinds = ["other"] matches');
    default:
      return signed satisfies never;
  }
}

interface Judging {
  readonly ask: Ask;
  readonly rule: Rule | undefined;
  readonly policy: Policy;
  readonly grants: Grants;
  readonly now: Moment;
}

/** Asks all the same where the vault item wants it, and else lets a grant answer what would be asked. */
function withItem(judgement: Judgement, { ask, rule, policy, grants, now }: Judging): Judgement {
  if (judgement.kind === "deny") return judgement;
  if (isAskedEachTime(ask)) {
    if (ask.identity.reprompt && !policy.canAsk) {
      return deny(
        "re-prompt-item",
        "The vault asks for the master password at every use of this item, and nobody can be asked",
      );
    }
    const remember: Remember = rememberOf(ask, rule, policy);
    return { kind: "ask", by: "the vault item says ask at every signature", remember };
  }
  if (judgement.kind === "allow") return judgement;
  const grant = grants.find(ask, judgement.remember, now);
  return grant === undefined ? judgement : { kind: "allow", by: `grant ${grant.id} (${grant.by})` };
}

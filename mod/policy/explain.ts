/**
 * Why an ask is decided as it is, for `bwssh policy test`: which rule decides, and about each rule before it, field by
 * field, what it wants and what there is. Gives no permission.
 *
 * @module
 */

import { durationText } from "./duration.ts";
import { type Ask, isForwarded } from "./ask.ts";
import { type Grants, judge, type Judgement, type Policy } from "./decide.ts";
import { routeWords } from "./grant_key.ts";
import { type Moment, remaining } from "./moment.ts";
import { provenDestination, provenProgram } from "./proven.ts";
import { FIELD_TESTS, TESTED_FIELDS, type TestedField } from "./rule_fields.ts";
import { type Circumstances, kindWord, type Rule } from "./rule.ts";
import { kindLabel } from "../ssh/signed_data.ts";

/** A field of a rule that does not agree with the ask. */
export interface Mismatch {
  readonly field: TestedField;
  /** What the rule wants, as it is written, or what its absence means. */
  readonly wanted: string;
  /** What there is. Texts as they came: to be sanitised where they are shown. */
  readonly found: string;
}

/** One rule that was looked at. */
export interface RuleExplained {
  /** `rule 2`. */
  readonly name: string;
  /** `FILE:LINE`. */
  readonly origin: string;
  readonly action: Rule["action"];
  /** Empty for the rule that matched. */
  readonly mismatches: readonly Mismatch[];
}

/** Why. The field names are a contract: `--json` prints them. */
export interface Explanation {
  readonly verdict: Judgement["kind"];
  /** Who allows, or why to ask; for a denial its reason. */
  readonly by: string;
  /** A denial's sentence; else empty. */
  readonly detail: string;
  /** For `ask`: how far an approval would count. */
  readonly remember: { readonly scope: string; readonly seconds: number } | undefined;
  /** The rule that matched, `rule 2`; undefined where none did or none was looked at. */
  readonly rule: string | undefined;
  /** Every rule up to the one that matched; empty if the ask was refused before. */
  readonly rules: readonly RuleExplained[];
}

/** Explains a decision. */
export function explain(ask: Ask, policy: Policy, grants: Grants, now: Moment): Explanation {
  const { judgement, rule, reachedRules } = judge(ask, policy, grants, now);
  const last = rule === undefined ? policy.rules.length : policy.rules.indexOf(rule) + 1;
  const looked = reachedRules ? policy.rules.slice(0, last) : [];
  const circumstances = { now, ourUid: policy.ourUid };
  const { scope, seconds } = judgement.kind === "ask" ? judgement.remember : { scope: undefined, seconds: 0 };
  return {
    verdict: judgement.kind,
    by: judgement.kind === "deny" ? judgement.reason : judgement.by,
    detail: judgement.kind === "deny" ? judgement.detail : "",
    remember: scope === undefined ? undefined : { scope, seconds },
    rule: rule?.name,
    rules: looked.map((each) => ({
      name: each.name,
      origin: each.origin,
      action: each.action,
      mismatches: mismatches(each, ask, circumstances),
    })),
  };
}

/** The fields of a rule that do not agree with an ask; empty if it matches. */
export function mismatches(rule: Rule, ask: Ask, circumstances: Circumstances): readonly Mismatch[] {
  return TESTED_FIELDS.filter((field) => !FIELD_TESTS[field](rule, ask, circumstances)).map((field) => ({
    field,
    wanted: wanted(field, rule),
    found: found(field, ask, circumstances.now),
  }));
}

function wanted(field: TestedField, rule: Rule): string {
  switch (field) {
    case "kinds":
      return list(rule.kinds?.map(kindWord) ?? ["auth", "sshsig"]);
    case "forwarded":
      return rule.forwarded === undefined
        ? "not forwarded (neither forwarded nor via is written)"
        : `${rule.forwarded}`;
    case "uid":
      return rule.uid === undefined ? "not root (uid is not written)" : list(rule.uid);
    case "max_ttl":
      return `at most ${durationText(rule.maxTtl ?? 0)}`;
    case "via":
      return `${rule.action === "deny" ? "any" : "all"} of ${list(rule.via ?? [])}`;
    default:
      return list(rule[field] ?? []);
  }
}

function found(field: TestedField, ask: Ask, now: Moment): string {
  const { identity, peer, route, signed } = ask;
  switch (field) {
    case "kinds":
      return kindLabel(signed);
    case "keys":
      return list(
        [identity.fingerprint, identity.id, identity.comment, identity.itemName].filter((name) => name !== ""),
      );
    case "forwarded":
      return route.kind === "unbound" ? "unknown: the connection was never bound" : `${isForwarded(route)}`;
    case "via":
      return isForwarded(route) === true ? `route ${routeWords(route).join(" > ")}` : "not known to be forwarded";
    case "hosts":
      return destination(ask);
    case "users":
      return signed.kind === "auth" && provenDestination(ask) !== undefined ? signed.user : destination(ask);
    case "exe":
      return provenProgram(peer)?.path ?? unknownProgram(ask);
    case "ancestors":
      return peer.foreignMounts === false
        ? list(peer.ancestors.map(({ exe }) => exe ?? "unknown"))
        : unknownProgram(ask);
    case "cgroup":
    case "tty":
      return peer[field] ?? (field === "tty" ? "none" : "unknown");
    case "session":
      return peer.session > 0 ? `${peer.session}` : "unknown";
    case "uid":
      return `${peer.uid}`;
    case "max_ttl":
      return identity.expires === undefined
        ? "a key without a lifetime"
        : `${durationText(remaining(identity.expires, now) / 1000)} left`;
    default:
      return field satisfies never;
  }
}

function destination(ask: Ask): string {
  const hop = provenDestination(ask);
  if (hop !== undefined) return list([...hop.names, hop.hostFingerprint]);
  if (ask.signed.kind !== "auth") return "not a login";
  return ask.route.kind === "unbound"
    ? "unknown: the connection was never bound"
    : "unknown: the last bind does not prove it";
}

function unknownProgram({ peer }: Ask): string {
  if (peer.exe === undefined) return "unknown: the kernel does not say";
  if (peer.foreignMounts !== false) return "unknown: the client may see other files under the same names";
  return `unknown: ${peer.exe} was deleted or replaced`;
}

function list(words: readonly (string | number)[]): string {
  return words.map((word) => JSON.stringify(word)).join(", ");
}

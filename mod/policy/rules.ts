/**
 * Rules: what the user wrote down about which key may sign what. A rule matches or it does not; the first that matches
 * decides. A field left out matches anything, except that `kinds` left out means auth and sshsig.
 *
 * Not for: rules on hosts, routes or programs. Until those are proven, no rule matches a forwarded connection.
 *
 * @module
 */

import type { SignedData } from "../ssh/signed_data.ts";
import type { Ask, AskedIdentity } from "./ask.ts";
import { globMatches } from "./glob.ts";

/** What a rule can say. */
export const RULE_ACTIONS = ["allow", "ask", "deny"] as const;
/** The words of `kinds`; `sshsig:NAMESPACE` besides. */
export const KIND_WORDS = ["auth", "sshsig", "certificate", "other"] as const;

/** One word of `kinds`, read. */
export type KindPattern =
  | { readonly kind: Exclude<SignedData["kind"], "sshsig"> }
  /** Without a namespace: every namespace. */
  | { readonly kind: "sshsig"; readonly namespace?: string };

/** One entry of `[[rules]]`. */
export interface Rule {
  /** For the log: `rule 2`. */
  readonly name: string;
  /** Where it is written: `FILE:LINE`. */
  readonly origin: string;
  readonly action: typeof RULE_ACTIONS[number];
  /** Fingerprints, identity ids, item ids, and globs for comments and item names; any of them will do. */
  readonly keys?: readonly string[];
  /** Any of them will do. */
  readonly kinds?: readonly KindPattern[];
}

const DEFAULT_KINDS: readonly KindPattern[] = [{ kind: "auth" }, { kind: "sshsig" }];
const NAMESPACE_MARK = "sshsig:";

/** Reads one word of `kinds`; undefined if it is none. A namespace is taken as it is, and compared exactly. */
export function parseKind(word: string): KindPattern | undefined {
  if (!word.startsWith(NAMESPACE_MARK)) {
    const kind = KIND_WORDS.find((known) => known === word);
    return kind === undefined ? undefined : { kind };
  }
  const namespace = word.slice(NAMESPACE_MARK.length);
  return namespace === "" ? undefined : { kind: "sshsig", namespace };
}

/** The word that {@linkcode parseKind} reads. */
export function kindWord(pattern: KindPattern): string {
  return pattern.kind === "sshsig" && pattern.namespace !== undefined
    ? `${NAMESPACE_MARK}${pattern.namespace}`
    : pattern.kind;
}

/** Whether a rule speaks about an ask. */
export function ruleMatches(rule: Rule, ask: Ask): boolean {
  if (ask.route.forwarded === true) return false;
  const { keys, kinds = DEFAULT_KINDS } = rule;
  return kinds.some((kind) => kindMatches(kind, ask.signed)) &&
    (keys === undefined || keys.some((key) => keyMatches(key, ask.identity)));
}

function kindMatches(pattern: KindPattern, signed: SignedData): boolean {
  if (pattern.kind !== "sshsig" || signed.kind !== "sshsig") return pattern.kind === signed.kind;
  return pattern.namespace === undefined || pattern.namespace === signed.namespace;
}

/**
 * Comment and item name are what whoever may edit the vault item wrote: a glob trusts them, a fingerprint does not.
 */
function keyMatches(pattern: string, identity: AskedIdentity): boolean {
  return pattern === identity.fingerprint || pattern === identity.id || pattern === itemId(identity.id) ||
    globMatches(pattern, identity.comment) || globMatches(pattern, identity.itemName);
}

/** Identity id = item id `#` slot. */
function itemId(identityId: string): string {
  const mark = identityId.indexOf("#");
  return mark === -1 ? identityId : identityId.slice(0, mark);
}

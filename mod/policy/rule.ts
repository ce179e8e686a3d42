/**
 * Rules: what the user wrote down about which key may sign what, for whom, over which route. A rule matches or it does
 * not; the first that matches decides. A field left out matches anything, except that `kinds` left out means auth and
 * sshsig, that without `forwarded` or `via` a rule never matches a forwarded connection, and that what allows root's
 * processes names their uid.
 *
 * @module
 */

import type { SignedData } from "../ssh/signed_data.ts";
import type { Moment } from "./moment.ts";

/** The words of `remember`. */
export const REMEMBER_SCOPES = ["once", "connection", "app", "app+session", "host"] as const;
/** What later asks must have in common with the one that was answered, besides key, kind, user and destination. */
export type RememberScope = typeof REMEMBER_SCOPES[number];

/** What a rule can say. */
export const RULE_ACTIONS = ["allow", "ask", "deny"] as const;
/** The words of `kinds`; `sshsig:NAMESPACE` besides. */
export const KIND_WORDS = ["auth", "sshsig", "certificate", "other"] as const;

/** One word of `kinds`, read. */
export type KindPattern =
  | { readonly kind: Exclude<SignedData["kind"], "sshsig"> }
  /** Without a namespace: every namespace. */
  | { readonly kind: "sshsig"; readonly namespace?: string };

/** One entry of `[[rules]]`. Of a list, any element will do. */
export interface Rule {
  /** For the log: `rule 2`. */
  readonly name: string;
  /** Where it is written: `FILE:LINE`. */
  readonly origin: string;
  readonly action: typeof RULE_ACTIONS[number];
  /** Fingerprints, identity ids, item ids, and globs for comments and item names. */
  readonly keys?: readonly string[];
  readonly kinds?: readonly KindPattern[];
  /** Destination of a login: names by known_hosts, globs for them, host key fingerprints. Only what a bind proved. */
  readonly hosts?: readonly string[];
  /** Login name, or glob for it; only where the destination is proven. */
  readonly users?: readonly string[];
  /** True: only forwarded connections. False: only connections proven not to be. */
  readonly forwarded?: boolean;
  /**
   * Hosts over which the agent was forwarded, as in `hosts`. To allow or ask, every one of them has to be named; to deny, one
   * is enough.
   */
  readonly via?: readonly string[];
  /** Globs for the path of the client's program. An unknown program matches none. */
  readonly exe?: readonly string[];
  /** Globs for the path of any program above the client. */
  readonly ancestors?: readonly string[];
  /** Globs for the client's cgroup, which names its unit or container. */
  readonly cgroup?: readonly string[];
  /** Globs for the client's terminal. A client without one matches none. */
  readonly tty?: readonly string[];
  /** Session ids, setsid(2). */
  readonly session?: readonly number[];
  readonly uid?: readonly number[];
  /** With `ask`: how far the answer counts. */
  readonly remember?: RememberScope;
  /** With `remember`: for how many seconds. */
  readonly rememberFor?: number;
  /** Seconds: only keys that are dropped by themselves within this time. */
  readonly maxTtl?: number;
}

/** Under what a rule is looked at. */
export interface Circumstances {
  readonly now: Moment;
  /** The uid the daemon runs as. */
  readonly ourUid: number;
}

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

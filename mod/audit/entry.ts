/**
 * One line of the audit log: who wanted which key to sign what, over which route, and what was answered. Names and
 * public facts only: no signed data, no arguments of programs, nothing secret.
 *
 * @module
 */

import { type Ask, isForwarded } from "../policy/ask.ts";
import { kindLabel } from "../ssh/signed_data.ts";

/** What was decided and how it came about. */
export interface Decision {
  readonly verdict: "allow" | "deny";
  /** `rule 2 (FILE:LINE)`, `grant 7`, `approved through polkit`, or the reason for a denial. */
  readonly by: string;
  /** The reason's sentence for a denial; empty for an allowance. */
  readonly detail: string;
  /** Whether somebody was shown a prompt. */
  readonly prompted: boolean;
  /** From the request to the answer, milliseconds. */
  readonly duration: number;
}

/** A line as an object; the field names are a contract. */
export interface AuditEntry {
  /** Counts all lines, over rotations too. */
  readonly n: number;
  /** UTC, ISO 8601 with milliseconds. */
  readonly time: string;
  /** Short name for `bwssh why`: the first characters of the line's own hash are not known yet, so the count in base 36. */
  readonly id: string;
  readonly verdict: "allow" | "deny";
  readonly by: string;
  readonly detail?: string;
  readonly kind: string;
  readonly user?: string;
  /** Verified hops in order, each by name or fingerprint; absent without a bind. */
  readonly route?: readonly string[];
  readonly forwarded: boolean | "unknown";
  readonly key: string;
  readonly comment?: string;
  readonly item?: string;
  readonly source?: string;
  readonly pid: number;
  readonly uid: number;
  readonly exe?: string;
  /** Programs above the peer, nearest first. */
  readonly ancestors?: readonly string[];
  readonly prompted: boolean;
  readonly ms: number;
  /** SHA-256 of the line before, hex; zeros for the very first. */
  readonly prev: string;
}

/** What of an entry comes from the ask: everything but its place in the log. */
export function describeAsk(
  ask: Ask,
): Omit<AuditEntry, "n" | "time" | "id" | "verdict" | "by" | "prompted" | "ms" | "prev"> {
  const { identity, peer, route, signed } = ask;
  return {
    kind: kindLabel(signed),
    ...(signed.kind === "auth" ? { user: signed.user } : {}),
    ...(route.kind === "bound" ? { route: route.hops.map((hop) => hop.names[0] ?? hop.hostFingerprint) } : {}),
    forwarded: isForwarded(route),
    key: identity.fingerprint,
    comment: identity.comment,
    item: identity.itemName,
    source: identity.source,
    pid: peer.pid,
    uid: peer.uid,
    ...(peer.exe === undefined ? {} : { exe: peer.exe }),
    ...(peer.ancestors.length === 0 ? {} : { ancestors: peer.ancestors.map(({ program }) => program) }),
  };
}

/**
 * Reads a line.
 * @returns undefined for what is no entry.
 */
export function parseEntry(line: string): AuditEntry | undefined {
  let value: unknown;
  try {
    value = JSON.parse(line);
  } catch {
    return undefined;
  }
  if (typeof value !== "object" || value === null) return undefined;
  const { n, time, id, verdict, by, kind, key, pid, prev } = value as Record<string, unknown>;
  const strings = [time, id, by, kind, key, prev].every((field) => typeof field === "string");
  const isEntry = strings && typeof n === "number" && typeof pid === "number" &&
    (verdict === "allow" || verdict === "deny");
  return isEntry ? value as AuditEntry : undefined;
}

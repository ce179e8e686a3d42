/**
 * One test for each field of a rule: whether what is written there, or its absence, agrees with an ask.
 *
 * @module
 */

import type { SignedData } from "../ssh/signed_data.ts";
import { type Ask, type AskedIdentity, isForwarded } from "./ask.ts";
import { globMatches } from "./glob.ts";
import { remaining } from "./moment.ts";
import { forwardingHops, hopMatches, provenDestination, provenProgram } from "./proven.ts";
import type { Circumstances, KindPattern, Rule } from "./rule.ts";

/** The fields that make a rule match or not, as they are written; the cheap ones that most often fail come first. */
export const TESTED_FIELDS = [
  ...["kinds", "keys", "uid", "forwarded", "via", "hosts", "users"] as const,
  ...["exe", "ancestors", "cgroup", "tty", "session", "max_ttl"] as const,
] as const;

/** One of them. */
export type TestedField = typeof TESTED_FIELDS[number];

type FieldTest = (rule: Rule, ask: Ask, circumstances: Circumstances) => boolean;

const DEFAULT_KINDS: readonly KindPattern[] = [{ kind: "auth" }, { kind: "sshsig" }];

/** Whether one field of a rule agrees with an ask. */
export const FIELD_TESTS: Readonly<Record<TestedField, FieldTest>> = {
  kinds: ({ kinds = DEFAULT_KINDS }, { signed }) => kinds.some((kind) => kindMatches(kind, signed)),
  keys: ({ keys }, { identity }) => keys === undefined || keys.some((key) => keyMatches(key, identity)),
  uid: uidMatches,
  forwarded: forwardedMatches,
  via: viaMatches,
  hosts: ({ hosts }, ask) => {
    if (hosts === undefined) return true;
    const destination = provenDestination(ask);
    return destination !== undefined && hosts.some((host) => hopMatches(host, destination));
  },
  // Who may log in where is one question: without the host, a name proves nothing.
  users: ({ users }, ask) => users === undefined || matchesAny(users, provenUser(ask)),
  exe: ({ exe }, { peer }) => exe === undefined || matchesAny(exe, provenProgram(peer)?.path),
  ancestors: ancestorMatches,
  cgroup: ({ cgroup }, { peer }) => cgroup === undefined || matchesAny(cgroup, peer.cgroup),
  tty: ({ tty }, { peer }) => tty === undefined || matchesAny(tty, peer.tty),
  session: ({ session }, { peer }) => session === undefined || (peer.session > 0 && session.includes(peer.session)),
  max_ttl: ({ maxTtl }, { identity }, { now }) => {
    if (maxTtl === undefined) return true;
    if (identity.expires === undefined) return false;
    const left = remaining(identity.expires, now);
    return left > 0 && left <= maxTtl * 1000;
  },
};

/** Whether a word of `kinds` names what is signed. */
export function kindMatches(pattern: KindPattern, signed: SignedData): boolean {
  if (pattern.kind !== "sshsig" || signed.kind !== "sshsig") return pattern.kind === signed.kind;
  return pattern.namespace === undefined || pattern.namespace === signed.namespace;
}

/** Whether the client is root's, and the daemon is not. */
export function isForeignRoot({ peer }: Ask, ourUid: number): boolean {
  return peer.uid === 0 && ourUid !== 0;
}

function provenUser(ask: Ask): string | undefined {
  return ask.signed.kind === "auth" && provenDestination(ask) !== undefined ? ask.signed.user : undefined;
}

/** Comment and item name are what whoever may edit the vault item wrote: a glob trusts them, a fingerprint does not. */
function keyMatches(pattern: string, identity: AskedIdentity): boolean {
  return pattern === identity.fingerprint || pattern === identity.id || pattern === itemId(identity.id) ||
    globMatches(pattern, identity.comment) || globMatches(pattern, identity.itemName);
}

/** Identity id = item id `#` slot. */
function itemId(identityId: string): string {
  const mark = identityId.indexOf("#");
  return mark === -1 ? identityId : identityId.slice(0, mark);
}

/** Root can become any user and need not ask: what lets root's processes sign has to say that it means them. */
function uidMatches({ uid, action }: Rule, ask: Ask, { ourUid }: Circumstances): boolean {
  return uid === undefined ? action === "deny" || !isForeignRoot(ask, ourUid) : uid.includes(ask.peer.uid);
}

function forwardedMatches({ forwarded, via }: Rule, { route }: Ask): boolean {
  if (route.kind === "poisoned") return false;
  if (forwarded === undefined) return via !== undefined || isForwarded(route) !== true;
  return isForwarded(route) === forwarded;
}

function viaMatches({ via, action }: Rule, ask: Ask): boolean {
  if (via === undefined) return true;
  const hops = forwardingHops(ask);
  const isNamed = (hop: typeof hops[number]): boolean => via.some((host) => hopMatches(host, hop));
  // One unnamed host on the way can do all that a named one can.
  return action === "deny" ? hops.some(isNamed) : hops.length > 0 && hops.every(isNamed);
}

/** By path only: the kernel's short name of a process is whatever the process says. */
function ancestorMatches({ ancestors }: Rule, { peer }: Ask): boolean {
  if (ancestors === undefined) return true;
  return peer.foreignMounts === false && peer.ancestors.some(({ exe }) => matchesAny(ancestors, exe));
}

function matchesAny(globs: readonly string[], text: string | undefined): boolean {
  return text !== undefined && globs.some((glob) => globMatches(glob, text));
}

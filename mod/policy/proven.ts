/**
 * What of an ask is proven, as against said: the destination of a login, the program at the other end. Rules and grants
 * look at these alone.
 *
 * @module
 */

import type { Ask, Hop, PeerFacts } from "./ask.ts";
import { globMatches, isGlob } from "./glob.ts";
import { checkUserauth } from "./userauth_route.ts";

/**
 * The host a login goes to: the last hop, if the login's session is the one that host proved. Undefined for anything but a
 * login, over an unbound or poisoned connection, where login and bind contradict each other, and where the last hop is one
 * that forwards: the login then goes on to who knows where.
 */
export function provenDestination({ route, signed }: Ask): Hop | undefined {
  if (signed.kind !== "auth" || route.kind !== "bound" || checkUserauth(route, signed).kind !== "ok") return undefined;
  const last = route.hops[route.hops.length - 1];
  return last?.forwarding === false ? last : undefined;
}

/** The hops over which the agent was forwarded, first one first; empty without a bind. */
export function forwardingHops({ route }: Ask): readonly Hop[] {
  return route.kind === "bound" ? route.hops.filter((hop) => hop.forwarding) : [];
}

/**
 * The program's path and file, if both are certain. Unknown where the kernel does not say, where the process sees other
 * mounts than we do (its `/usr/bin/ssh` is not ours), and where the file was deleted (the path is free for another).
 */
export function provenProgram(
  { exe, exeFile, foreignMounts }: PeerFacts,
): { readonly path: string; readonly device: number; readonly inode: number } | undefined {
  if (exe === undefined || exeFile === undefined || exeFile.deleted || foreignMounts !== false) return undefined;
  return { path: exe, device: exeFile.device, inode: exeFile.inode };
}

/**
 * Whether a pattern of `hosts` or `via` names a hop: the host key's fingerprint, a name known_hosts has for the key, or a
 * glob. A glob sees only the names that known_hosts has in clear: of a hashed one it can be told only whether it is this one.
 */
export function hopMatches(pattern: string, hop: Hop): boolean {
  if (pattern === hop.hostFingerprint) return true;
  const name = pattern.toLowerCase(); // host names have no case; OpenSSH looks them up in lower case
  if (isGlob(name)) return hop.names.some((known) => globMatches(name, known.toLowerCase()));
  return hop.isNamed(name) || hop.names.some((known) => known.toLowerCase() === name);
}

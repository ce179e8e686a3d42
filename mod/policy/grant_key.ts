/**
 * What two asks must have in common for one answer to count for both.
 *
 * @module
 */

import type { SignedData } from "../ssh/signed_data.ts";
import type { Ask, PeerFacts, Route } from "./ask.ts";
import { provenDestination } from "./proven.ts";
import type { Remember } from "./remember.ts";

/**
 * A text that is the same for two asks exactly if an answer to the one, in this scope, counts for the other. Always in it:
 * the key, its vault item, the kind with its namespace, login name, every hop with its host key, the name known_hosts gives
 * the destination, the client's uid, and the rule under which the answer was given.
 */
export function grantKey(ask: Ask, { scope, by }: Pick<Remember, "scope" | "by">): string {
  const { identity, peer, route, signed } = ask;
  const shown = [scope, by, identity.fingerprint, identity.id, ...kindParts(signed), routeParts(ask, route), peer.uid];
  switch (scope) {
    case "app":
      return JSON.stringify([...shown, programParts(peer)]);
    case "app+session":
      return JSON.stringify([...shown, programParts(peer), peer.session]);
    case "connection":
      // The process at its other end may become another program, execve(2).
      return JSON.stringify([...shown, programParts(peer), ask.connection]);
    case "host":
    case "once":
      return JSON.stringify(shown);
    default:
      return scope satisfies never;
  }
}

/** The hops by the first name known_hosts has for each, else by fingerprint; the destination last. */
export function routeWords(route: Route): readonly string[] {
  return route.kind === "bound" ? route.hops.map((hop) => hop.names[0] ?? hop.hostFingerprint) : [];
}

function kindParts(signed: SignedData): readonly (string | null)[] {
  switch (signed.kind) {
    case "auth":
      return ["auth", signed.user];
    case "sshsig":
      return ["sshsig", signed.namespace];
    case "certificate":
    case "other":
      return [signed.kind, null];
    default:
      return signed satisfies never;
  }
}

function routeParts(ask: Ask, route: Route): unknown {
  if (route.kind !== "bound") return route.kind;
  const hops = route.hops.map((hop) => [hop.hostFingerprint, hop.forwarding]);
  // With an sshsig the last bind says only where the connection goes, not what the signature is for.
  return [hops, provenDestination(ask)?.names ?? null];
}

function programParts({ exe, exeFile, foreignMounts }: PeerFacts): unknown {
  return [
    exe ?? null,
    exeFile?.device ?? null,
    exeFile?.inode ?? null,
    exeFile?.deleted ?? null,
    foreignMounts ?? null,
  ];
}

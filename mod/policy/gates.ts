/**
 * What is refused before any rule is looked at, so that no rule can allow it: a peer that may not ask, a route that proves
 * a lie, a login that is not what it seems, and what the vault item itself forbids.
 *
 * @module
 */

import { plainKeyBlob } from "../ssh/certificate_types.ts";
import { kindLabel, type SignedData } from "../ssh/signed_data.ts";
import type { Ask, ItemLimits } from "./ask.ts";
import { hopMatches, provenDestination } from "./proven.ts";
import { kindMatches } from "./rule_fields.ts";
import { type KindPattern, parseKind } from "./rule.ts";
import { checkUserauth } from "./userauth_route.ts";
import { deny, type Verdict } from "./verdict.ts";

type Denial = Verdict & { readonly kind: "deny" };

/** The first reason to refuse an ask whatever the rules say; the worst comes first, so that the log names it. */
export function refusedAtOnce(ask: Ask, ourUid: number): Denial | undefined {
  return refusedPeer(ask, ourUid) ?? refusedRoute(ask) ?? refusedByItem(ask);
}

/** Root's processes may be let in by a rule; everybody else's never. */
function refusedPeer({ peer }: Ask, ourUid: number): Denial | undefined {
  if (peer.uid !== ourUid && peer.uid !== 0) {
    return deny("other-user", `The client runs as uid ${peer.uid}, and only uid ${ourUid} may sign`);
  }
  // SO_PEERCRED gives pid 0 for a process outside the daemon's pid namespace; without a start time a pid may be reused.
  if (peer.pid <= 0 || peer.startTime === undefined) {
    return deny("peer-unreadable", "The kernel does not say which process is asking");
  }
  return undefined;
}

function refusedRoute(ask: Ask): Denial | undefined {
  const { route, signed } = ask;
  if (route.kind === "poisoned") {
    return deny(
      "route-poisoned",
      `A session bind of this connection failed, so it signs nothing any more: ${route.why}`,
    );
  }
  if (signed.kind !== "auth") return undefined;
  if (route.kind === "unbound" && isOpenSshClient(ask.peer.exe)) {
    return deny(
      "unbound-login",
      "The client is OpenSSH's ssh, which binds its connection before it logs in, and there is no bind " +
        "(versions before 8.9 have none)",
    );
  }
  const check = checkUserauth(route, signed);
  if (check.kind === "contradiction") return deny("bind-mismatch", check.detail);
  if (!namesKeyOf(signed, ask)) {
    return deny("key-mismatch", "The login data names another key than the one that is to sign");
  }
  return undefined;
}

/** By name alone, whatever file it is: a program that calls itself ssh gains nothing here. */
function isOpenSshClient(exe: string | undefined): boolean {
  return exe !== undefined && /(?:^|\/)ssh(?: \(deleted\))?$/.test(exe);
}

/**
 * Whether login data speaks of the key that is to sign. With a certificate kept beside the key, as CertificateFile of
 * ssh_config(5), the data names the certificate and the agent is asked for the plain key.
 */
function namesKeyOf(login: SignedData & { kind: "auth" }, ask: Ask): boolean {
  const [named, signing] = [plainKeyBlob(login.key), plainKeyBlob(ask.identity.blob)];
  return named.length === signing.length && named.every((byte, at) => byte === signing[at]);
}

function refusedByItem(ask: Ask): Denial | undefined {
  const { signed, identity } = ask;
  const limits: ItemLimits = identity.limits ?? {};
  if (limits.sign !== undefined && !limits.sign.map(signWord).some((kind) => kindMatches(kind, signed))) {
    return deny("item-forbids-kind", `The vault item's bwssh.sign does not name ${kindLabel(signed)}`);
  }
  if (limits.hosts === undefined || signed.kind === "sshsig") return undefined;
  if (signed.kind !== "auth") {
    return deny("item-forbids-kind", `The vault item's bwssh.hosts allows logins, and this is ${kindLabel(signed)}`);
  }
  const destination = provenDestination(ask);
  if (destination === undefined) {
    return deny("item-forbids-host", "The vault item's bwssh.hosts needs a proven destination, and there is none");
  }
  if (!limits.hosts.some((host) => hopMatches(host, destination))) {
    const name = destination.names[0] ?? destination.hostFingerprint;
    return deny("item-forbids-host", `The vault item's bwssh.hosts does not name ${JSON.stringify(name)}`);
  }
  return undefined;
}

/** `git` is short for `sshsig:git`. */
function signWord(word: string): KindPattern {
  return parseKind(word) ?? { kind: "sshsig", namespace: word };
}

/**
 * The decision on an ask. Everything that is not allowed by a written rule ends in a denial or a question to the user.
 *
 * Not for: asking, remembering, or limiting rates.
 *
 * @module
 */

import { plainKeyBlob } from "../ssh/certificate_types.ts";
import type { SignedData } from "../ssh/signed_data.ts";
import type { Ask } from "./ask.ts";
import { type Rule, ruleMatches } from "./rules.ts";
import { allow, deny, type Verdict } from "./verdict.ts";

/** What is decided by. */
export interface Policy {
  /** The uid the daemon runs as: the only one whose processes may sign. */
  readonly ourUid: number;
  /** In order; the first that matches decides. */
  readonly rules: readonly Rule[];
}

/**
 * Decides on an ask. What nobody may do is looked at before the rules, so that no rule can allow it: another user's process
 * (root may list, but in this version does not sign), a peer the kernel does not identify, a forwarded connection, data that
 * is not what it seems, a key the vault wants the master password for.
 */
export function decide(ask: Ask, policy: Policy): Verdict {
  const { identity, peer, route, signed } = ask;
  if (peer.uid !== policy.ourUid) {
    return deny("other-user", `The client runs as uid ${peer.uid}, and only uid ${policy.ourUid} may sign`);
  }
  // SO_PEERCRED gives pid 0 for a process outside the daemon's pid namespace; without a start time a pid may be reused.
  if (peer.pid <= 0 || peer.startTime === undefined) {
    return deny("peer-unreadable", "The kernel does not say which process is asking");
  }
  if (route.forwarded === true) {
    return deny("forwarded", "The connection was forwarded from another host, and this version denies all of those");
  }
  if (identity.reprompt) {
    return deny(
      "re-prompt-item",
      "The vault asks for the master password at every use of this item, and nobody can be asked",
    );
  }
  if (signed.kind === "auth" && !namesKeyOf(signed, ask)) {
    return deny("kind-not-allowed", "The login data names another key than the one that is to sign");
  }
  const rule = policy.rules.find((each) => ruleMatches(each, ask));
  return rule === undefined ? withoutRule(signed) : byRule(rule, ask);
}

function byRule(rule: Rule, ask: Ask): Verdict {
  const by = `${rule.name} (${rule.origin})`;
  switch (rule.action) {
    case "allow":
      return allow(ask, by);
    case "deny":
      return deny("denied-by-rule", `${by} denies it`);
    case "ask":
      return { kind: "ask", by: `${by} says ask` };
    default:
      return rule.action satisfies never;
  }
}

function withoutRule(signed: SignedData): Verdict {
  switch (signed.kind) {
    case "auth":
    case "sshsig":
      return { kind: "ask", by: "no rule matches" };
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

/**
 * Whether login data speaks of the key that is to sign. With a certificate kept beside the key, as CertificateFile of
 * ssh_config(5), the data names the certificate and the agent is asked for the plain key.
 */
function namesKeyOf(login: SignedData & { kind: "auth" }, ask: Ask): boolean {
  const { blob } = ask.identity;
  return sameBlob(login.key, blob) || sameBlob(plainKeyBlob(login.key), plainKeyBlob(blob));
}

function sameBlob(a: Uint8Array, b: Uint8Array): boolean {
  if (a.length !== b.length) return false;
  for (let at = 0; at < a.length; at++) if (a[at] !== b[at]) return false;
  return true;
}

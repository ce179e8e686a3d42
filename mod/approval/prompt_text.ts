/**
 * What a person is asked, in words. Says what is proven and what is only said: a login's destination stands there only where
 * the host itself proved it.
 *
 * Not for: asking; whoever asks shows this text, or says it in his own way from the same facts.
 *
 * @module
 */

import { type Ask, type Hop, isForwarded, type PeerFacts } from "../policy/ask.ts";
import { forwardingHops, provenDestination, provenProgram } from "../policy/proven.ts";
import type { Remember } from "../policy/remember.ts";
import { kindLabel } from "../ssh/signed_data.ts";
import { detail, shown } from "./shown_text.ts";

/** Programs shown: more is more than a person reads. */
const MAX_CHAIN = 4;
/** Hops shown. */
const MAX_VIA = 3;
const UNKNOWN = "unknown";

/**
 * The question, one or more sentences on one line, at most some 700 characters:
 * `ssh (from git, zsh) wants to use the SSH key "work" to log in as "git" at "github.com". A yes counts this once.`
 *
 * @param remember How far a yes counts, if that is to be said.
 */
export function describeAsk(ask: Ask, remember?: Remember): string {
  const key = `"${shown(keyLabel(ask))}"`;
  const sentences = [`${chain(ask.peer)} wants to use the SSH key ${key} to ${purpose(ask)}.`, ...warnings(ask)];
  if (remember !== undefined) sentences.push(reach(remember));
  return sentences.join(" ");
}

/** The question whether keys may be unlocked or listed. */
export function describeAdmission(action: "unlock" | "list", peer: PeerFacts): string {
  const purposes = {
    unlock: "unlock the vault's SSH keys, so that they can be used",
    list: "see which SSH keys there are",
  };
  return `${chain(peer)} wants to ${purposes[action]}.`;
}

/** The facts by name, for rules of the administrator (`action.lookup("bwssh.kind")`); `unknown` where one is not known. */
export function askDetails(ask: Ask): readonly (readonly [name: string, value: string])[] {
  const { signed, identity } = ask;
  const destination = provenDestination(ask);
  const via = forwardingHops(ask).map(hopName);
  return [
    ["bwssh.key_fingerprint", identity.fingerprint],
    ["bwssh.key_label", detail(keyLabel(ask))],
    ["bwssh.kind", detail(kindLabel(signed))],
    ["bwssh.user", signed.kind === "auth" ? detail(signed.user) : UNKNOWN],
    ["bwssh.host", destination === undefined ? UNKNOWN : detail(hopName(destination))],
    ["bwssh.forwarded", String(isForwarded(ask.route))],
    ["bwssh.route", via.length === 0 ? ask.route.kind : detail(via.join(" then "))],
    ...peerDetails(ask.peer),
  ];
}

/** The facts about who asks, by name. The path only where it is certain to be the path of that file. */
export function peerDetails(peer: PeerFacts): readonly (readonly [name: string, value: string])[] {
  return [
    ["bwssh.request.pid", String(peer.pid)],
    ["bwssh.request.exe", detail(provenProgram(peer)?.path ?? UNKNOWN)],
    ["bwssh.request.chain", detail(programs(peer).join(" from "))],
  ];
}

function purpose(ask: Ask): string {
  const { signed } = ask;
  switch (signed.kind) {
    case "auth":
      return `log in as "${shown(signed.user)}" at ${destinationWords(ask)}`;
    case "sshsig":
      return sshsigWords(signed.namespace);
    case "certificate": {
      const type = signed.certType === "unknown" ? "SSH certificate" : `SSH ${signed.certType} certificate`;
      return `issue an ${type}, which others can log in or pose as a host with`;
    }
    case "other":
      return "sign data of an unknown kind, which may be anything";
    default:
      return signed satisfies never;
  }
}

/** Namespaces that OpenSSH and git use have names; any other one is shown. */
function sshsigWords(namespace: string): string {
  if (namespace === "git") return "sign a git commit or tag";
  if (namespace === "file") return "sign a file";
  return `sign a message in the namespace "${shown(namespace)}"`;
}

function destinationWords(ask: Ask): string {
  const destination = provenDestination(ask);
  return destination === undefined ? "an unknown host" : quotedHop(destination);
}

function warnings(ask: Ask): readonly string[] {
  const via = forwardingHops(ask);
  if (via.length > 0) {
    const names = via.slice(0, MAX_VIA).map(quotedHop).join(", then ");
    const more = via.length > MAX_VIA ? ` and ${via.length - MAX_VIA} more` : "";
    return [`The request does not come from this computer: it was forwarded through ${names}${more}.`];
  }
  if (isForwarded(ask.route) === "unknown") return ["It may come from another computer: nothing proves where from."];
  return [];
}

function reach({ scope, seconds }: Remember): string {
  const long = seconds >= 60 ? `${Math.floor(seconds / 60)} min` : `${seconds} s`;
  switch (scope) {
    case "once":
      return "A yes counts this once.";
    case "connection":
      return "A yes counts for this connection.";
    case "app":
      return `A yes counts ${long} for this program.`;
    case "app+session":
      return `A yes counts ${long} for this program in this terminal.`;
    case "host":
      return `A yes counts ${long} for this host.`;
    default:
      return scope satisfies never;
  }
}

/** `ssh (from git, zsh)`. The program's name is what it calls itself, so it stands in no quotes and proves nothing. */
function chain(peer: PeerFacts): string {
  const [program = UNKNOWN, ...above] = programs(peer);
  const from = above.length === 0 ? "" : ` (from ${above.join(", ")})`;
  const elsewhere = peer.foreignMounts === true ? ", in a container," : "";
  return `${program}${from}${elsewhere}`;
}

function programs(peer: PeerFacts): readonly string[] {
  const own = peer.exe === undefined ? "an unknown program" : peer.exe.slice(peer.exe.lastIndexOf("/") + 1);
  return [own, ...peer.ancestors.map(({ program }) => program)].slice(0, MAX_CHAIN).map(shown);
}

function keyLabel({ identity }: Ask): string {
  return identity.itemName || identity.comment || identity.fingerprint;
}

function quotedHop(hop: Hop): string {
  const [name] = hop.names;
  return name === undefined ? `a host known by its key alone, ${hop.hostFingerprint}` : `"${shown(name)}"`;
}

function hopName(hop: Hop): string {
  return hop.names[0] ?? hop.hostFingerprint;
}

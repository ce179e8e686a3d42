/**
 * The rule a user would have to write to allow an ask, as text for `config.toml`. What the ask brought along (names, a
 * namespace) comes from others: it can neither end its string, nor start a line, nor move a terminal's cursor.
 *
 * @module
 */

import { type Ask, type Hop, isForwarded } from "./ask.ts";
import { forwardingHops, provenDestination, provenProgram } from "./proven.ts";
import { type KindPattern, kindWord } from "./rule.ts";

/** Enough of a name to recognise it. */
const LONGEST_NAME = 60;

/**
 * Writes the narrowest rule that allows an ask, as far as it is proven: this key by fingerprint, this kind, this user at
 * this host, over this route, from this program.
 *
 * @returns Lines of TOML, each ended by a line feed.
 */
export function suggestRule(ask: Ask): string {
  const { identity, signed, peer } = ask;
  const kind: KindPattern = signed.kind === "sshsig"
    ? { kind: "sshsig", namespace: signed.namespace }
    : { kind: signed.kind };
  const lines = [
    "[[rules]]",
    'action = "allow"',
    `keys = [${tomlString(identity.fingerprint)}] # ${nameFor(identity.itemName || identity.comment)}`,
    `kinds = [${tomlString(kindWord(kind))}]`,
  ];
  const destination = provenDestination(ask);
  if (destination !== undefined) lines.push(`hosts = [${hostString(destination)}]`);
  if (destination !== undefined && signed.kind === "auth" && signed.user !== "") {
    lines.push(`users = [${globString(signed.user)}]`);
  }
  if (isForwarded(ask.route) === true) lines.push(`via = [${forwardingHops(ask).map(hostString).join(", ")}]`);
  const program = provenProgram(peer);
  if (program?.path.startsWith("/")) lines.push(`exe = [${globString(program.path)}]`);
  if (peer.uid === 0) lines.push("uid = [0]");
  if (kind.kind === "certificate") {
    lines.unshift("# Careful: whoever can ask then issues certificates in this key's name");
  }
  if (kind.kind === "other") {
    lines.unshift("# Careful: with this the key signs anything, logins it was never asked for included");
  }
  return `${lines.join("\n")}\n`;
}

/** A host by the name the user knows it by, where that is plain; the fingerprint is as good. */
function hostString({ names, hostFingerprint }: Hop): string {
  return tomlString(names.find((name) => /^[\w.:\[\]-]+$/.test(name)) ?? hostFingerprint);
}

/** A glob that matches this text: what is special in a glob, or nobody can see, is any one character there. */
function globString(text: string): string {
  return tomlString(text.replace(/[*?\p{C}\p{Zl}\p{Zp}]/gu, "?"));
}

/** A TOML basic string; `$` is doubled because strings of the configuration are interpolated. */
export function tomlString(text: string): string {
  return `"${escapeInvisible(text.replace(/["\\]/g, "\\$&").replaceAll("$", "$$$$"))}"`;
}

/** A name for a comment, which has no escapes of its own. */
function nameFor(name: string): string {
  const characters = [...name];
  const shown = characters.length > LONGEST_NAME ? `${characters.slice(0, LONGEST_NAME).join("")}…` : name;
  return escapeInvisible(shown);
}

/** Control and format characters (bidirectional overrides among them), line separators, and what no font has. */
function escapeInvisible(text: string): string {
  return text.replace(/[\p{C}\p{Zl}\p{Zp}]/gu, (character) => {
    const code = character.codePointAt(0) ?? 0;
    const hex = code.toString(16).toUpperCase();
    return code > 0xffff ? `\\U${hex.padStart(8, "0")}` : `\\u${hex.padStart(4, "0")}`;
  });
}

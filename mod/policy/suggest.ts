/**
 * The rule a user would have to write to allow an ask, as text for `config.toml`. What the ask brought along (names, a
 * namespace) comes from others: it can neither end its string, nor start a line, nor move a terminal's cursor.
 *
 * @module
 */

import type { Ask } from "./ask.ts";
import { type KindPattern, kindWord } from "./rules.ts";

/** Enough of a name to recognise it. */
const LONGEST_NAME = 60;

/**
 * Writes the narrowest rule that allows an ask: this key by fingerprint, this kind.
 *
 * @returns Lines of TOML, each ended by a line feed.
 */
export function suggestRule(ask: Ask): string {
  const { identity, signed } = ask;
  const kind: KindPattern = signed.kind === "sshsig"
    ? { kind: "sshsig", namespace: signed.namespace }
    : { kind: signed.kind };
  const lines = [
    "[[rules]]",
    'action = "allow"',
    `keys = [${tomlString(identity.fingerprint)}] # ${nameFor(identity.itemName || identity.comment)}`,
    `kinds = [${tomlString(kindWord(kind))}]`,
  ];
  if (kind.kind === "certificate") {
    lines.unshift("# Careful: whoever can ask then issues certificates in this key's name");
  }
  if (kind.kind === "other") {
    lines.unshift("# Careful: with this the key signs anything, logins it was never asked for included");
  }
  return `${lines.join("\n")}\n`;
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

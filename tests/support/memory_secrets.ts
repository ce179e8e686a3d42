/**
 * What the memory scan looks for: everything in a key file that is not public, a session of `bw`, the passwords around
 * the keys.
 *
 * Not for: any other test; nothing here may be printed, compared with `deepEqual`, or put into a message.
 *
 * @module
 */

import { createHash } from "node:crypto";
import { secretsForMemoryScan } from "./key_secrets.ts";
import { type Pattern, patternsOf, type Secret, textPattern } from "./memory_patterns.ts";
import type { TestKey } from "./test_keys.ts";
import type { PlainItem } from "./vault_items.ts";

/** A run of so many characters of a key file's secret part is a find; shorter ends of lines are not looked for. */
const LINE_PART = 16;
/** So much of an item's notes is looked for. */
const NOTES = 64;

/** The patterns of a private key: its numbers, and the lines of its text as they stand in the vault. */
export async function patternsOfKey(name: string, key: TestKey): Promise<readonly Pattern[]> {
  const numbers = (await secretsForMemoryScan(key))
    .filter((secret) => secret.name !== "base64 body" && !secret.name.endsWith("little-endian"));
  const secrets = numbers.flatMap(({ name: number, bytes }) => {
    const whole = [{ name: `${name} ${number}`, bytes }];
    return number === "seed" ? [...whole, ...expanded(name, bytes)] : whole;
  });
  const lines = secretLines(key.revealPrivateText(), numbers.map(({ bytes }) => bytes));
  return [
    ...secrets.flatMap(patternsOf),
    ...lines.map((line) => textPattern(`${name} text`, "line of the PEM", line, 32)),
  ];
}

/** The patterns of a session key: its 88 characters and what they decode to. */
export function patternsOfSession(session: Uint8Array): readonly Pattern[] {
  const text = new TextDecoder().decode(session);
  const decoded = Uint8Array.from(atob(text), (character) => character.charCodeAt(0));
  return [textPattern("session", "text", text), ...patternsOf({ name: "session", bytes: decoded })];
}

/** The passwords of the logins around the keys, and their notes where they are long enough to look for. */
export function patternsOfCrowd(items: readonly PlainItem[]): readonly Pattern[] {
  return items.flatMap(({ login, notes = "" }) => {
    const [, canary] = /([0-9a-f]{8}-[0-9a-f-]{27})$/.exec(login?.password ?? "") ?? [];
    if (canary === undefined) return [];
    const password = textPattern("a login's password", "text", canary);
    return notes.length < NOTES
      ? [password]
      : [password, textPattern("a login's notes", "text", notes.slice(0, NOTES))];
  });
}

/** What an Ed25519 seed is hashed to before it signs (RFC 8032 §5.1.5): scalar and prefix are as good as the seed. */
function expanded(name: string, seed: Uint8Array): readonly Secret[] {
  const hash = new Uint8Array(createHash("sha512").update(seed).digest());
  const scalar = hash.slice(0, 32);
  scalar[0] = (scalar[0] ?? 0) & 0xf8;
  scalar[31] = ((scalar[31] ?? 0) & 0x3f) | 0x40;
  return [{ name: `${name} expanded scalar`, bytes: scalar }, { name: `${name} prefix`, bytes: hash.slice(32) }];
}

/** The parts of a PEM's lines that encode secret numbers; the rest is public, and stands in the public cache too. */
function secretLines(text: string, numbers: readonly Uint8Array[]): readonly string[] {
  const lines = text.split("\n").filter((line) => line !== "" && !line.startsWith("-----"));
  const body = Uint8Array.from(atob(lines.join("")), (character) => character.charCodeAt(0));
  const parts: string[] = [];
  for (const number of numbers) {
    const start = indexOf(body, number);
    if (start < 0) continue; // OpenSSH's format has no dp and dq
    const [first, last] = [Math.ceil((start * 4) / 3), Math.floor(((start + number.length) * 4) / 3)];
    let at = 0;
    for (const line of lines) {
      const part = line.slice(Math.max(0, first - at), Math.max(0, last - at));
      if (part.length >= LINE_PART) parts.push(part);
      at += line.length;
    }
  }
  return parts;
}

function indexOf(bytes: Uint8Array, part: Uint8Array): number {
  for (let at = 0; at + part.length <= bytes.length; at++) {
    if (part.every((byte, offset) => bytes[at + offset] === byte)) return at;
  }
  return -1;
}

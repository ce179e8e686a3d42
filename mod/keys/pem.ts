/**
 * The armour of private keys (RFC 7468, and RFC 1421 for headers), read liberally: vaults and their users fold lines at
 * any width or not at all, use CRLF, add a BOM, quotes and blanks, and write line breaks as `\n`. From locked memory to
 * locked memory.
 *
 * @module
 */

import type { Secret, SecretMemory } from "../../ffi/secret.ts";
import { KeyError, malformed, passphraseProtected, unsupported } from "./key_error.ts";

/** The longest text we look at: RSA-16384 takes 13 KiB, and sources take no attachment above this. */
export const MAX_KEY_TEXT = 64 * 1024;

const BEGIN = "-----BEGIN ";
const DASHES = "-----";
/** Labels of private keys that are not protected. */
const LABELS = ["OPENSSH PRIVATE KEY", "PRIVATE KEY", "RSA PRIVATE KEY", "EC PRIVATE KEY"] as const;
const BACKSLASH = 0x5c;
const COLON = 0x3a;

/** Which of the containers a key is in. */
export type PemLabel = typeof LABELS[number];

/** A key without its armour; the receiver wipes it. */
export interface Unarmoured {
  readonly label: PemLabel;
  readonly body: Secret;
}

/**
 * Takes the armour off the one private key in a text.
 *
 * @param memory Where the result goes, and the cleaned base64 for a moment.
 * @throws {KeyError} If there is none, more than one, or one that is protected, unsupported or cut short.
 */
export function removeArmour(text: Secret, memory: SecretMemory): Unarmoured {
  if (text.length > MAX_KEY_TEXT) throw malformed(`its text has more than ${MAX_KEY_TEXT / 1024} KiB`);
  const { label, start, end } = findBlock(text);
  using base64 = cleanBase64(text.view(start, end), memory);
  const body = memory.decodeBase64(base64);
  if (body === undefined) throw malformed("what stands between its first and last line is not base64");
  return { label, body };
}

interface Block {
  readonly label: PemLabel;
  readonly start: number;
  readonly end: number;
}

function findBlock(text: Secret): Block {
  let found: Block | undefined;
  for (let at = text.indexOf(BEGIN); at >= 0; at = text.indexOf(BEGIN, at + 1)) {
    const after = at + BEGIN.length;
    if (text.startsWith(`ENCRYPTED PRIVATE KEY${DASHES}`, after)) throw passphraseProtected();
    if (text.startsWith(`DSA PRIVATE KEY${DASHES}`, after)) throw unsupported("DSA is not used any more");
    const label = LABELS.find((each) => text.startsWith(`${each}${DASHES}`, after));
    if (label === undefined) continue; // a certificate, a public key, EC PARAMETERS
    if (found !== undefined) throw malformed("the text holds more than one key");
    const start = after + label.length + DASHES.length;
    const end = text.indexOf(`-----END ${label}${DASHES}`, start);
    if (end < 0) throw malformed("its last line is missing");
    found = { label, start, end };
  }
  if (found === undefined) throw noBlock(text);
  return found;
}

/** What it is that holds no private key, as far as a marker says. */
function noBlock(text: Secret): KeyError {
  if (text.indexOf("PuTTY-User-Key-File-") >= 0) {
    return unsupported("it is in PuTTY's own format", "puttygen KEYFILE -O private-openssh -o NEWFILE");
  }
  if (text.indexOf("SSH2 ENCRYPTED PRIVATE KEY") >= 0) {
    return unsupported("it is in ssh.com's own format", "puttygen KEYFILE -O private-openssh -o NEWFILE");
  }
  if (text.indexOf("PUBLIC KEY-----") >= 0 || text.startsWith("ssh-") || text.startsWith("ecdsa-sha2-")) {
    return new KeyError("not-a-key", "Cannot find a private key: this is a public key");
  }
  return new KeyError("not-a-key", 'Cannot find a private key: there is no line "-----BEGIN … PRIVATE KEY-----"');
}

/** The base64 alone: without line breaks, whether real or written `\n`, and without RFC 1421 headers. */
function cleanBase64(body: Secret, memory: SecretMemory): Secret {
  using writer = memory.writer(MAX_KEY_TEXT);
  for (let at = 0; at < body.length;) {
    const line = lineAt(body, at);
    if (holdsColon(body, at, line.end)) {
      // `Proc-Type: 4,ENCRYPTED` (RFC 1421 §4.6.1.1), wherever a lost line break has put it.
      if (body.view(at, line.end).indexOf("ENCRYPTED") >= 0) throw passphraseProtected();
    } else for (let i = at; i < line.end; i++) if (!isBlank(body.uint8(i))) writer.push(body.uint8(i));
    at = line.next;
  }
  return writer.finish();
}

/** A line ends at a line feed, a carriage return, or a backslash, which is no base64 and so begins `\n`, `\r`, `\t`. */
function lineAt(body: Secret, start: number): { readonly end: number; readonly next: number } {
  let end = start;
  while (end < body.length && !endsLine(body.uint8(end))) end++;
  let next = end + 1;
  if (end < body.length && body.uint8(end) === BACKSLASH) {
    while (next < body.length && body.uint8(next) === BACKSLASH) next++; // escaped more than once
    if (!body.startsWith("/", next)) next++; // JSON may write a slash as `\/`; that slash belongs to the next line
  }
  return { end, next };
}

function endsLine(byte: number): boolean {
  return byte === 0x0a || byte === 0x0d || byte === BACKSLASH;
}

/** A header line of RFC 1421 has a colon; base64 has none. */
function holdsColon(body: Secret, start: number, end: number): boolean {
  for (let i = start; i < end; i++) if (body.uint8(i) === COLON) return true;
  return false;
}

function isBlank(byte: number): boolean {
  return byte === 0x20 || byte === 0x09 || byte === 0x0b || byte === 0x0c;
}

/**
 * Where a private key stands in a longer text: a note or a custom field may hold words around it. Only its markers are
 * looked for; whether it is a key that can be used is for the parser of `mod/keys/` to say.
 *
 * @module
 */

import type { Secret } from "../../../ffi/secret.ts";

/** Labels of private keys between `-----BEGIN ` and `-----`. PGP's ends in `BLOCK` and is none of ours. */
const LABELS = [
  "OPENSSH PRIVATE KEY",
  "PRIVATE KEY",
  "ENCRYPTED PRIVATE KEY",
  "RSA PRIVATE KEY",
  "EC PRIVATE KEY",
  "DSA PRIVATE KEY",
] as const;
const BEGIN = "-----BEGIN ";
/** PuTTY's own format has no end marker. It cannot be used, but its owner is to be told so. */
const PUTTY = "PuTTY-User-Key-File-";

/** A stretch of text, `end` excluded. */
export interface Stretch {
  readonly start: number;
  readonly end: number;
}

/**
 * Finds the private keys in a text.
 *
 * @returns Each from its first marker to the end of its last, or of the text where that is missing.
 */
export function findPrivateKeys(text: Secret): readonly Stretch[] {
  const found: Stretch[] = [];
  let at = text.indexOf(BEGIN);
  while (at >= 0) {
    const label = LABELS.find((candidate) => text.startsWith(`${candidate}-----`, at + BEGIN.length));
    let next = at + BEGIN.length;
    if (label !== undefined) {
      const marker = `-----END ${label}-----`;
      const last = text.indexOf(marker, next);
      next = last < 0 ? text.length : last + marker.length;
      found.push({ start: at, end: next });
    }
    at = text.indexOf(BEGIN, next);
  }
  if (found.length > 0) return found;
  const putty = text.indexOf(PUTTY);
  return putty < 0 ? [] : [{ start: putty, end: text.length }];
}

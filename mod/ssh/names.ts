/**
 * The names that nearly every request carries, told from their bytes without making a string of them first: that takes
 * a tenth of decoding, and a signature reads a dozen.
 *
 * Not for: deciding what a name means; one that is missing here is only slower.
 *
 * @module
 */

const NAMES = [
  "ssh-connection",
  "publickey",
  "publickey-hostbound-v00@openssh.com",
  "ssh-ed25519",
  "ecdsa-sha2-nistp256",
  "ecdsa-sha2-nistp384",
  "ecdsa-sha2-nistp521",
  "nistp256",
  "nistp384",
  "nistp521",
  "ssh-rsa",
  "rsa-sha2-256",
  "rsa-sha2-512",
  "sha256",
  "sha512",
] as const;

interface Known {
  readonly name: string;
  readonly bytes: Uint8Array;
}

/** By length. */
const KNOWN: readonly (readonly Known[])[] = byLength();

/** The name these bytes are, if it is one of them. */
export function knownName(bytes: Uint8Array): string | undefined {
  const candidates = KNOWN[bytes.length];
  if (candidates === undefined) return undefined;
  for (const { name, bytes: known } of candidates) if (same(bytes, known)) return name;
  return undefined;
}

function byLength(): Known[][] {
  const table: Known[][] = [];
  for (const name of NAMES) {
    const bytes = Uint8Array.from(name, (character) => character.charCodeAt(0));
    (table[name.length] ??= []).push({ name, bytes });
  }
  return table;
}

function same(a: Uint8Array, b: Uint8Array): boolean {
  for (let at = 0; at < a.length; at++) if (a[at] !== b[at]) return false;
  return true;
}

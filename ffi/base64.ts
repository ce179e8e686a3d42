/**
 * Base64 within locked memory (RFC 4648 §4). Neither the text nor the result is ever anywhere else.
 *
 * @module
 */

const PAD = "=".charCodeAt(0);

/** Value of a base64 digit, or -1. Computed rather than looked up: a table indexed by secrets leaves cache traces. */
function digit(byte: number): number {
  if (byte >= 65 && byte <= 90) return byte - 65;
  if (byte >= 97 && byte <= 122) return byte - 71;
  if (byte >= 48 && byte <= 57) return byte + 4;
  if (byte === 43) return 62;
  if (byte === 47) return 63;
  return -1;
}

function isSpace(byte: number): boolean {
  return byte === 32 || (byte >= 9 && byte <= 13);
}

/** Bytes the text decodes to, or undefined if it is not base64. White space is skipped, padding may be missing. */
export function decodedLength(text: Uint8Array): number | undefined {
  let digits = 0;
  let pads = 0;
  for (let i = 0; i < text.length; i++) {
    const byte = text[i] ?? 0;
    if (isSpace(byte)) continue;
    if (byte === PAD) pads++;
    else if (pads > 0 || digit(byte) < 0) return undefined;
    else digits++;
  }
  const partial = digits % 4;
  if (partial === 1 || (pads > 0 && partial + pads !== 4)) return undefined;
  return Math.floor(digits * 3 / 4);
}

/** Decodes a text that {@linkcode decodedLength} accepted. */
export function decodeInto(text: Uint8Array, target: Uint8Array): void {
  let bits = 0;
  let count = 0;
  let at = 0;
  for (let i = 0; i < text.length; i++) {
    const value = digit(text[i] ?? 0);
    if (value < 0) continue;
    bits = ((bits << 6) | value) & 0xffff;
    count += 6;
    if (count < 8) continue;
    count -= 8;
    target[at++] = (bits >> count) & 0xff;
  }
}

/**
 * Comparing bytes that are public: key blobs, session ids.
 *
 * Not for: secrets; it stops at the first difference.
 *
 * @module
 */

/** Whether two byte strings are the same. */
export function sameBytes(a: Uint8Array, b: Uint8Array): boolean {
  if (a.length !== b.length) return false;
  for (let at = 0; at < a.length; at++) if (a[at] !== b[at]) return false;
  return true;
}

/**
 * What to say when an item's public key is not the one its private key has.
 *
 * @module
 */

import { fingerprintOf, type KeyBlob, parseAuthorizedKeyLine } from "../ssh/public_key.ts";
import { tryRead } from "../ssh/wire.ts";

/**
 * Compares the derived public key with the line an item claims. The derived one is used in any case.
 *
 * @param claimedLine As in authorized_keys; undefined or blank where the item claims nothing.
 * @returns undefined if they agree, else one sentence for `status`.
 */
export function describeMismatch(derived: KeyBlob, claimedLine: string | undefined): string | undefined {
  if (claimedLine === undefined || claimedLine.trim() === "") return undefined;
  const claimed = tryRead(() => parseAuthorizedKeyLine(claimedLine.trim()));
  if (claimed === undefined) {
    return `The item's public key cannot be read; ${fingerprintOf(derived)}, derived from its private key, is used`;
  }
  const same = claimed.blob.length === derived.length && claimed.blob.every((byte, at) => byte === derived[at]);
  if (same) return undefined;
  return `The item's public key is ${fingerprintOf(claimed.blob)}, but its private key belongs to ` +
    `${fingerprintOf(derived)}, which is used`;
}

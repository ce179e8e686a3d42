/**
 * Values found by key blob without making a string of every blob a client asks for.
 *
 * @module
 */

/** A map from bytes to values. The bytes are not copied and must not change. */
export class BlobMap<Value> {
  readonly #buckets = new Map<number, (readonly [blob: Uint8Array, value: Value])[]>();
  #longest = 0;

  /** Replaces what is there for the same bytes. */
  set(blob: Uint8Array, value: Value): void {
    this.#longest = Math.max(this.#longest, blob.length);
    const hash = hashOf(blob);
    const others = (this.#buckets.get(hash) ?? []).filter(([other]) => !sameBytes(other, blob));
    this.#buckets.set(hash, [...others, [blob, value]]);
  }

  /** The value for these bytes. */
  get(blob: Uint8Array): Value | undefined {
    if (blob.length > this.#longest) return undefined; // a client may send 256 KiB: not worth hashing
    for (const [other, value] of this.#buckets.get(hashOf(blob)) ?? []) if (sameBytes(other, blob)) return value;
    return undefined;
  }
}

/** Whether two byte strings are equal; public bytes only. */
export function sameBytes(a: Uint8Array, b: Uint8Array): boolean {
  if (a.length !== b.length) return false;
  for (let at = 0; at < a.length; at++) if (a[at] !== b[at]) return false;
  return true;
}

/** FNV-1a, 32 bits. Collisions cost a comparison: every blob in the map is a key its owner loaded. */
function hashOf(bytes: Uint8Array): number {
  let hash = 0x811c9dc5;
  for (let at = 0; at < bytes.length; at++) hash = Math.imul(hash ^ (bytes[at] ?? 0), 0x01000193);
  return hash >>> 0;
}

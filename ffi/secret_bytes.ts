/**
 * The door from a secret's handle to its bytes. Only files of `ffi/` may import it; `tests/layers_test.ts` holds that.
 *
 * @module
 */

import { ArenaSecret } from "./arena_secret.ts";
import type { Secret } from "./secret.ts";

/** The live bytes in locked memory: use at once, keep no reference. @throws {TypeError} If wiped. */
export function bytesOf(secret: Secret): Uint8Array<ArrayBuffer> {
  return ArenaSecret.bytesOf(secret);
}

/** Address of the first byte. @throws {TypeError} If wiped. */
export function pointerOf(secret: Secret): Deno.PointerValue {
  return Deno.UnsafePointer.of(bytesOf(secret));
}

/**
 * The one door through which key bytes leave locked memory. Nothing but the degraded back end of `mod/keys/` goes
 * through it, and that is only built where there is no libcrypto and `[memory] require_locked = false` says that keys may
 * pass through the JavaScript heap; `status`, `doctor` and `unlock` say so whenever it is in use.
 *
 * @module
 */

import type { Secret } from "./secret.ts";
import { bytesOf } from "./secret_bytes.ts";

/**
 * Copies a secret to the JavaScript heap. The caller overwrites the copy as soon as it is used; what the garbage
 * collector or a library copied meanwhile stays where it is until something else is written there.
 *
 * @throws {TypeError} If the secret is wiped.
 */
export function exposeToHeap(secret: Secret): Uint8Array<ArrayBuffer> {
  return bytesOf(secret).slice();
}

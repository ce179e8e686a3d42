/**
 * Picks the back end: libcrypto, or where there is none and the configuration allows it, the degraded one.
 *
 * @module
 */

import { CryptoError } from "../../ffi/crypto/errors.ts";
import { type LibcryptoOptions, openLibcrypto } from "../../ffi/crypto/open.ts";
import { LibcryptoBackend } from "./libcrypto_backend.ts";
import type { KeyBackend } from "./signer.ts";

/**
 * Opens a back end.
 *
 * @param options `requireLocked` is `[memory] require_locked`.
 * @throws {CryptoError} codes "unavailable" (no libcrypto, and locked memory is required), "secure-heap-unlocked"
 */
export async function openBackend(options: LibcryptoOptions): Promise<KeyBackend> {
  const libcrypto = openLibcrypto(options);
  if (libcrypto !== undefined) return new LibcryptoBackend(libcrypto);
  if (options.requireLocked) {
    throw new CryptoError(
      "unavailable",
      "Cannot find libcrypto.so.3 or libcrypto.so.1.1: install OpenSSL's library, or accept keys on the JavaScript " +
        "heap with `require_locked = false` in [memory]",
    );
  }
  // noble is loaded only where it signs: it costs every start tens of milliseconds otherwise.
  const { DegradedBackend } = await import("./degraded_backend.ts");
  return new DegradedBackend();
}

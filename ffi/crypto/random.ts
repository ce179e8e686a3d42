/**
 * Random bytes for new private keys, made where they stay.
 *
 * @module
 */

import type { Secret } from "../secret.ts";
import { bytesOf } from "../secret_bytes.ts";
import { expectOne } from "./errors.ts";
import type { Symbols } from "./symbols.ts";

/** Fills a secret from libcrypto's generator for private values, straight into locked memory. @throws {CryptoError} */
export function fillRandom(symbols: Symbols, secret: Secret): void {
  expectOne(symbols, symbols.RAND_priv_bytes(bytesOf(secret), secret.length), "make a random key");
}

/**
 * libcrypto, opened: the verbs of this folder behind one object.
 *
 * @module
 */

import type { Secret, SecretMemory } from "../secret.ts";
import { checkedPoint, type Curve, publicPoint } from "./curves.ts";
import { digest, type HashName } from "./digest.ts";
import { Ecdsa } from "./ecdsa.ts";
import { Ed25519 } from "./ed25519.ts";
import { expectOne } from "./errors.ts";
import { fillRandom } from "./random.ts";
import { Rsa } from "./rsa.ts";
import { assembleRsa, type RsaParts, type RsaPrivate } from "./rsa_numbers.ts";
import { openSecureHeap, type SecureHeap, type SecureHeapStatus } from "./secure_heap.ts";
import { type Library, SYMBOLS } from "./symbols.ts";

/** Newest first. Found by the loader's own search, never in the working directory. */
const NAMES = ["libcrypto.so.3", "libcrypto.so.1.1"] as const;
const OPENSSL_INIT_NO_LOAD_CONFIG = 0x80n; // crypto.h: openssl.cnf and OPENSSL_CONF can name code to load
const OPENSSL_INIT_NO_ATEXIT = 0x80000n; // crypto.h: cleaning up at exit races with a thread that still signs
const OPENSSL_VERSION = 0; // crypto.h

/** How to open it. */
export interface LibcryptoOptions {
  /** Whether a secure heap that cannot be locked is refused. */
  readonly requireLocked: boolean;
  /** File names or paths to try, in order. */
  readonly names?: readonly string[];
}

/** libcrypto's signatures and key arithmetic, over secrets that stay in locked memory. */
export class Libcrypto implements Disposable {
  readonly #library: Library;
  readonly #heap: SecureHeap;
  #closed = false;
  /** `OpenSSL 3.0.19 27 Jan 2026` */
  readonly version: string;
  readonly ed25519: Ed25519;
  readonly ecdsa: Ecdsa;
  readonly rsa: Rsa;

  /** For {@linkcode openLibcrypto}, which owns the error handling. */
  constructor(library: Library, requireLocked: boolean) {
    const { symbols } = library;
    const options = OPENSSL_INIT_NO_LOAD_CONFIG | OPENSSL_INIT_NO_ATEXIT;
    expectOne(symbols, symbols.OPENSSL_init_crypto(options, null), "initialise libcrypto");
    this.#library = library;
    this.#heap = openSecureHeap(symbols, requireLocked);
    const version = symbols.OpenSSL_version(OPENSSL_VERSION);
    this.version = version === null ? "unknown" : Deno.UnsafePointerView.getCString(version);
    this.ed25519 = new Ed25519(symbols);
    this.ecdsa = new Ecdsa(symbols);
    this.rsa = new Rsa(symbols);
  }

  /** Size and use of the secure heap, for `status`. */
  secureHeap(): SecureHeapStatus {
    return this.#heap.status();
  }

  /** Hashes public data. @throws {CryptoError} */
  digest(hash: HashName, data: Uint8Array): Uint8Array<ArrayBuffer> {
    return digest(this.#library.symbols, hash, data);
  }

  /** Fills a secret with random bytes fit for a private key. @throws {CryptoError} */
  fillRandom(secret: Secret): void {
    fillRandom(this.#library.symbols, secret);
  }

  /** The uncompressed public point of a scalar. @throws {CryptoError} code "inconsistent" if it is out of range. */
  publicPoint(curve: Curve, scalar: Secret): Uint8Array<ArrayBuffer> {
    return publicPoint(this.#library.symbols, curve, scalar);
  }

  /** A claimed point, uncompressed. @throws {CryptoError} code "off-curve" */
  checkedPoint(curve: Curve, claimed: Uint8Array): Uint8Array<ArrayBuffer> {
    return checkedPoint(this.#library.symbols, curve, claimed);
  }

  /** Checks an RSA key's numbers and packs them; the caller owns the block. @throws {CryptoError} code "inconsistent" */
  assembleRsa(parts: RsaParts, memory: SecretMemory): RsaPrivate {
    return assembleRsa(this.#library.symbols, parts, memory);
  }

  /** Drops what was built of keys and not used for a minute. @param now Milliseconds of a monotonic clock. */
  dropIdle(now: number): void {
    this.ecdsa.kept.dropIdle(now);
    this.rsa.kept.dropIdle(now);
  }

  /** Drops what was built of this secret; running signatures complete. To be called before it is wiped. */
  forget(secret: Secret): void {
    this.ecdsa.kept.forget(secret);
    this.rsa.kept.forget(secret);
  }

  /**
   * Frees what was built of keys, or lets the running signatures do so when they are done. The library stays mapped
   * (it is linked with `-z nodelete`, and threads of it may still run), and so does its secure heap, empty. Idempotent.
   */
  [Symbol.dispose](): void {
    if (this.#closed) return;
    this.#closed = true;
    this.ed25519[Symbol.dispose]();
    this.ecdsa[Symbol.dispose]();
    this.rsa[Symbol.dispose]();
    this.#library.close();
  }
}

/**
 * Opens the newest libcrypto there is.
 *
 * @returns undefined where there is none.
 * @throws {CryptoError} code "secure-heap-unlocked" if its heap cannot be locked and that is required.
 */
export function openLibcrypto(options: LibcryptoOptions): Libcrypto | undefined {
  for (const name of options.names ?? NAMES) {
    const library = openLibrary(name);
    if (library === undefined) continue;
    try {
      return new Libcrypto(library, options.requireLocked);
    } catch (error) {
      library.close();
      throw error;
    }
  }
  return undefined;
}

function openLibrary(name: string): Library | undefined {
  try {
    return Deno.dlopen(name, SYMBOLS);
  } catch (error) {
    // Not there, or built without a function we need: either way not the library to use.
    if (error instanceof Deno.errors.NotCapable) throw error;
    return undefined;
  }
}

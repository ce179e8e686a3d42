/**
 * OpenSSL's secure heap: the locked pages in which libcrypto keeps the private numbers of RSA and ECDSA objects. Set up
 * once in the life of a process; it shares RLIMIT_MEMLOCK with the arena.
 *
 * @module
 */

import { CryptoError, drainErrors } from "./errors.ts";
import type { Symbols } from "./symbols.ts";

/**
 * Bytes of the heap, a power of two as CRYPTO_secure_malloc_init(3) demands; RLIMIT_MEMLOCK is often 8 MiB, and the
 * arena needs most of it. Measured on OpenSSL 3.0 and 1.1 (by filling the heap until an operation fails), an RSA-16384
 * object takes 7 KiB and a signature nothing more, checking such a key takes under 64 KiB, and each of at most 33
 * threads takes 1 KiB for its random generators. Kept objects (rsa.ts, ecdsa.ts) are held below 128 KiB, which the
 * signatures in flight are part of: 225 KiB at worst.
 */
export const SECURE_HEAP_BYTES = 256 * 1024;
/** Smallest block: a P-256 scalar. */
const SMALLEST_BLOCK = 32;

/** What of the heap `status` shows. */
export interface SecureHeapStatus {
  /** Bytes locked for it; 0 where it could not be locked and counts as none. */
  readonly size: number;
  /** Bytes in use. */
  readonly used: number;
}

/** The heap of this process. */
export interface SecureHeap {
  /** Whether the heap is in locked memory. */
  readonly locked: boolean;
  status(): SecureHeapStatus;
}

/**
 * Sets the heap up, or finds the one this process has already (another isolate of it may have opened libcrypto).
 *
 * @param requireLocked Whether a heap that cannot be locked is refused.
 * @throws {CryptoError} code "secure-heap-unlocked", with the remedy.
 */
export function openSecureHeap(symbols: Symbols, requireLocked: boolean): SecureHeap {
  const size = symbols.CRYPTO_secure_malloc_initialized() === 1 ? lockedSizeOfProcess(symbols) : initialise(symbols); // twice would answer 0, "failed"
  if (size === 0 && requireLocked) {
    throw new CryptoError(
      "secure-heap-unlocked",
      `Cannot lock ${SECURE_HEAP_BYTES / 1024} KiB for OpenSSL's private numbers: raise RLIMIT_MEMLOCK ` +
        `("ulimit -l", or "LimitMEMLOCK=" in the systemd unit)`,
    );
  }
  return { locked: size > 0, status: () => ({ size, used: Number(symbols.CRYPTO_secure_used()) }) };
}

/** @returns Bytes locked. */
function initialise(symbols: Symbols): number {
  // 1: locked and kept out of dumps; 2: usable, but one of the two failed; 0: no heap at all.
  const status = symbols.CRYPTO_secure_malloc_init(BigInt(SECURE_HEAP_BYTES), BigInt(SMALLEST_BLOCK));
  if (status === 1) return SECURE_HEAP_BYTES;
  drainErrors(symbols);
  return 0;
}

/** Bytes of the heap set up earlier in this process, by the kernel's word; 0 unless locked and kept out of dumps. */
function lockedSizeOfProcess(symbols: Symbols): number {
  const probe = symbols.CRYPTO_secure_malloc(BigInt(SMALLEST_BLOCK), null, 0);
  try {
    return probe === null ? 0 : lockedSizeAround(BigInt(Deno.UnsafePointer.value(probe)));
  } finally {
    symbols.CRYPTO_secure_clear_free(probe, BigInt(SMALLEST_BLOCK), null, 0);
  }
}

/** Size of the mapping that holds `address` if proc_pid_smaps(5) marks it `lo` (locked) and `dd` (not dumped), else 0. */
function lockedSizeAround(address: bigint): number {
  let size = 0;
  for (const line of Deno.readTextFileSync("/proc/self/smaps").split("\n")) {
    const range = /^([0-9a-f]+)-([0-9a-f]+) /.exec(line);
    if (range !== null) {
      const start = BigInt(`0x${range[1]}`);
      const end = BigInt(`0x${range[2]}`);
      size = address >= start && address < end ? Number(end - start) : 0;
    } else if (size > 0 && line.startsWith("VmFlags:")) {
      return line.includes(" lo ") && line.includes(" dd ") ? size : 0;
    }
  }
  return 0;
}

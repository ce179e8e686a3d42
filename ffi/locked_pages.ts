/**
 * Pages that hold secrets: the ladder from memfd_secret(2) over locked anonymous memory to nothing, with a guard page
 * on either side.
 *
 * @module
 */

import { EAGAIN, ENOMEM, EPERM } from "./errno.ts";
import type { Libc } from "./libc.ts";
import { SecretMemoryError } from "./secret.ts";

/** How secret pages are protected: unreadable even through /proc/PID/mem; kept out of swap and dumps; not at all. */
export type Protection = "memfd_secret" | "mlock" | "none";

const PAGE = 4096;
const SYS_MEMFD_SECRET = 447n; // asm-generic/unistd.h; the same number on x86-64 and arm64
const O_CLOEXEC = 0o2000000n;
const PROT_NONE = 0;
const PROT_READ_WRITE = 3;
const MAP_SHARED = 0x01;
const MAP_PRIVATE = 0x02;
const MAP_FIXED = 0x10;
const MAP_ANONYMOUS = 0x20;
const MADV_DONTDUMP = 16;
const MADV_WIPEONFORK = 18;
const MAP_FAILED = 0xffff_ffff_ffff_ffffn;

/** A mapping for secrets, guard pages not counted. */
export interface LockedPages extends Disposable {
  readonly bytes: Uint8Array<ArrayBuffer>;
  readonly protection: Protection;
}

/**
 * Maps pages for secrets.
 *
 * @param length Bytes, rounded up to whole pages.
 * @param requireLocked Whether unlocked memory is refused.
 * @throws {SecretMemoryError} "limit-too-low" when RLIMIT_MEMLOCK does not allow it, "unavailable" when neither kind
 * of protection can be had.
 */
export function mapLockedPages(libc: Libc, length: number, requireLocked: boolean): LockedPages {
  const size = Math.ceil(length / PAGE) * PAGE;
  const reserved = mapOrThrow(libc, null, size + 2 * PAGE, PROT_NONE, MAP_PRIVATE | MAP_ANONYMOUS, -1);
  const inner = Deno.UnsafePointer.create(BigInt(Deno.UnsafePointer.value(reserved)) + BigInt(PAGE));
  try {
    const protection = protect(libc, inner, size, requireLocked);
    if (inner === null) throw new Error("Cannot address the secret pages");
    const bytes = new Uint8Array(Deno.UnsafePointerView.getArrayBuffer(inner, size));
    return {
      bytes,
      protection,
      [Symbol.dispose]: (): void => {
        bytes.fill(0);
        libc.symbols.munmap(reserved, BigInt(size + 2 * PAGE));
      },
    };
  } catch (error) {
    libc.symbols.munmap(reserved, BigInt(size + 2 * PAGE));
    throw error;
  }
}

/** Puts the best protection that can be had between the two guard pages. */
function protect(libc: Libc, at: Deno.PointerValue, size: number, requireLocked: boolean): Protection {
  const fd = Number(libc.symbols.syscall(SYS_MEMFD_SECRET, O_CLOEXEC, 0n, 0n));
  if (fd >= 0) {
    try {
      libc.check(libc.symbols.ftruncate(fd, BigInt(size)), "ftruncate", "size secret memory");
      const mapped = libc.symbols.mmap(at, BigInt(size), PROT_READ_WRITE, MAP_SHARED | MAP_FIXED, fd, 0n);
      if (!isFailed(mapped)) return "memfd_secret";
      // EAGAIN is RLIMIT_MEMLOCK; mlock would meet the same limit, so it is no fallback for that cause.
      const errno = libc.errno();
      if (errno === EAGAIN) return unprotected(libc, at, size, requireLocked, tooLow(size));
      if (errno !== ENOMEM && errno !== EPERM) throw libc.failure("mmap", "map secret memory");
    } finally {
      libc.close(fd);
    }
  }
  mapOrThrow(libc, at, size, PROT_READ_WRITE, MAP_PRIVATE | MAP_ANONYMOUS | MAP_FIXED, -1);
  if (libc.symbols.mlock(at, BigInt(size)) !== 0) {
    const errno = libc.errno();
    const cause = errno === ENOMEM || errno === EPERM || errno === EAGAIN ? tooLow(size) : unavailable();
    return unprotected(libc, at, size, requireLocked, cause);
  }
  libc.symbols.madvise(at, BigInt(size), MADV_DONTDUMP);
  libc.symbols.madvise(at, BigInt(size), MADV_WIPEONFORK);
  return "mlock";
}

/** The last rung: plain memory, only where the configuration says so. */
function unprotected(
  libc: Libc,
  at: Deno.PointerValue,
  size: number,
  requireLocked: boolean,
  cause: SecretMemoryError,
): Protection {
  if (requireLocked) throw cause;
  mapOrThrow(libc, at, size, PROT_READ_WRITE, MAP_PRIVATE | MAP_ANONYMOUS | MAP_FIXED, -1);
  libc.symbols.madvise(at, BigInt(size), MADV_DONTDUMP);
  libc.symbols.madvise(at, BigInt(size), MADV_WIPEONFORK);
  return "none";
}

function mapOrThrow(
  libc: Libc,
  at: Deno.PointerValue,
  size: number,
  protection: number,
  flags: number,
  fd: number,
): Deno.PointerValue {
  const mapped = libc.symbols.mmap(at, BigInt(size), protection, flags, fd, 0n);
  if (isFailed(mapped)) throw libc.failure("mmap", `map ${size} bytes`);
  return mapped;
}

function isFailed(mapped: Deno.PointerValue): boolean {
  return BigInt.asUintN(64, BigInt(Deno.UnsafePointer.value(mapped))) === MAP_FAILED;
}

function tooLow(size: number): SecretMemoryError {
  return new SecretMemoryError(
    "limit-too-low",
    `Cannot lock ${size} more bytes of memory for keys: the limit RLIMIT_MEMLOCK is reached. ` +
      "Raise it: `ulimit -l 65536` in the shell, `LimitMEMLOCK=64M` in the systemd unit",
  );
}

function unavailable(): SecretMemoryError {
  return new SecretMemoryError(
    "unavailable",
    "Cannot keep keys in locked memory: this kernel offers neither memfd_secret nor mlock to this process. " +
      "`[memory] require_locked = false` in config.toml accepts memory that may be swapped out",
  );
}

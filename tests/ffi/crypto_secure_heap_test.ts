/**
 * What happens when OpenSSL's locked heap is full, and that RSA signs from many threads at once. Wrong sizes are made by
 * filling the real heap of this process from the side.
 *
 * @module
 */

import { deepStrictEqual as deepEqual, ok, rejects, strictEqual as equal, throws } from "node:assert/strict";
import { CryptoError } from "../../ffi/crypto/errors.ts";
import type { Libcrypto } from "../../ffi/crypto/open.ts";
import type { RsaParts, RsaPrivate } from "../../ffi/crypto/rsa_numbers.ts";
import { SECURE_HEAP_BYTES } from "../../ffi/crypto/secure_heap.ts";
import { openArena } from "../../ffi/arena.ts";
import { openLibc } from "../../ffi/libc.ts";
import type { Secret } from "../../ffi/secret.ts";
import { bytesOfNumber, makeRsaNumbers, type RsaNumbers } from "../keys/containers.ts";
import { libcrypto, secretOf } from "../keys/setup.ts";
import { isSignature } from "../keys/verify.ts";
import { encodeSignature } from "../../mod/ssh/signature.ts";

const SYMBOLS = {
  // void *CRYPTO_secure_malloc(size_t num, const char *file, int line);
  CRYPTO_secure_malloc: { parameters: ["usize", "pointer", "i32"], result: "pointer" },
  // void CRYPTO_secure_free(void *ptr, const char *file, int line);
  CRYPTO_secure_free: { parameters: ["pointer", "pointer", "i32"], result: "void" },
} as const satisfies Deno.ForeignLibraryInterface;

/** Takes the whole heap but for one block of `spare` bytes, until disposed. */
function fillHeap(spare: number): Disposable {
  const { symbols, close } = openHeap();
  const take = (size: number): Deno.PointerValue => symbols.CRYPTO_secure_malloc(BigInt(size), null, 0);
  const hole = spare > 0 ? take(spare) : null;
  const blocks: Deno.PointerValue[] = [];
  for (let size = SECURE_HEAP_BYTES / 2; size >= 32; size /= 2) {
    for (let block = take(size); block !== null; block = take(size)) blocks.push(block);
  }
  symbols.CRYPTO_secure_free(hole, null, 0);
  return {
    [Symbol.dispose](): void {
      for (const block of blocks) symbols.CRYPTO_secure_free(block, null, 0);
      close();
    },
  };
}

function openHeap(): { symbols: Deno.DynamicLibrary<typeof SYMBOLS>["symbols"]; close: () => void } {
  const library = Deno.dlopen("libcrypto.so.3", SYMBOLS);
  return { symbols: library.symbols, close: () => library.close() };
}

/** Runs `body` with an arena and libcrypto, and demands that both get everything back. */
async function withCrypto(
  body: (
    crypto: Libcrypto,
    secret: (number: bigint) => Secret,
    assemble: (numbers: RsaNumbers) => RsaPrivate,
  ) => unknown,
): Promise<void> {
  using libc = openLibc();
  using arena = openArena(libc, { requireLocked: true });
  using crypto = libcrypto();
  const secret = (number: bigint): Secret => secretOf(arena, bytesOfNumber(number));
  await body(crypto, secret, ({ n, e, d, p, q, iqmp }) => {
    const owned = [secret(d), secret(p), secret(q), secret(iqmp)] as const;
    const [ds, ps, qs, iqmps] = owned;
    try {
      const parts: RsaParts = { n: bytesOfNumber(n), e: bytesOfNumber(e), d: ds, p: ps, q: qs, iqmp: iqmps };
      return crypto.assembleRsa(parts, arena);
    } finally {
      for (const each of owned) each.wipe();
    }
  });
  equal(arena.status().used, 0);
  deepEqual([crypto.rsa.kept.bytes, crypto.ecdsa.kept.bytes], [0, 0]);
}

function isExhausted(error: unknown): boolean {
  return error instanceof CryptoError && error.code === "secure-heap-exhausted";
}

const NUMBERS = makeRsaNumbers(2048);
const DATA = new TextEncoder().encode("to be signed");
/** What the random generators of all threads that may sign take at most. */
const THREADS = 33 * 1024;

Deno.test("a full secure heap fails one operation by its name and keeps nothing", () =>
  withCrypto(async (crypto, secret, assemble) => {
    using scalar = secret(12345n);
    const padded = assemble(NUMBERS);
    const digest = crypto.digest("sha256", DATA);
    await crypto.rsa.sign(padded, "sha256", digest);
    crypto.forget(padded.numbers);
    const before = crypto.secureHeap().used;
    for (let i = 0; i < 10; i++) {
      using _ = fillHeap(0);
      throws(() => crypto.ecdsa.sign("nistp256", scalar, digest), isExhausted);
      throws(() => assemble(NUMBERS), isExhausted);
      throws(() => crypto.publicPoint("nistp256", scalar), isExhausted);
      await rejects(crypto.rsa.sign(padded, "sha256", digest), isExhausted);
    }
    deepEqual([crypto.rsa.kept.size, crypto.ecdsa.kept.size], [0, 0]);
    equal(crypto.secureHeap().used, before, "blocks were lost");
    ok(crypto.ecdsa.sign("nistp256", scalar, digest).length > 60);
    equal((await crypto.rsa.sign(padded, "sha256", digest)).length, 256);
    for (const each of [scalar, padded.numbers]) crypto.forget(each);
    padded.numbers.wipe();
  }));

Deno.test("a heap that runs out half way gives back what was taken till then", () =>
  withCrypto(async (crypto, _secret, assemble) => {
    const digest = crypto.digest("sha256", DATA);
    const key = assemble(NUMBERS);
    await crypto.rsa.sign(key, "sha256", digest);
    crypto.forget(key.numbers);
    let [before, built] = [crypto.secureHeap().used, 0];
    for (const spare of SPARES) {
      using _ = fillHeap(spare);
      const assembled = tryAssemble(assemble);
      assembled?.numbers.wipe();
      if (assembled !== undefined) built++;
    }
    equal(crypto.secureHeap().used, before, "checking a key lost blocks");
    ok(built > 0 && built < SPARES.length, "the heap was never, or always, too small for the check");
    before = crypto.secureHeap().used;
    const failures = new Set<string>();
    // Often where only a part fits, so that what is lost shows above what threads take.
    for (const spare of SPARES.flatMap((each) => Array.from({ length: each < 1024 ? 60 : 1 }, () => each))) {
      using _ = fillHeap(spare);
      await crypto.rsa.sign(key, "sha256", digest).catch((error: unknown) => {
        ok(error instanceof CryptoError);
        failures.add(error.code);
      });
      crypto.forget(key.numbers);
    }
    ok(failures.has("secure-heap-exhausted"));
    ok(crypto.secureHeap().used - before <= THREADS, "signing lost blocks");
    key.numbers.wipe();
  }));

const SPARES = [64, 128, 256, 512, 1024, 2048, 4096, 8192, 16384] as const;

function tryAssemble(assemble: (numbers: RsaNumbers) => RsaPrivate): RsaPrivate | undefined {
  try {
    return assemble(NUMBERS);
  } catch (error) {
    ok(isExhausted(error));
    return undefined;
  }
}

Deno.test("a key of 16,384 bits can be checked in half of the heap", () =>
  withCrypto((_crypto, _secret, assemble) => {
    using _ = fillHeap(SECURE_HEAP_BYTES / 2);
    assemble(LARGEST).numbers.wipe();
  }));

/**
 * Numbers that agree, with odd factors of 8,192 bits that are no primes: nothing here depends on that, and primes of
 * this size take minutes to find.
 */
const LARGEST = agreeingNumbers(8192n);

function agreeingNumbers(bits: bigint): RsaNumbers {
  const e = 65537n;
  const [p, q] = [(1n << bits) - 1n, (1n << bits) - 3n]; // they differ by 2 and are odd, hence coprime
  const order = (p - 1n) * (q - 1n);
  const d = inverse(e, order);
  return { n: p * q, e, d, p, q, dmp1: d % (p - 1n), dmq1: d % (q - 1n), iqmp: inverse(q, p) };
}

function inverse(number: bigint, modulus: bigint): bigint {
  let [r0, r1, s0, s1] = [modulus, number, 0n, 1n];
  while (r1 > 0n) [r0, r1, s0, s1] = [r1, r0 % r1, s1, s0 - (r0 / r1) * s1];
  return s0 < 0n ? s0 + modulus : s0;
}

Deno.test("one RSA object signs from many threads at once", () =>
  withCrypto(async (crypto, _secret, assemble) => {
    const key = assemble(NUMBERS);
    const publicKey = { type: "rsa", n: key.n, e: key.e } as const;
    const digests = Array.from({ length: 400 }, (_, i) => Uint8Array.of(i >> 8, i));
    const signatures = await Promise.all(
      digests.map((data) => crypto.rsa.sign(key, "sha512", crypto.digest("sha512", data))),
    );
    equal(crypto.rsa.kept.size, 1);
    for (const [i, data] of digests.entries()) {
      const blob = encodeSignature("rsa-sha2-512", signatures[i] ?? new Uint8Array());
      ok(isSignature(publicKey, "rsa-sha2-512", { data, blob }), `signature ${i}`);
    }
    crypto.forget(key.numbers);
    key.numbers.wipe();
  }));

Deno.test("closing libcrypto refuses who waits, completes what runs, and frees its objects then", () =>
  withCrypto(async (crypto, _secret, assemble) => {
    const key = assemble(NUMBERS);
    const digest = crypto.digest("sha256", DATA);
    const running = Array.from({ length: 40 }, () => crypto.rsa.sign(key, "sha256", digest));
    await Promise.resolve();
    crypto.rsa[Symbol.dispose]();
    const ended = await Promise.allSettled(running);
    const closed = ended.filter((one) => one.status === "rejected");
    ok(closed.length > 0 && closed.length < ended.length);
    ok(closed.every((one) => one.reason instanceof CryptoError && one.reason.code === "closed"));
    equal(crypto.rsa.kept.bytes, 0);
    key.numbers.wipe();
  }));

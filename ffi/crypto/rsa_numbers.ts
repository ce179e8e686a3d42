/**
 * The numbers of an RSA private key (RFC 8017 §3.2): checking that they agree, all within locked memory, and the compact
 * block of the arena in which they rest.
 *
 * RSA_check_key(3) is not used: it leaves p-1 and other private numbers in the plain heap, and tests primality, which
 * takes seconds for 8,192-bit primes. A composite factor with otherwise right numbers gives signatures that nobody
 * accepts, not a leak.
 *
 * @module
 */

import type { Secret, SecretMemory } from "../secret.ts";
import { bytesOf } from "../secret_bytes.ts";
import { type Bignum, Numbers } from "./bignum.ts";
import { CryptoError } from "./errors.ts";
import type { Symbols } from "./symbols.ts";

/** The numbers as a container has them, big-endian, leading zeros allowed. */
export interface RsaParts {
  readonly n: Uint8Array;
  readonly e: Uint8Array;
  readonly d: Secret;
  readonly p: Secret;
  readonly q: Secret;
  /** q⁻¹ mod p. */
  readonly iqmp: Secret;
  /** d mod p-1; computed where the container has none (OpenSSH's format). */
  readonly dmp1?: Secret;
  /** d mod q-1. */
  readonly dmq1?: Secret;
}

/** A checked key. */
export interface RsaPrivate {
  /** Modulus and exponent, public, no leading zeros. */
  readonly n: Uint8Array<ArrayBuffer>;
  readonly e: Uint8Array<ArrayBuffer>;
  /** d, then p, q, dmp1, dmq1, iqmp, in locked memory. */
  readonly numbers: Secret;
  /** Length of each of p, q, dmp1, dmq1, iqmp in the block; d has the modulus' length. */
  readonly half: number;
}

/** The pieces of the block. Live bytes in locked memory: use at once. */
export interface RsaViews {
  readonly d: Uint8Array<ArrayBuffer>;
  readonly p: Uint8Array<ArrayBuffer>;
  readonly q: Uint8Array<ArrayBuffer>;
  readonly dmp1: Uint8Array<ArrayBuffer>;
  readonly dmq1: Uint8Array<ArrayBuffer>;
  readonly iqmp: Uint8Array<ArrayBuffer>;
}

/** The pieces of a key's block. @throws {TypeError} If it is wiped. */
export function rsaViews(key: RsaPrivate): RsaViews {
  return rsaPieces(key, bytesOf(key.numbers));
}

/** The pieces of a block of bytes laid out as a key's. */
export function rsaPieces(key: Omit<RsaPrivate, "numbers">, bytes: Uint8Array<ArrayBuffer>): RsaViews {
  const half = (index: number): Uint8Array<ArrayBuffer> => {
    const start = key.n.length + index * key.half;
    return bytes.subarray(start, start + key.half);
  };
  return { d: bytes.subarray(0, key.n.length), p: half(0), q: half(1), dmp1: half(2), dmq1: half(3), iqmp: half(4) };
}

/**
 * Checks that the numbers belong together and copies them into one block of the arena, which the caller owns.
 *
 * @throws {CryptoError} code "inconsistent", naming the relation that does not hold; "secure-heap-exhausted".
 */
export function assembleRsa(symbols: Symbols, parts: RsaParts, memory: SecretMemory): RsaPrivate {
  using numbers = new Numbers(symbols);
  const read = (secret: Secret): Bignum => numbers.read(bytesOf(secret));
  const n = numbers.read(withoutZeros(parts.n));
  const e = numbers.read(withoutZeros(parts.e));
  const d = read(parts.d);
  const p = read(parts.p);
  const q = read(parts.q);
  const iqmp = read(parts.iqmp);
  const odd = (number: Bignum): boolean => symbols.BN_is_odd(number) === 1 && symbols.BN_is_one(number) === 0;
  expectRelation(odd(n) && odd(e) && symbols.BN_cmp(e, n) < 0, "the modulus or the public exponent is not odd");
  expectRelation(odd(p) && odd(q) && symbols.BN_cmp(p, q) !== 0, "a factor is not an odd prime");
  expectRelation(symbols.BN_cmp(numbers.product(p, q), n) === 0, "the modulus is not the product of the factors");
  expectRelation(symbols.BN_cmp(d, n) < 0, "the private exponent is not below the modulus");
  const dmp1 = exponentOf(symbols, numbers, { d, e, factor: p, claimed: parts.dmp1 });
  const dmq1 = exponentOf(symbols, numbers, { d, e, factor: q, claimed: parts.dmq1 });
  const one = numbers.productModulo(iqmp, q, p);
  expectRelation(
    symbols.BN_is_one(one) === 1 && symbols.BN_cmp(iqmp, p) < 0,
    "the coefficient is not the inverse of the second factor",
  );
  const half = Math.ceil(Math.max(symbols.BN_num_bits(p), symbols.BN_num_bits(q)) / 8);
  const halves = { n: withoutZeros(parts.n), e: withoutZeros(parts.e), half };
  const key = { ...halves, numbers: memory.allocate(rsaBlockLength(halves)) };
  const views = rsaViews(key);
  const pairs = [[d, views.d], [p, views.p], [q, views.q], [dmp1, views.dmp1], [dmq1, views.dmq1]] as const;
  for (const [number, view] of pairs) numbers.write(number, view);
  numbers.write(iqmp, views.iqmp);
  return key;
}

/** Bytes of the block of a key's private numbers. */
export function rsaBlockLength(key: Pick<RsaPrivate, "n" | "half">): number {
  return key.n.length + 5 * key.half;
}

/** d mod factor-1, checked against e and against what the container claims. */
function exponentOf(
  symbols: Symbols,
  numbers: Numbers,
  of: { readonly d: Bignum; readonly e: Bignum; readonly factor: Bignum; readonly claimed: Secret | undefined },
): Bignum {
  const order = numbers.minusOne(of.factor);
  const exponent = numbers.remainder(of.d, order);
  // e·d ≡ 1 modulo both factors less one is e·d ≡ 1 modulo their least common multiple.
  const one = numbers.productModulo(exponent, of.e, order);
  expectRelation(symbols.BN_is_one(one) === 1, "the private exponent does not belong to the public one");
  if (of.claimed !== undefined) {
    const claimed = numbers.read(bytesOf(of.claimed));
    expectRelation(symbols.BN_cmp(claimed, exponent) === 0, "an exponent of the Chinese remainder theorem is wrong");
  }
  return exponent;
}

/** Throws unless a relation holds. @param relation What is wrong where it does not. */
export function expectRelation(condition: boolean, relation: string): void {
  if (!condition) throw new CryptoError("inconsistent", `Cannot take the RSA key: ${relation}`);
}

/** A copy of a public number without leading zeros. */
export function withoutZeros(bytes: Uint8Array): Uint8Array<ArrayBuffer> {
  const start = bytes.findIndex((byte) => byte !== 0);
  return new Uint8Array(start < 0 ? [] : bytes.subarray(start));
}

/**
 * RSA on the JavaScript heap, for the degraded back end: checking the numbers with BigInt, and the PKCS#8 bytes that
 * WebCrypto imports.
 *
 * @module
 */

import { exposeToHeap } from "../../ffi/degraded.ts";
import {
  expectRelation,
  rsaBlockLength,
  type RsaParts,
  rsaPieces,
  type RsaPrivate,
  withoutZeros,
} from "../../ffi/crypto/rsa_numbers.ts";
import type { Secret, SecretMemory } from "../../ffi/secret.ts";

/** PrivateKeyInfo's version 0 and rsaEncryption with NULL (RFC 5208, RFC 8017 §A.1). */
const PKCS8_HEAD = Uint8Array.of(2, 1, 0, 0x30, 13, 6, 9, 0x2a, 0x86, 0x48, 0x86, 0xf7, 0x0d, 1, 1, 1, 5, 0);
const TAG_INTEGER = 0x02;
const TAG_OCTET_STRING = 0x04;
const TAG_SEQUENCE = 0x30;

/** The same as `assembleRsa` of ffi/crypto/rsa_numbers.ts, with BigInt. @throws {CryptoError} code "inconsistent" */
export function assembleRsaOnHeap(parts: RsaParts, memory: SecretMemory): RsaPrivate {
  const [n, e] = [toNumber(parts.n), toNumber(parts.e)];
  const [d, p, q, iqmp] = [read(parts.d), read(parts.p), read(parts.q), read(parts.iqmp)];
  expectRelation(isOdd(n) && isOdd(e) && e < n, "the modulus or the public exponent is not odd");
  expectRelation(isOdd(p) && isOdd(q) && p !== q, "a factor is not an odd prime");
  expectRelation(p * q === n, "the modulus is not the product of the factors");
  expectRelation(d < n, "the private exponent is not below the modulus");
  const dmp1 = exponentOf({ d, e, factor: p, claimed: parts.dmp1 });
  const dmq1 = exponentOf({ d, e, factor: q, claimed: parts.dmq1 });
  expectRelation((iqmp * q) % p === 1n && iqmp < p, "the coefficient is not the inverse of the second factor");
  const half = Math.max(parts.p.length - zerosOf(parts.p), parts.q.length - zerosOf(parts.q));
  const halves = { n: withoutZeros(parts.n), e: withoutZeros(parts.e), half };
  const block = new Uint8Array(rsaBlockLength(halves));
  const pieces = rsaPieces(halves, block);
  const pairs = [[d, pieces.d], [p, pieces.p], [q, pieces.q], [dmp1, pieces.dmp1], [dmq1, pieces.dmq1]] as const;
  for (const [number, piece] of pairs) writeNumber(number, piece);
  writeNumber(iqmp, pieces.iqmp);
  using writer = memory.writer(block.length);
  writer.appendPublic(block);
  block.fill(0);
  return { ...halves, numbers: writer.finish() };
}

/** PrivateKeyInfo of a key; to be overwritten after use. */
export function pkcs8OnHeap(key: RsaPrivate): Uint8Array<ArrayBuffer> {
  const block = exposeToHeap(key.numbers);
  const { d, p, q, dmp1, dmq1, iqmp } = rsaPieces(key, block);
  const integers = [Uint8Array.of(0), key.n, key.e, d, p, q, dmp1, dmq1, iqmp].map((number) => derInteger(number));
  const inner = der(TAG_SEQUENCE, ...integers);
  const wrapped = der(TAG_OCTET_STRING, inner);
  const whole = der(TAG_SEQUENCE, PKCS8_HEAD, wrapped);
  for (const copy of [block, inner, wrapped, ...integers]) copy.fill(0);
  return whole;
}

function exponentOf(
  of: { readonly d: bigint; readonly e: bigint; readonly factor: bigint; readonly claimed: Secret | undefined },
): bigint {
  const order = of.factor - 1n;
  const exponent = of.d % order;
  expectRelation((exponent * of.e) % order === 1n, "the private exponent does not belong to the public one");
  if (of.claimed !== undefined) {
    expectRelation(read(of.claimed) === exponent, "an exponent of the Chinese remainder theorem is wrong");
  }
  return exponent;
}

function read(secret: Secret): bigint {
  const bytes = exposeToHeap(secret);
  const number = toNumber(bytes);
  bytes.fill(0);
  return number;
}

function isOdd(number: bigint): boolean {
  return (number & 1n) === 1n && number !== 1n;
}

function zerosOf(secret: Secret): number {
  let zeros = 0;
  while (zeros < secret.length && secret.uint8(zeros) === 0) zeros++;
  return zeros;
}

/** Not by way of hex: a string cannot be overwritten. */
function toNumber(bytes: Uint8Array): bigint {
  let number = 0n;
  for (const byte of bytes) number = (number << 8n) | BigInt(byte);
  return number;
}

function writeNumber(number: bigint, target: Uint8Array): void {
  for (let at = target.length - 1, rest = number; at >= 0; at--, rest >>= 8n) target[at] = Number(rest & 0xffn);
}

function derInteger(number: Uint8Array): Uint8Array<ArrayBuffer> {
  const digits = number.length === 1 ? number : number.subarray(number.findIndex((byte) => byte !== 0));
  return (digits[0] ?? 0) >= 0x80 ? der(TAG_INTEGER, Uint8Array.of(0), digits) : der(TAG_INTEGER, digits);
}

function der(tag: number, ...contents: readonly Uint8Array[]): Uint8Array<ArrayBuffer> {
  const length = contents.reduce((sum, content) => sum + content.length, 0);
  const head = length < 0x80
    ? [tag, length]
    : length < 0x100
    ? [tag, 0x81, length]
    : [tag, 0x82, length >> 8, length & 0xff];
  const bytes = new Uint8Array(head.length + length);
  bytes.set(head);
  let at = head.length;
  for (const content of contents) {
    bytes.set(content, at);
    at += content.length;
  }
  return bytes;
}

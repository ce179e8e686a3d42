/**
 * The NIST curves SSH has (RFC 5656 §10.1): deriving public points, and telling which points are on them.
 *
 * @module
 */

import type { Secret } from "../secret.ts";
import { bytesOf } from "../secret_bytes.ts";
import { Numbers } from "./bignum.ts";
import { pass } from "./digest.ts";
import { CryptoError, drainErrors, expectOne, expectPointer } from "./errors.ts";
import type { Pointer, Symbols } from "./symbols.ts";

/** The curves, by RFC 5656's names. */
export type Curve = "nistp256" | "nistp384" | "nistp521";

/** libcrypto's numbers for them (obj_mac.h): prime256v1, secp384r1, secp521r1. */
export const CURVE_NID: Readonly<Record<Curve, number>> = { nistp256: 415, nistp384: 715, nistp521: 716 };
/** Bytes of a scalar, and of a coordinate, on each curve. */
export const SCALAR_LENGTH: Readonly<Record<Curve, number>> = { nistp256: 32, nistp384: 48, nistp521: 66 };

const POINT_CONVERSION_UNCOMPRESSED = 4; // ec.h

/**
 * Derives the public point of a scalar.
 *
 * @param scalar Big-endian.
 * @returns Uncompressed, 04 x y (SEC 1 §2.3.3).
 * @throws {CryptoError} code "inconsistent" if the scalar is 0 or not below the group's order.
 */
export function publicPoint(symbols: Symbols, curve: Curve, scalar: Secret): Uint8Array<ArrayBuffer> {
  return withPoint(symbols, curve, (group, point) => {
    using numbers = new Numbers(symbols);
    const factor = numbers.read(bytesOf(scalar));
    const order = symbols.EC_GROUP_get0_order(group);
    if (symbols.BN_is_zero(factor) === 1 || symbols.BN_cmp(factor, order) >= 0) {
      throw new CryptoError("inconsistent", `Cannot take the key: the private scalar is not in the range of ${curve}`);
    }
    const status = symbols.EC_POINT_mul(group, point, factor, null, null, numbers.context);
    expectOne(symbols, status, `derive a point of ${curve}`);
    return encode(symbols, curve, { group, point });
  });
}

/**
 * Reads a point that somebody claims, compressed or not.
 *
 * @returns Uncompressed.
 * @throws {CryptoError} code "off-curve" if it is no point of the curve, or the one at infinity.
 */
export function checkedPoint(symbols: Symbols, curve: Curve, claimed: Uint8Array): Uint8Array<ArrayBuffer> {
  return withPoint(symbols, curve, (group, point) => {
    const bytes = pass(claimed);
    const infinity = bytes.length <= 1; // SEC 1 §2.3.3 writes it as a single zero
    if (infinity || symbols.EC_POINT_oct2point(group, point, bytes, BigInt(bytes.length), null) !== 1) {
      drainErrors(symbols);
      throw new CryptoError("off-curve", `Cannot take the key: the public point is not on ${curve}`);
    }
    return encode(symbols, curve, { group, point });
  });
}

function encode(
  symbols: Symbols,
  curve: Curve,
  of: { readonly group: Pointer; readonly point: Pointer },
): Uint8Array<ArrayBuffer> {
  const bytes = new Uint8Array(1 + 2 * SCALAR_LENGTH[curve]);
  const size = BigInt(bytes.length);
  const form = POINT_CONVERSION_UNCOMPRESSED;
  const written = symbols.EC_POINT_point2oct(of.group, of.point, form, bytes, size, null);
  expectOne(symbols, written === size ? 1 : 0, `write a point of ${curve}`);
  return bytes;
}

function withPoint<T>(symbols: Symbols, curve: Curve, use: (group: Pointer, point: Pointer) => T): T {
  const made = symbols.EC_GROUP_new_by_curve_name(CURVE_NID[curve]);
  const group = expectPointer(symbols, made, `find the curve ${curve}`);
  const point = symbols.EC_POINT_new(group);
  try {
    return use(group, expectPointer(symbols, point, "make a point"));
  } finally {
    symbols.EC_POINT_clear_free(point);
    symbols.EC_GROUP_free(group);
  }
}

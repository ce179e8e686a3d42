/**
 * From the text of a private key to a key that can sign, within locked memory: takes the armour off, reads the
 * container, derives the public half, and compares it with what the container claims.
 *
 * @module
 */

import { CryptoError } from "../../ffi/crypto/errors.ts";
import type { Secret, SecretMemory } from "../../ffi/secret.ts";
import {
  COORDINATE_LENGTH,
  type EcdsaCurve,
  modulusBits,
  parsePublicKey,
  RSA_MAX_BITS,
  RSA_MIN_BITS,
} from "../ssh/public_key.ts";
import { tryRead } from "../ssh/wire.ts";
import { inconsistent, unsupported } from "./key_error.ts";
import { readOpenssh } from "./openssh.ts";
import type { RawKey, RawNumbers } from "./parsed.ts";
import { type PemLabel, removeArmour } from "./pem.ts";
import { readPkcs1 } from "./pkcs1.ts";
import { readPkcs8 } from "./pkcs8.ts";
import { PrivateKey, type PrivateNumbers } from "./private_key.ts";
import { readSec1 } from "./sec1.ts";
import type { KeyBackend } from "./signer.ts";

/** A key that was read. */
export interface ParsedKey {
  readonly key: PrivateKey;
  /** The container's comment, as it stands there; "" where it has none. */
  readonly comment: string;
  /** Whether the container repeats the public half, and a repetition is not the one derived. The derived one is used. */
  readonly claimsOther: boolean;
}

/** What reading a key takes. */
export interface ParseParts {
  readonly memory: SecretMemory;
  readonly backend: KeyBackend;
}

/**
 * Reads a private key.
 *
 * @param text The key as stored; stays the caller's.
 * @returns The key, which the caller owns.
 * @throws {KeyError} If the text is not a key we can use. Nothing of it is left in memory then.
 * @throws {SecretMemoryError} or {CryptoError} code "secure-heap-exhausted", if memory runs out.
 */
export function parsePrivateKey(text: Secret, parts: ParseParts): ParsedKey {
  const { label, body } = removeArmour(text, parts.memory);
  using _ = body;
  const raw = READERS[label](body);
  const points = checkPoints(raw, parts.backend);
  const key = new PrivateKey(complete(raw.numbers, parts), parts.backend);
  return { key, comment: raw.comment, claimsOther: claimsOther(raw, points, key) };
}

const READERS: Readonly<Record<PemLabel, (body: Secret) => RawKey>> = {
  "OPENSSH PRIVATE KEY": readOpenssh,
  "PRIVATE KEY": readPkcs8,
  "RSA PRIVATE KEY": readPkcs1,
  "EC PRIVATE KEY": (body) => readSec1(body),
};

/** Derives the public half and copies the private one into memory of its own. */
function complete(raw: RawNumbers, parts: ParseParts): PrivateNumbers {
  switch (raw.type) {
    case "ed25519": {
      const seed = raw.seed.copy();
      return orWipe(seed, () => ({ type: "ed25519", seed, point: parts.backend.ed25519Point(seed) }));
    }
    case "ecdsa": {
      const { curve } = raw;
      const scalar = fixedLength(raw.scalar, curve, parts.memory);
      return orWipe(scalar, () => ({ type: "ecdsa", curve, scalar, point: parts.backend.ecdsaPoint(curve, scalar) }));
    }
    case "rsa": {
      checkSizes(raw);
      return refusingInconsistent(() => ({ type: "rsa", rsa: parts.backend.assembleRsa(raw.parts, parts.memory) }));
    }
    default:
      return raw satisfies never;
  }
}

/** Runs a derivation; if it fails, the copy is wiped. */
function orWipe(copy: Secret, derive: () => PrivateNumbers): PrivateNumbers {
  try {
    return refusingInconsistent(derive);
  } catch (error) {
    copy.wipe();
    throw error;
  }
}

/** Runs a computation on numbers of the key; what the back end finds wrong with them is the key's fault. */
function refusingInconsistent<T>(compute: () => T): T {
  try {
    return compute();
  } catch (cause) {
    if (!(cause instanceof CryptoError) || (cause.code !== "inconsistent" && cause.code !== "off-curve")) throw cause;
    throw inconsistent(cause.message.replace(/^Cannot [^:]*: /, ""), { cause });
  }
}

/** Sizes that are supported, and none that would make the arithmetic run out of memory. */
function checkSizes({ parts }: RawNumbers & { type: "rsa" }): void {
  const { n, e, d, p, q, iqmp, dmp1, dmq1 } = parts;
  const start = n.findIndex((byte) => byte !== 0);
  const bits = start < 0 ? 0 : modulusBits(n.subarray(start));
  if (bits < RSA_MIN_BITS) throw unsupported(`an RSA modulus of ${bits} bits is too short, ${RSA_MIN_BITS} are needed`);
  if (bits > RSA_MAX_BITS) throw unsupported(`an RSA modulus of ${bits} bits is too long, ${RSA_MAX_BITS} are allowed`);
  for (const number of [e, d, p, q, iqmp, dmp1, dmq1]) {
    if ((number?.length ?? 0) > n.length) throw inconsistent("a number is longer than the modulus");
  }
}

/** A scalar of the curve's length in memory of its own; containers pad it differently. */
function fixedLength(scalar: Secret, curve: EcdsaCurve, memory: SecretMemory): Secret {
  const length = COORDINATE_LENGTH[curve];
  let start = 0;
  while (start < scalar.length && scalar.uint8(start) === 0) start++;
  const digits = scalar.length - start;
  if (digits > length) throw inconsistent(`the private scalar is not in the range of ${curve}`);
  using writer = memory.writer(length);
  writer.appendPublic(new Uint8Array(length - digits));
  writer.append(scalar, start);
  return writer.finish();
}

/** The public points a container claims, each in full form. @throws {KeyError} If one is not on the curve. */
function checkPoints(raw: RawKey, backend: KeyBackend): readonly Uint8Array[] {
  const { numbers, claimedPoints, claimedBlob } = raw;
  if (numbers.type !== "ecdsa") return claimedPoints;
  const { curve } = numbers;
  const named = claimedBlob === undefined ? undefined : tryRead(() => parsePublicKey(claimedBlob));
  const all = named?.type === "ecdsa" && named.curve === curve ? [...claimedPoints, named.point] : claimedPoints;
  return all.map((point) => refusingInconsistent(() => backend.checkedPoint(curve, point)));
}

function claimsOther(raw: RawKey, points: readonly Uint8Array[], { publicKey, blob }: PrivateKey): boolean {
  if (raw.claimedBlob !== undefined && !sameBytes(raw.claimedBlob, blob)) return true;
  if (publicKey.type === "rsa") return false; // the numbers are checked against the modulus
  return points.some((point) => !sameBytes(point, publicKey.point));
}

function sameBytes(a: Uint8Array, b: Uint8Array): boolean {
  return a.length === b.length && a.every((byte, at) => byte === b[at]);
}

/**
 * Writes private-key containers field by field, so that tests can put wrong numbers into right formats. On the ordinary
 * heap: the keys are made for the test and open nothing.
 *
 * @module
 */

import { generateKeyPairSync } from "node:crypto";
import { WireWriter } from "../../mod/ssh/wire.ts";

/** The numbers of an RSA key. */
export interface RsaNumbers {
  readonly n: bigint;
  readonly e: bigint;
  readonly d: bigint;
  readonly p: bigint;
  readonly q: bigint;
  readonly dmp1: bigint;
  readonly dmq1: bigint;
  readonly iqmp: bigint;
}

/** OBJECT IDENTIFIERs, as DER. */
export const OID = {
  ed25519: "06032b6570",
  x25519: "06032b656e",
  rsa: "06092a864886f70d010101",
  pss: "06092a864886f70d01010a",
  ec: "06072a8648ce3d0201",
  dsa: "06072a8648ce380401",
  nistp256: "06082a8648ce3d030107",
  nistp384: "06052b81040022",
  nistp521: "06052b81040023",
  secp256k1: "06052b8104000a",
} as const;

/** A DER value. */
export function der(tag: number, ...contents: readonly Uint8Array[]): Uint8Array {
  const content = concat(...contents);
  if (content.length < 0x80) return concat(Uint8Array.of(tag, content.length), content);
  const length = bytesOfNumber(BigInt(content.length));
  return concat(Uint8Array.of(tag, 0x80 + length.length), length, content);
}

/** A DER INTEGER. */
export function integer(number: bigint): Uint8Array {
  const bytes = bytesOfNumber(number);
  return der(2, (bytes[0] ?? 0) >= 0x80 ? concat(Uint8Array.of(0), bytes) : bytes);
}

/** An OBJECT IDENTIFIER. */
export function oid(name: keyof typeof OID): Uint8Array {
  return Uint8Array.from(OID[name].match(/../g) ?? [], (pair) => parseInt(pair, 16));
}

/** RSAPrivateKey. */
export function pkcs1({ n, e, d, p, q, dmp1, dmq1, iqmp }: RsaNumbers, version = 0n): Uint8Array {
  return der(0x30, ...[version, n, e, d, p, q, dmp1, dmq1, iqmp].map(integer));
}

/** ECPrivateKey; leave out what is not given. */
export function sec1(
  scalar: Uint8Array,
  options: { readonly curve?: Uint8Array; readonly point?: Uint8Array } = {},
): Uint8Array {
  const parts = [integer(1n), der(4, scalar)];
  if (options.curve !== undefined) parts.push(der(0xa0, options.curve));
  if (options.point !== undefined) parts.push(der(0xa1, der(3, Uint8Array.of(0), options.point)));
  return der(0x30, ...parts);
}

/** PrivateKeyInfo, or with a point OneAsymmetricKey. */
export function pkcs8(algorithm: readonly Uint8Array[], inner: Uint8Array, point?: Uint8Array): Uint8Array {
  const parts = [integer(point === undefined ? 0n : 1n), der(0x30, ...algorithm), der(4, inner)];
  if (point !== undefined) parts.push(der(0x81, Uint8Array.of(0), point));
  return der(0x30, ...parts);
}

/** What is different about an OpenSSH container. */
export interface OpensshOptions {
  readonly cipher?: string;
  readonly kdf?: string;
  readonly count?: number;
  readonly secondCheck?: number;
  readonly padding?: readonly number[];
  readonly comment?: string | Uint8Array;
  readonly trailing?: Uint8Array;
}

/** OpenSSH's format around the fields of one private key, its type first. */
export function openssh(blob: Uint8Array, fields: Uint8Array, options: OpensshOptions = {}): Uint8Array {
  const section = new WireWriter().uint32(0x1234).uint32(options.secondCheck ?? 0x1234).bytes(fields);
  section.string(options.comment ?? "a comment");
  const missing = (8 - section.length % 8) % 8;
  section.bytes(Uint8Array.from(options.padding ?? Array.from({ length: missing }, (_, i) => i + 1)));
  return new WireWriter().bytes(new TextEncoder().encode("openssh-key-v1\0"))
    .string(options.cipher ?? "none").string(options.kdf ?? "none").string("").uint32(options.count ?? 1)
    .string(blob).string(section.finish()).bytes(options.trailing ?? new Uint8Array()).finish();
}

/** The fields of an RSA key in OpenSSH's format. */
export function opensshRsa({ n, e, d, iqmp, p, q }: RsaNumbers): Uint8Array {
  const writer = new WireWriter().string("ssh-rsa");
  for (const number of [n, e, d, iqmp, p, q]) writer.mpint(bytesOfNumber(number));
  return writer.finish();
}

/** PEM of 64 columns. */
export function pem(label: string, bytes: Uint8Array): string {
  const body = btoa(Array.from(bytes, (byte) => String.fromCharCode(byte)).join(""));
  return `-----BEGIN ${label}-----\n${body.match(/.{1,64}/g)?.join("\n") ?? ""}\n-----END ${label}-----\n`;
}

/** A fresh RSA key's numbers. */
export function makeRsaNumbers(bits: number): RsaNumbers {
  const jwk = generateKeyPairSync("rsa", { modulusLength: bits }).privateKey.export({ format: "jwk" });
  const number = (text: string | undefined): bigint => numberOfBytes(fromBase64url(text ?? ""));
  return {
    n: number(jwk.n),
    e: number(jwk.e),
    d: number(jwk.d),
    p: number(jwk.p),
    q: number(jwk.q),
    dmp1: number(jwk.dp),
    dmq1: number(jwk.dq),
    iqmp: number(jwk.qi),
  };
}

/** Big-endian, at least one byte. */
export function bytesOfNumber(number: bigint): Uint8Array {
  const bytes: number[] = [];
  for (let rest = number; rest > 0n; rest >>= 8n) bytes.unshift(Number(rest & 0xffn));
  return Uint8Array.from(bytes.length === 0 ? [0] : bytes);
}

/** @param bytes Big-endian. */
export function numberOfBytes(bytes: Uint8Array): bigint {
  return bytes.reduce((number, byte) => (number << 8n) | BigInt(byte), 0n);
}

/** Decodes base64url. */
export function fromBase64url(text: string): Uint8Array {
  return Uint8Array.from(atob(text.replaceAll("-", "+").replaceAll("_", "/")), (char) => char.charCodeAt(0));
}

/** One after the other. */
export function concat(...parts: readonly Uint8Array[]): Uint8Array {
  const whole = new Uint8Array(parts.reduce((sum, part) => sum + part.length, 0));
  let at = 0;
  for (const part of parts) {
    whole.set(part, at);
    at += part.length;
  }
  return whole;
}

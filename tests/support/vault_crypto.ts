/**
 * Bitwarden's encryption as a client does it, for building a test vault that the real `bw` can open.
 * Source: the published security white paper, and what `bw` 2026.9.0 accepts.
 *
 * Not for: the program under test, which never does any of this.
 *
 * @module
 */

import {
  constants,
  createCipheriv,
  createHash,
  createHmac,
  generateKeyPairSync,
  type KeyObject,
  pbkdf2Sync,
  publicEncrypt,
  randomBytes,
} from "node:crypto";

/** 64 bytes: 32 for AES-256-CBC, then 32 for HMAC-SHA256. */
export type SymmetricKey = Uint8Array;

/** `2.iv|ciphertext|mac` or `4.ciphertext`, base64 in the parts. */
export type EncString = string;

/** The fewest iterations that `bw` accepts: tests want speed. */
export const PBKDF2_ITERATIONS = 5_000;

const encoder = new TextEncoder();

/** A fresh key for a user, an organisation, an item or a file. */
export function newSymmetricKey(): SymmetricKey {
  return new Uint8Array(randomBytes(64));
}

/** What the password and the address make; wraps the user key and, hashed once more, logs in. */
export function masterKey(password: string, email: string): Uint8Array {
  return new Uint8Array(pbkdf2Sync(password, email.trim().toLowerCase(), PBKDF2_ITERATIONS, 32, "sha256"));
}

/** What the client sends to the server instead of the password. */
export function authenticationHash(master: Uint8Array, password: string): string {
  return base64(pbkdf2Sync(master, password, 1, 32, "sha256"));
}

/** HKDF-Expand (RFC 5869 §2.3, without Extract) to an encryption and an authentication key; one block each. */
export function stretch(master: Uint8Array): SymmetricKey {
  const key = new Uint8Array(64);
  key.set(createHmac("sha256", master).update("enc\x01").digest(), 0);
  key.set(createHmac("sha256", master).update("mac\x01").digest(), 32);
  return key;
}

/** Encrypts text or bytes to an EncString of type 2 (AES-256-CBC, then HMAC-SHA256 over iv and ciphertext). */
export function encrypt(key: SymmetricKey, plain: string | Uint8Array): EncString {
  const { iv, ciphertext, mac } = seal(key, typeof plain === "string" ? encoder.encode(plain) : plain);
  return `2.${base64(iv)}|${base64(ciphertext)}|${base64(mac)}`;
}

/** Encrypts a file's content to the attachment format: 0x02, iv, mac, ciphertext. */
export function encryptFile(key: SymmetricKey, plain: Uint8Array): Uint8Array {
  const { iv, ciphertext, mac } = seal(key, plain);
  return concat(Uint8Array.of(2), iv, mac, ciphertext);
}

/** Breaks the authentication code of an EncString, as a damaged vault has it. */
export function damage(sealed: EncString): EncString {
  const [start, middle] = sealed.split("|");
  return `${start}|${middle}|${base64(randomBytes(32))}`;
}

/** An account's RSA key pair, to which organisations wrap their keys. */
export interface AccountKeyPair {
  /** SPKI DER, base64. */
  readonly publicKey: string;
  /** PKCS#8 DER, wrapped with the user key. */
  readonly wrappedPrivateKey: EncString;
  /** Wraps an organisation's key for the account: EncString of type 4 (RSA-OAEP with SHA-1). */
  wrap(key: SymmetricKey): EncString;
}

/** Makes one. */
export function newAccountKeyPair(userKey: SymmetricKey): AccountKeyPair {
  const pair = generateKeyPairSync("rsa", { modulusLength: 2048 });
  return {
    publicKey: base64(pair.publicKey.export({ type: "spki", format: "der" })),
    wrappedPrivateKey: encrypt(userKey, pair.privateKey.export({ type: "pkcs8", format: "der" })),
    wrap: (key) => rsaWrap(pair.publicKey, key),
  };
}

/** Standard base64 with padding. */
export function base64(bytes: Uint8Array): string {
  let binary = "";
  for (const byte of bytes) binary += String.fromCharCode(byte);
  return btoa(binary);
}

function rsaWrap(key: KeyObject, plain: SymmetricKey): EncString {
  const padding = constants.RSA_PKCS1_OAEP_PADDING;
  return `4.${base64(publicEncrypt({ key, padding, oaepHash: "sha1" }, plain))}`;
}

/** The SHA-256 of a text, in base64. */
export function sha256(text: string): string {
  return base64(createHash("sha256").update(text).digest());
}

interface Sealed {
  readonly iv: Uint8Array;
  readonly ciphertext: Uint8Array;
  readonly mac: Uint8Array;
}

function seal(key: SymmetricKey, plain: Uint8Array): Sealed {
  const iv = randomBytes(16);
  const cipher = createCipheriv("aes-256-cbc", key.subarray(0, 32), iv);
  const ciphertext = concat(cipher.update(plain), cipher.final());
  const mac = createHmac("sha256", key.subarray(32)).update(iv).update(ciphertext).digest();
  return { iv, ciphertext, mac };
}

function concat(...parts: readonly Uint8Array[]): Uint8Array {
  const whole = new Uint8Array(parts.reduce((length, part) => length + part.length, 0));
  let at = 0;
  for (const part of parts) {
    whole.set(part, at);
    at += part.length;
  }
  return whole;
}

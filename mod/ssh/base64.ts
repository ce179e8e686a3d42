/**
 * Base64 of public bytes (RFC 4648 §4), strict. `Uint8Array.fromBase64` is not in Deno 2.4.
 *
 * Not for: private keys, which `SecretMemory.decodeBase64` decodes within locked memory.
 *
 * @module
 */

/** String.fromCharCode takes its input as arguments; more than some tens of thousands overflow the stack. */
const CHUNK = 8192;

/** Encodes with padding. */
export function encodeBase64(bytes: Uint8Array): string {
  let binary = "";
  for (let at = 0; at < bytes.length; at += CHUNK) binary += String.fromCharCode(...bytes.subarray(at, at + CHUNK));
  return btoa(binary);
}

/**
 * Decodes canonical, padded base64 without white space.
 * @returns The bytes, or undefined when the text is anything else (also when unused bits are set, as OpenSSH refuses it).
 */
export function decodeBase64(text: string): Uint8Array<ArrayBuffer> | undefined {
  if (text.length % 4 !== 0 || !/^[A-Za-z0-9+/]*={0,2}$/.test(text)) return undefined;
  const binary = atob(text);
  const bytes = new Uint8Array(binary.length);
  for (let at = 0; at < bytes.length; at++) bytes[at] = binary.charCodeAt(at);
  return encodeBase64(bytes) === text ? bytes : undefined;
}

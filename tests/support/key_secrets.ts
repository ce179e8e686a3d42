/**
 * The secret numbers of a test key, for the one test that searches a process's memory for them.
 *
 * Not for: any other test; nothing here may be printed, compared with `deepEqual`, or put into a message.
 *
 * @module
 */

import { baseEnv, runOk } from "./process.ts";
import { makeTempDir } from "./temp.ts";
import type { TestKey } from "./test_keys.ts";

/** Bytes that must be nowhere, and what to call them when they are somewhere. */
export interface SecretBytes {
  readonly name: string;
  readonly bytes: Uint8Array;
}

const RSA_NUMBERS = ["version", "n", "e", "d", "p", "q", "dp", "dq", "qinv"] as const;
const RSA_PUBLIC: readonly string[] = ["version", "n", "e"];

/**
 * Everything in a private key that is not public.
 *
 * @param key An Ed25519, ECDSA or RSA key without a passphrase.
 * @returns The seed, scalar or numbers, big-endian without leading zeros, each also byte-reversed (OpenSSL's BIGNUM
 * keeps its words little-endian), and the text's base64 body (search for it whole: its first lines are public in
 * OpenSSH's format).
 */
export async function secretsForMemoryScan(key: TestKey): Promise<readonly SecretBytes[]> {
  const text = key.revealPrivateText();
  const body = text.split("\n").filter((line) => line !== "" && !line.startsWith("-----")).join("\n");
  const numbers = key.publicKey.startsWith("ssh-ed25519")
    ? [{ name: "seed", bytes: ed25519Seed(text) }]
    : derNumbers(bodyBytes(await asTraditionalPem(text)));
  const reversed = numbers.map(({ name, bytes }) => ({ name: `${name}, little-endian`, bytes: bytes.toReversed() }));
  return [...numbers, ...reversed, { name: "base64 body", bytes: new TextEncoder().encode(body) }];
}

/** PKCS#1 or SEC1, whatever the form was. */
async function asTraditionalPem(text: string): Promise<string> {
  await using dir = makeTempDir("convert");
  const file = dir.write("key", text);
  await runOk(["ssh-keygen", "-q", "-p", "-m", "PEM", "-P", "", "-N", "", "-f", file], { env: baseEnv(dir.path) });
  return Deno.readTextFileSync(file);
}

/** PKCS#8 (RFC 8410 §7) ends with the seed; in PROTOCOL.key the private string is seed, then public key. */
function ed25519Seed(text: string): Uint8Array {
  const bytes = bodyBytes(text);
  if (!text.includes("OPENSSH")) return bytes.slice(-32);
  for (let at = bytes.length - 68; at >= 0; at--) {
    if (bytes[at] === 0 && bytes[at + 1] === 0 && bytes[at + 2] === 0 && bytes[at + 3] === 64) {
      return bytes.slice(at + 4, at + 36);
    }
  }
  throw new SyntaxError("Cannot find the seed in an OpenSSH key");
}

function bodyBytes(text: string): Uint8Array {
  const body = text.replaceAll(/-----[^-]+-----|\s/g, "");
  return Uint8Array.from(atob(body), (char) => char.charCodeAt(0));
}

/** RSAPrivateKey (RFC 8017 A.1.2): nine INTEGERs. ECPrivateKey (RFC 5915 §3): an INTEGER, then the scalar. */
function derNumbers(der: Uint8Array): readonly SecretBytes[] {
  const elements = derElements(derElements(der)[0]?.content ?? der);
  const [, scalar] = elements;
  if (scalar?.tag === 0x04) return [{ name: "scalar", bytes: withoutLeadingZeros(scalar.content) }];
  return RSA_NUMBERS
    .map((name, number) => ({ name, bytes: withoutLeadingZeros(elements[number]?.content ?? new Uint8Array(0)) }))
    .filter(({ name }) => !RSA_PUBLIC.includes(name));
}

function derElements(der: Uint8Array): readonly { readonly tag: number; readonly content: Uint8Array }[] {
  const elements = [];
  for (let at = 0; at < der.length;) {
    const tag = der[at] ?? 0;
    let length = der[at + 1] ?? 0;
    let start = at + 2;
    if (length > 0x80) {
      const count = length - 0x80;
      length = der.subarray(start, start + count).reduce((sum, byte) => sum * 256 + byte, 0);
      start += count;
    }
    elements.push({ tag, content: der.subarray(start, start + length) });
    at = start + length;
  }
  return elements;
}

function withoutLeadingZeros(bytes: Uint8Array): Uint8Array {
  return bytes.slice(bytes.findIndex((byte) => byte !== 0));
}

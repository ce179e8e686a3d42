/**
 * Keys for the benchmark: made by ssh-keygen, put into a vault listing as `bw` prints it, and into requests as ssh sends
 * them.
 *
 * @module
 */

import { WireWriter } from "../../mod/ssh/wire.ts";
import { baseEnv, runOk } from "../support/process.ts";
import type { TempDir } from "../support/temp.ts";

/** The kinds that are measured. */
export type KeyKind = "ed25519" | "p256" | "rsa3072";

/** A key pair on disk. */
export interface BenchKey {
  readonly kind: KeyKind;
  /** Path of the private key file, as `ssh-add` takes it. */
  readonly file: string;
  /** `bench-ed25519-7` */
  readonly name: string;
  readonly blob: Uint8Array<ArrayBuffer>;
}

const ARGUMENTS: Readonly<Record<KeyKind, readonly string[]>> = {
  ed25519: ["-t", "ed25519"],
  p256: ["-t", "ecdsa", "-b", "256"],
  rsa3072: ["-t", "rsa", "-b", "3072"],
};
/** The algorithm ssh asks for, and the flags that go with it (RFC 9987, signature flags: 4 is RSA with SHA-512). */
const ALGORITHM: Readonly<Record<KeyKind, readonly [name: string, flags: number]>> = {
  ed25519: ["ssh-ed25519", 0],
  p256: ["ecdsa-sha2-nistp256", 0],
  rsa3072: ["rsa-sha2-512", 4],
};
/** Number of ssh-keygen processes at a time. */
const AT_ONCE = 4;

const SSH_MSG_USERAUTH_REQUEST = 50;
const SSH_AGENTC_SIGN_REQUEST = 13;
/** A session id is the hash of a key exchange: 32 bytes with today's default, curve25519-sha256 and relatives. */
const SESSION_ID_LENGTH = 32;

/** Makes keys; each kind's are numbered from 0. */
export async function makeKeys(dir: TempDir, kind: KeyKind, count: number): Promise<BenchKey[]> {
  const keys: BenchKey[] = [];
  for (let from = 0; from < count; from += AT_ONCE) {
    const numbers = Array.from({ length: Math.min(AT_ONCE, count - from) }, (_, index) => from + index);
    keys.push(...await Promise.all(numbers.map((number) => makeKey(dir, kind, `bench-${kind}-${number}`))));
  }
  return keys;
}

async function makeKey(dir: TempDir, kind: KeyKind, name: string): Promise<BenchKey> {
  const file = dir.join(name);
  await runOk(["ssh-keygen", "-q", "-N", "", "-C", name, "-f", file, ...ARGUMENTS[kind]], { env: baseEnv(dir.path) });
  const [, base64 = ""] = (await Deno.readTextFile(`${file}.pub`)).split(" ");
  return { kind, file, name, blob: Uint8Array.from(atob(base64), (character) => character.charCodeAt(0)) };
}

/** What `bw list items` prints: an SSH-key item for each key, and logins (which a vault is full of) after each of them. */
export async function vaultListing(keys: readonly BenchKey[], logins: number): Promise<string> {
  const items: unknown[] = [];
  for (const [index, key] of keys.entries()) {
    const publicKey = (await Deno.readTextFile(`${key.file}.pub`)).trim();
    const sshKey = { privateKey: await Deno.readTextFile(key.file), publicKey, keyFingerprint: "" };
    items.push({ type: 5, name: key.name, ...commonFields(index), sshKey });
  }
  const every = Math.max(1, Math.floor(logins / Math.max(1, keys.length)));
  for (let index = 0; index < logins; index++) {
    const login = {
      uris: [{ match: null, uri: `https://site-${index}.example` }],
      username: "me",
      password: "x",
      totp: null,
    };
    const item = { type: 1, name: `login ${index}`, notes: "a note\n", ...commonFields(keys.length + index), login };
    items.splice(Math.min(items.length, index + Math.ceil(index / every)), 0, item);
  }
  return JSON.stringify(items);
}

function commonFields(index: number): Record<string, unknown> {
  const id = `00000000-0000-4000-8000-${index.toString(16).padStart(12, "0")}`;
  const date = "2026-01-01T00:00:00.000Z";
  return {
    ...{ favorite: false, reprompt: 0, id, collectionIds: [], object: "item", fields: [], passwordHistory: [] },
    ...{ creationDate: date, revisionDate: date, attachments: [] },
  };
}

/** The request for a list, as a frame. */
export const LIST_REQUEST = new Uint8Array([0, 0, 0, 1, 11]);

/** Where in the frame of {@linkcode signRequest} 8 bytes of the session id stand, to be varied from request to request. */
export function sessionIdAt(key: BenchKey): number {
  return 4 + 1 + 4 + key.blob.length + 4 + 4;
}

/** The request for a signature of a login as OpenSSH's ssh makes it (RFC 4252 §7), as a frame of some 200 to 1,000 bytes. */
export function signRequest(key: BenchKey): Uint8Array<ArrayBuffer> {
  const [algorithm, flags] = ALGORITHM[key.kind];
  const data = new WireWriter(1024)
    .string(crypto.getRandomValues(new Uint8Array(SESSION_ID_LENGTH)))
    .uint8(SSH_MSG_USERAUTH_REQUEST)
    .string("git")
    .string("ssh-connection")
    .string("publickey-hostbound-v00@openssh.com")
    .uint8(1)
    .string(algorithm)
    .string(key.blob)
    .string(HOST_KEY)
    .finish();
  const body = new WireWriter(2048).uint8(SSH_AGENTC_SIGN_REQUEST).string(key.blob).string(data).uint32(flags).finish();
  return new WireWriter(4 + body.length).string(body).finish();
}

/** An Ed25519 host key; nobody has its private half. */
const HOST_KEY = new WireWriter(64).string("ssh-ed25519").string(new Uint8Array(32).fill(0x5a)).finish();

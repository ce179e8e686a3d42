/**
 * Private keys for tests, made anew each time by the real ssh-keygen and openssl, in every form that vaults hold. They
 * open nothing, but are treated as if: they lie in memory only, and no inspection or failing assertion prints them.
 *
 * Not for: golden vectors, which are files.
 *
 * @module
 */

import { createHash, createPublicKey } from "node:crypto";
import { base64 } from "./vault_crypto.ts";
import { baseEnv, runOk } from "./process.ts";
import { makeTempDir, type TempDir } from "./temp.ts";

/** What key to make. `dsa` and `ed448` are the ones that SSH agents refuse. */
export interface KeySpec {
  readonly type: "ed25519" | "ecdsa" | "rsa" | "dsa" | "ed448";
  readonly bits?: number;
  /** OpenSSH's own format if left out; `pem` is PKCS#1 for RSA and SEC1 for ECDSA. */
  readonly form?: "openssh" | "pkcs8" | "pem";
  readonly passphrase?: string;
  readonly comment?: string;
}

/** A key pair. */
export class TestKey {
  readonly #privateText: string;
  /** `type base64`, without a comment; empty for a type that SSH does not have. */
  readonly publicKey: string;
  /** As ssh-keygen -l says it: `SHA256:` and unpadded base64; empty where there is no public key line. */
  readonly fingerprint: string;

  constructor(privateText: string, publicKey: string) {
    this.#privateText = privateText;
    this.publicKey = publicKey;
    this.fingerprint = publicKey === "" ? "" : fingerprintOf(publicKey);
  }

  /** The private key file's text. Never put it into a message. */
  revealPrivateText(): string {
    return this.#privateText;
  }
}

/** `SHA256:…` of a public key line. */
export function fingerprintOf(publicKeyLine: string): string {
  const blob = Uint8Array.from(atob(publicKeyLine.split(" ")[1] ?? ""), (char) => char.charCodeAt(0));
  return `SHA256:${base64(createHash("sha256").update(blob).digest()).replaceAll("=", "")}`;
}

/**
 * Makes keys, all at once.
 *
 * @param specs By name; the result has the same names.
 */
export async function makeTestKeys<Name extends string>(
  specs: Readonly<Record<Name, KeySpec>>,
): Promise<Readonly<Record<Name, TestKey>>> {
  await using dir = makeTempDir("keys");
  const named = Object.entries(specs) as [Name, KeySpec][];
  const made = await Promise.all(named.map(async ([name, spec], number) => {
    return [name, await makeKey(spec, dir.join(`key-${number}`), dir)] as const;
  }));
  return Object.fromEntries(made) as Readonly<Record<Name, TestKey>>;
}

/** Makes one key. */
export async function makeTestKey(spec: KeySpec): Promise<TestKey> {
  return (await makeTestKeys({ key: spec })).key;
}

function makeKey(spec: KeySpec, file: string, dir: TempDir): Promise<TestKey> {
  const { type, form = "openssh" } = spec;
  switch (type) {
    case "dsa":
      return withOpenssl(["dsaparam", "-noout", "-genkey", "-out", file, "1024"], file, dir);
    case "ed448":
      return withOpenssl(["genpkey", "-algorithm", "ed448", "-out", file], file, dir);
    case "ed25519": // ssh-keygen writes Ed25519 in its own format only
      return form === "openssh"
        ? withSshKeygen(spec, file, dir)
        : withOpenssl(["genpkey", "-algorithm", "ed25519", "-out", file], file, dir);
    case "ecdsa":
    case "rsa":
      return withSshKeygen(spec, file, dir);
    default:
      return type satisfies never;
  }
}

const FORMS = { openssh: [], pkcs8: ["-m", "PKCS8"], pem: ["-m", "PEM"] } as const;

async function withSshKeygen(
  { type, bits, form = "openssh", passphrase = "", comment = "" }: KeySpec,
  file: string,
  dir: TempDir,
): Promise<TestKey> {
  const size = bits === undefined ? [] : ["-b", String(bits)];
  // ssh-keygen has no other way to take a passphrase without a terminal; these protect nothing.
  const words = ["-q", "-t", type, ...size, ...FORMS[form], "-N", passphrase, "-C", comment, "-f", file];
  await runOk(["ssh-keygen", ...words], { env: baseEnv(dir.path) });
  const [keyType = "", body = ""] = Deno.readTextFileSync(`${file}.pub`).trim().split(" ");
  return new TestKey(Deno.readTextFileSync(file), `${keyType} ${body}`);
}

async function withOpenssl(words: readonly string[], file: string, dir: TempDir): Promise<TestKey> {
  await runOk(["openssl", ...words], { env: baseEnv(dir.path) });
  const privateText = Deno.readTextFileSync(file);
  const publicKey = words.includes("ed25519") ? ed25519PublicKeyLine(privateText) : "";
  return new TestKey(privateText, publicKey);
}

/** RFC 8709 §4: string "ssh-ed25519", string key. */
function ed25519PublicKeyLine(privateText: string): string {
  const spki = createPublicKey(privateText).export({ type: "spki", format: "der" });
  const name = new TextEncoder().encode("ssh-ed25519");
  const blob = new Uint8Array([0, 0, 0, name.length, ...name, 0, 0, 0, 32, ...spki.subarray(-32)]);
  return `ssh-ed25519 ${base64(blob)}`;
}

/**
 * Host keys of every type OpenSSH has, security keys among them (Node's crypto plays the token), and certificates that the
 * real ssh-keygen makes for them. They open nothing and live in memory.
 *
 * Not for: users' keys (`test_keys.ts`).
 *
 * @module
 */

import { createHash, generateKeyPairSync, type KeyObject, sign } from "node:crypto";
import { encodeBase64 } from "../../mod/ssh/base64.ts";
import { type KeyBlob, keyBlob, parseAuthorizedKeyLine } from "../../mod/ssh/public_key.ts";
import { ecdsaSignatureFromRaw, encodeSignature, type SignatureAlgorithm } from "../../mod/ssh/signature.ts";
import { WireWriter } from "../../mod/ssh/wire.ts";
import { baseEnv, runOk } from "./process.ts";
import type { TempDir } from "./temp.ts";

/** A host key that signs. */
export interface HostKey {
  readonly type: HostKeyType;
  readonly blob: KeyBlob;
  /** A signature blob. @param algorithm Only RSA has a choice; SHA-512 if left out. */
  sign(data: Uint8Array, algorithm?: SignatureAlgorithm): Uint8Array<ArrayBuffer>;
}

export const HOST_KEY_TYPES = [
  "ssh-ed25519",
  "ecdsa-sha2-nistp256",
  "ecdsa-sha2-nistp384",
  "ecdsa-sha2-nistp521",
  "ssh-rsa",
  "sk-ssh-ed25519@openssh.com",
  "sk-ecdsa-sha2-nistp256@openssh.com",
] as const;
export type HostKeyType = typeof HOST_KEY_TYPES[number];

const APPLICATION = "ssh:tests";
const CURVES = {
  nistp256: ["P-256", "sha256"],
  nistp384: ["P-384", "sha384"],
  nistp521: ["P-521", "sha512"],
} as const;
type Curve = keyof typeof CURVES;

/** Makes one. @param bits For RSA. @param exponent For RSA. */
export function makeHostKey(type: HostKeyType, bits = 2048, exponent = 65537): HostKey {
  switch (type) {
    case "ssh-ed25519": {
      const { privateKey, point } = makeEd25519();
      const blob = keyBlob(new WireWriter().string(type).string(point).finish());
      return { type, blob, sign: (data) => encodeSignature(type, sign(null, data, privateKey)) };
    }
    case "ecdsa-sha2-nistp256":
    case "ecdsa-sha2-nistp384":
    case "ecdsa-sha2-nistp521": {
      const curve = type.slice("ecdsa-sha2-".length) as Curve;
      const { privateKey, point } = makeEcdsa(curve);
      const blob = keyBlob(new WireWriter().string(type).string(curve).string(point).finish());
      return { type, blob, sign: (data) => encodeSignature(type, signEcdsa(curve, privateKey, data)) };
    }
    case "ssh-rsa":
      return makeRsa(bits, exponent);
    case "sk-ssh-ed25519@openssh.com": {
      const { privateKey, point } = makeEd25519();
      const blob = keyBlob(new WireWriter().string(type).string(point).string(APPLICATION).finish());
      return { type, blob, sign: (data) => signByToken(type, data, (bytes) => sign(null, bytes, privateKey)) };
    }
    case "sk-ecdsa-sha2-nistp256@openssh.com": {
      const { privateKey, point } = makeEcdsa("nistp256");
      const blob = keyBlob(
        new WireWriter().string(type).string("nistp256").string(point).string(APPLICATION).finish(),
      );
      return {
        type,
        blob,
        sign: (data) => signByToken(type, data, (bytes) => signEcdsa("nistp256", privateKey, bytes)),
      };
    }
    default:
      return type satisfies never;
  }
}

/** A line as in a `.pub` file. */
export function publicKeyLine(key: HostKey): string {
  return `${key.type} ${encodeBase64(key.blob)}`;
}

/** A certificate authority: a key file of ssh-keygen's. */
export interface Authority {
  readonly file: string;
  readonly blob: KeyBlob;
  readonly line: string;
}

/** Makes an authority in `dir`. @param type As for `ssh-keygen -t`. */
export async function makeAuthority(dir: TempDir, type = "ed25519"): Promise<Authority> {
  const file = dir.join(`ca-${crypto.randomUUID()}`);
  await runOk(["ssh-keygen", "-q", "-t", type, "-N", "", "-C", "", "-f", file], { env: baseEnv(dir.path) });
  const line = Deno.readTextFileSync(`${file}.pub`).trim();
  return { file, line, blob: parseAuthorizedKeyLine(line).blob };
}

/** Has `ssh-keygen -s` certify a key. @param words More of its options; without `-h` among them it is a user's. */
export async function certify(
  dir: TempDir,
  authority: Authority,
  key: HostKey,
  words: readonly string[] = ["-h", "-n", "host.example.org"],
): Promise<KeyBlob> {
  const name = `host-${crypto.randomUUID()}`;
  const file = dir.write(`${name}.pub`, `${publicKeyLine(key)}\n`);
  const call = ["ssh-keygen", "-q", "-s", authority.file, "-I", "test", ...words, file];
  await runOk(call, { env: baseEnv(dir.path) });
  return parseAuthorizedKeyLine(Deno.readTextFileSync(dir.join(`${name}-cert.pub`))).blob;
}

function makeEd25519(): { readonly privateKey: KeyObject; readonly point: Uint8Array } {
  const { privateKey, publicKey } = generateKeyPairSync("ed25519");
  return { privateKey, point: fromBase64Url(publicKey.export({ format: "jwk" }).x) };
}

function makeEcdsa(curve: Curve): { readonly privateKey: KeyObject; readonly point: Uint8Array } {
  const { privateKey, publicKey } = generateKeyPairSync("ec", { namedCurve: CURVES[curve][0] });
  const { x, y } = publicKey.export({ format: "jwk" });
  return { privateKey, point: new Uint8Array([4, ...fromBase64Url(x), ...fromBase64Url(y)]) };
}

function signEcdsa(curve: Curve, key: KeyObject, data: Uint8Array): Uint8Array {
  return ecdsaSignatureFromRaw(sign(CURVES[curve][1], data, { key, dsaEncoding: "ieee-p1363" }));
}

function makeRsa(modulusLength: number, publicExponent: number): HostKey {
  const { privateKey, publicKey } = generateKeyPairSync("rsa", { modulusLength, publicExponent });
  const { e, n } = publicKey.export({ format: "jwk" });
  const blob = keyBlob(new WireWriter().string("ssh-rsa").mpint(fromBase64Url(e)).mpint(fromBase64Url(n)).finish());
  const hashes: Partial<Record<SignatureAlgorithm, string>> = {
    "rsa-sha2-256": "sha256",
    "rsa-sha2-512": "sha512",
    "ssh-rsa": "sha1",
  };
  return {
    type: "ssh-rsa",
    blob,
    sign: (data, algorithm = "rsa-sha2-512") =>
      encodeSignature(algorithm, sign(hashes[algorithm] ?? "", data, privateKey)),
  };
}

/** What a FIDO token signs (PROTOCOL.u2f): the application's hash, flags (touched), counter, the message's hash. */
function signByToken(
  type: HostKeyType,
  data: Uint8Array,
  signRaw: (bytes: Uint8Array) => Uint8Array,
): Uint8Array<ArrayBuffer> {
  const hash = (bytes: Uint8Array | string): Uint8Array => createHash("sha256").update(bytes).digest();
  const attested = new WireWriter().bytes(hash(APPLICATION)).uint8(1).uint32(7).bytes(hash(data)).finish();
  return new WireWriter().string(type).string(signRaw(attested)).uint8(1).uint32(7).finish();
}

function fromBase64Url(text: string | undefined): Uint8Array {
  const binary = atob((text ?? "").replaceAll("-", "+").replaceAll("_", "/"));
  return Uint8Array.from(binary, (char) => char.charCodeAt(0));
}

import { deepStrictEqual as deepEqual, notStrictEqual as notEqual, strictEqual as equal } from "node:assert/strict";
import { Buffer } from "node:buffer";
import { generateKeyPairSync, sign } from "node:crypto";
import fc from "fast-check";
import { decodeBase64 } from "../../mod/ssh/base64.ts";
import { decodeCertificate } from "../../mod/ssh/certificate.ts";
import { keyTypeName, parseAuthorizedKeyLine } from "../../mod/ssh/public_key.ts";
import { decodeSignature, encodeSignature } from "../../mod/ssh/signature.ts";
import { verifiedAlgorithms, verifyCertificate, verifySignature } from "../../mod/ssh/verify.ts";
import { WireReader, WireWriter } from "../../mod/ssh/wire.ts";
import { certify, HOST_KEY_TYPES, makeAuthority, makeHostKey } from "../support/host_keys.ts";
import { baseEnv, runOk } from "../support/process.ts";
import { makeTempDir, type TempDir } from "../support/temp.ts";

const DATA = new TextEncoder().encode("a session id, say");
const KEYS = Object.fromEntries(HOST_KEY_TYPES.map((type) => [type, makeHostKey(type)]));

function keyOf(type: string): ReturnType<typeof makeHostKey> {
  const key = KEYS[type];
  if (key === undefined) throw new Error(`No key of type ${type}`);
  return key;
}

function flipped(bytes: Uint8Array, at: number): Uint8Array {
  const copy = new Uint8Array(bytes);
  copy[at] = (copy[at] ?? 0) ^ 1;
  return copy;
}

for (const type of HOST_KEY_TYPES) {
  Deno.test(`verifySignature() takes what a key of ${type} has signed, and nothing near it`, async () => {
    const key = keyOf(type);
    const signature = key.sign(DATA);
    equal(await verifySignature(key.blob, signature, DATA), true);
    equal(await verifySignature(makeHostKey(type).blob, signature, DATA), false);
    equal(await verifySignature(key.blob, signature, flipped(DATA, 3)), false);
    equal(await verifySignature(key.blob, signature, new Uint8Array(0)), false);
    for (let at = 0; at < signature.length; at += 1 + Math.floor(signature.length / 12)) {
      equal(await verifySignature(key.blob, flipped(signature, at), DATA), false, `byte ${at}`);
    }
    equal(await verifySignature(key.blob, new Uint8Array([...signature, 0]), DATA), false);
    equal(await verifySignature(key.blob, signature.subarray(0, -1), DATA), false);
    equal(await verifySignature(key.blob, new Uint8Array(0), DATA), false);
    equal(await verifySignature(new Uint8Array([...key.blob, 0]), signature, DATA), false);
    equal(await verifySignature(key.blob.subarray(0, -1), signature, DATA), false);
  });

  Deno.test(`verifySignature() takes no signature of another algorithm from a key of ${type}`, async () => {
    const key = keyOf(type);
    const signature = new WireReader(key.sign(DATA));
    const own = signature.algorithmName("algorithm");
    const rest = signature.rest();
    for (const other of [...HOST_KEY_TYPES, "rsa-sha2-256", "rsa-sha2-512", "ssh-dss", "webauthn-sk-ecdsa"]) {
      if (other === own) continue;
      equal(await verifySignature(key.blob, new WireWriter().string(other).bytes(rest).finish(), DATA), false, other);
    }
  });
}

Deno.test("verifySignature() takes RSA with SHA-256 and SHA-512, not with SHA-1", async () => {
  const key = keyOf("ssh-rsa");
  equal(await verifySignature(key.blob, key.sign(DATA, "rsa-sha2-256"), DATA), true);
  equal(await verifySignature(key.blob, key.sign(DATA, "rsa-sha2-512"), DATA), true);
  equal(await verifySignature(key.blob, key.sign(DATA, "ssh-rsa"), DATA), false);
  const relabelled = encodeSignature("rsa-sha2-256", decodeSignature(key.sign(DATA, "ssh-rsa")).raw);
  equal(await verifySignature(key.blob, relabelled, DATA), false);
  deepEqual(verifiedAlgorithms("ssh-rsa"), ["rsa-sha2-512", "rsa-sha2-256"]);
  deepEqual(verifiedAlgorithms("ssh-dss"), []);
});

for (
  const { bits, exponent, taken } of [
    { bits: 1024, exponent: 65537, taken: true },
    { bits: 1023, exponent: 65537, taken: false },
    { bits: 2048, exponent: 3, taken: true },
    { bits: 2047, exponent: 65537, taken: true },
  ]
) {
  Deno.test(`verifySignature() ${taken ? "takes" : "refuses"} RSA of ${bits} bits with exponent ${exponent}`, async () => {
    const key = makeHostKey("ssh-rsa", bits, exponent);
    equal(await verifySignature(key.blob, key.sign(DATA), DATA), taken);
  });
}

Deno.test("verifySignature() takes an RSA signature without its leading zeros, as OpenSSH, and no longer one", async () => {
  const key = makeHostKey("ssh-rsa", 1024);
  for (let number = 0;; number++) {
    const data = new TextEncoder().encode(`${number}`);
    const { algorithm, raw } = decodeSignature(key.sign(data));
    if (raw[0] !== 0 || algorithm !== "rsa-sha2-512") continue;
    equal(await verifySignature(key.blob, encodeSignature(algorithm, raw.subarray(1)), data), true);
    equal(await verifySignature(key.blob, encodeSignature(algorithm, new Uint8Array([0, ...raw])), data), false);
    return;
  }
});

Deno.test("verifySignature() refuses RSA numbers that anybody could sign for", async () => {
  const n = new Uint8Array(256).fill(0xff);
  const one = new WireWriter().string("ssh-rsa").mpint(new Uint8Array([1])).mpint(n).finish();
  const key = makeHostKey("ssh-rsa");
  const reader = new WireReader(key.blob);
  reader.string("type");
  const e = reader.mpint("e");
  const modulus = reader.mpint("n");
  const raw = decodeSignature(key.sign(DATA)).raw;
  const padded = fromBigInt(power(toBigInt(raw), toBigInt(e), toBigInt(modulus)), 256);
  // Where e is 1 the padded message is its own signature.
  equal(await verifySignature(one, encodeSignature("rsa-sha2-512", padded), DATA), false);
});

const SSHSIG_TYPES = ["ed25519", "ecdsa -b 256", "ecdsa -b 384", "ecdsa -b 521", "rsa -b 2048", "rsa -b 4104"] as const;
Deno.test("verifySignature() takes no second form of an RSA signature, and no endless exponent", async () => {
  const { privateKey } = generateKeyPairSync("rsa", { modulusLength: 2047 });
  const jwk = privateKey.export({ format: "jwk" });
  const [e, n, p, q] = [jwk.e, jwk.n, jwk.p, jwk.q].map((text) => toBigInt(Buffer.from(text ?? "", "base64url")));
  if (e === undefined || n === undefined || p === undefined || q === undefined) throw new Error("No RSA key");
  const keyWith = (exponent: bigint): Uint8Array =>
    new WireWriter().string("ssh-rsa").mpint(fromBigInt(exponent, 300)).mpint(fromBigInt(n, 256)).finish();
  const raw = sign("sha512", DATA, privateKey);
  const verify = (key: Uint8Array, signature: Uint8Array): Promise<boolean> =>
    verifySignature(key, encodeSignature("rsa-sha2-512", signature), DATA);
  equal(await verify(keyWith(e), raw), true);
  equal(await verify(keyWith(e), fromBigInt(toBigInt(raw) + n, 256)), false); // the same to the arithmetic
  equal(await verify(keyWith(e + (p - 1n) * (q - 1n)), raw), false); // and so is this
});

for (const type of SSHSIG_TYPES) {
  Deno.test(`verifySignature() takes what ssh-keygen -t ${type} and -Y sign made`, async () => {
    await using dir = makeTempDir("verify");
    const { key, signature, signed } = await signWithSshKeygen(dir, type.split(" "));
    equal(await verifySignature(key, signature, signed), true);
    equal(await verifySignature(key, signature, flipped(signed, signed.length - 1)), false);
  });
}

Deno.test("a certificate signs with the key in it, and must bear its authority's signature", async (t) => {
  await using dir = makeTempDir("verify");
  for (const authorityType of ["ed25519", "ecdsa", "rsa"]) {
    const authority = await makeAuthority(dir, authorityType);
    for (const type of HOST_KEY_TYPES) {
      await t.step(`${type} by ${authorityType}`, async () => {
        const key = keyOf(type);
        const blob = await certify(dir, authority, key);
        notEqual(keyTypeName(blob), type);
        const certificate = decodeCertificate(blob);
        deepEqual(certificate.plainKey, key.blob);
        deepEqual(certificate.authority, authority.blob);
        deepEqual(certificate.principals, ["host.example.org"]);
        equal(certificate.certType, "host");
        equal(certificate.keyId, "test");
        const signature = key.sign(DATA);
        equal(await verifySignature(blob, signature, DATA), true);
        equal(await verifySignature(blob, makeHostKey(type).sign(DATA), DATA), false);
        // The same fields under a signature that is not the authority's: another principal, say.
        const at = blob.length - certificate.signature.length - 4 - certificate.authority.length - 4 - 6;
        equal(await verifySignature(flipped(blob, at), signature, DATA), false);
        equal(await verifySignature(flipped(blob, blob.length - 1), signature, DATA), false);
        equal(await verifySignature(blob.subarray(0, -1), signature, DATA), false);
        equal(await verifySignature(new Uint8Array([...blob, 0]), signature, DATA), false);
        equal(await verifyCertificate(certificate), true);
      });
    }
  }
});

Deno.test("verifySignature() never throws", async () => {
  const arbitrary = fc.tuple(
    fc.constantFrom(...HOST_KEY_TYPES, "ssh-rsa-cert-v01@openssh.com", "ssh-ed25519-cert-v01@openssh.com", "ssh-dss"),
    fc.array(fc.uint8Array({ maxLength: 140 }), { maxLength: 6 }),
    fc.uint8Array({ maxLength: 80 }),
  );
  await fc.assert(
    fc.asyncProperty(arbitrary, async ([type, fields, rest]) => {
      const writer = new WireWriter().string(type);
      for (const field of fields) writer.string(field);
      const signature = new WireWriter().string(type === "ssh-rsa" ? "rsa-sha2-256" : type).string(rest).finish();
      equal(await verifySignature(writer.finish(), signature, DATA), false);
      equal(await verifySignature(writer.bytes(rest).finish(), rest, DATA), false);
    }),
  );
  for (const [curve, size] of [["nistp256", 65], ["nistp384", 97], ["nistp521", 133]] as const) {
    const point = new Uint8Array(size).fill(1);
    point[0] = 4;
    const type = `ecdsa-sha2-${curve}`;
    const key = new WireWriter().string(type).string(curve).string(point).finish();
    equal(await verifySignature(key, keyOf(type).sign(DATA), DATA), false, curve);
  }
});

/** An SSHSIG by a fresh key: the signature blob in it, and the data it is over (PROTOCOL.sshsig). */
async function signWithSshKeygen(
  dir: TempDir,
  type: readonly string[],
): Promise<{ key: Uint8Array; signature: Uint8Array; signed: Uint8Array }> {
  const file = dir.join("key");
  const env = baseEnv(dir.path);
  await runOk(["ssh-keygen", "-q", "-t", ...type, "-N", "", "-f", file], { env });
  const { text } = await runOk(["ssh-keygen", "-q", "-Y", "sign", "-n", "file", "-f", file], { env, stdin: DATA });
  const armoured = decodeBase64(text.replace(/-----[^-]+-----/g, "").replace(/\s/g, "")) ?? new Uint8Array(0);
  const reader = new WireReader(armoured);
  reader.bytes(6, "magic");
  reader.uint32("version");
  const key = reader.string("key");
  const signed = new WireWriter().bytes(armoured.subarray(0, 6)).string(reader.string("namespace"));
  signed.string(reader.string("reserved"));
  const hash = reader.algorithmName("hash");
  const digest = await crypto.subtle.digest(hash === "sha512" ? "SHA-512" : "SHA-256", DATA);
  signed.string(hash).string(new Uint8Array(digest));
  deepEqual(parseAuthorizedKeyLine(Deno.readTextFileSync(`${file}.pub`)).blob, key);
  return { key, signature: reader.string("signature"), signed: signed.finish() };
}

function toBigInt(bytes: Uint8Array): bigint {
  return bytes.reduce((number, byte) => (number << 8n) | BigInt(byte), 0n);
}

function fromBigInt(number: bigint, length: number): Uint8Array {
  return Uint8Array.from({ length }, (_, at) => Number((number >> BigInt(8 * (length - 1 - at))) & 0xffn));
}

function power(base: bigint, exponent: bigint, modulus: bigint): bigint {
  let result = 1n;
  for (let left = exponent; left > 0n; left >>= 1n) {
    if (left & 1n) result = result * base % modulus;
    base = base * base % modulus;
  }
  return result;
}

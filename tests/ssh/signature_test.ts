import { deepStrictEqual, strictEqual, throws } from "node:assert/strict";
import { createPublicKey, verify } from "node:crypto";
import fc from "fast-check";
import { encodeBase64 } from "../../mod/ssh/base64.ts";
import { COORDINATE_LENGTH, type KnownPublicKey, parsePublicKey } from "../../mod/ssh/public_key.ts";
import {
  decodeSignature,
  ecdsaSignature,
  ecdsaSignatureFromDer,
  ecdsaSignatureFromRaw,
  ecdsaSignatureToRaw,
  encodeSignature,
  rsaSignature,
  type SignatureAlgorithm,
  signatureAlgorithm,
  signatureHash,
} from "../../mod/ssh/signature.ts";
import { WireError } from "../../mod/ssh/wire.ts";
import { exchanges, requestOf, scenes, signatureOf, signRequestOf } from "../support/agent_frames.ts";
import { fromHex, toHex } from "../support/hex.ts";

const ONE = Uint8Array.of(1);
const KEYS = {
  ed25519: { type: "ed25519", point: new Uint8Array(32) },
  nistp256: { type: "ecdsa", curve: "nistp256", point: new Uint8Array(65) },
  nistp384: { type: "ecdsa", curve: "nistp384", point: new Uint8Array(97) },
  nistp521: { type: "ecdsa", curve: "nistp521", point: new Uint8Array(133) },
  rsa: { type: "rsa", e: ONE, n: ONE },
} as const satisfies Record<string, KnownPublicKey>;

const ALGORITHMS: {
  key: keyof typeof KEYS;
  flags: number[];
  algorithm: SignatureAlgorithm;
  hash: string | undefined;
}[] = [
  { key: "ed25519", flags: [0, 2, 4, 6, 0xffffffff], algorithm: "ssh-ed25519", hash: undefined },
  { key: "nistp256", flags: [0, 2, 4, 6], algorithm: "ecdsa-sha2-nistp256", hash: "sha256" },
  { key: "nistp384", flags: [0, 2, 4, 6], algorithm: "ecdsa-sha2-nistp384", hash: "sha384" },
  { key: "nistp521", flags: [0, 2, 4, 6], algorithm: "ecdsa-sha2-nistp521", hash: "sha512" },
  { key: "rsa", flags: [0, 1, 8, 0x80000000], algorithm: "ssh-rsa", hash: "sha1" },
  { key: "rsa", flags: [2, 3, 6, 0xffffffff], algorithm: "rsa-sha2-256", hash: "sha256" },
  { key: "rsa", flags: [4, 5, 12], algorithm: "rsa-sha2-512", hash: "sha512" },
];
for (const { key, flags, algorithm, hash } of ALGORITHMS) {
  Deno.test(`signatureAlgorithm() of ${key} with flags ${flags.join(", ")} is ${algorithm}`, () => {
    for (const flag of flags) strictEqual(signatureAlgorithm(KEYS[key], flag), algorithm);
    strictEqual(signatureHash(algorithm), hash);
  });
}

const signatures = exchanges().filter(({ request, response }) => {
  return requestOf(request).type === "sign-request" && response[4] === 14;
});

Deno.test("OpenSSH's agent picks the algorithm we pick, in every recorded signature", () => {
  strictEqual(new Set(signatures.map(({ response }) => decodeSignature(signatureOf(response)).algorithm)).size, 7);
  for (const { scene, request, response } of signatures) {
    const { key, flags } = signRequestOf(request);
    const parsed = parsePublicKey(key);
    if (parsed.type === "unknown") throw new Error(`Unknown key in ${scene}`);
    strictEqual(decodeSignature(signatureOf(response)).algorithm, signatureAlgorithm(parsed, flags), scene);
  }
});

Deno.test("OpenSSH's signatures go through our codecs unchanged and verify", () => {
  for (const { scene, request, response } of signatures) {
    const { key, data } = signRequestOf(request);
    const blob = signatureOf(response);
    const { algorithm, raw } = decodeSignature(blob);
    const parsed = parsePublicKey(key);
    if (parsed.type === "unknown") throw new Error(`Unknown key in ${scene}`);
    const name = signatureAlgorithm(parsed, signRequestOf(request).flags);
    deepStrictEqual(encodeSignature(name, raw), blob);
    const publicKey = createPublicKey({ key: jwk(parsed), format: "jwk" });
    const hash = signatureHash(name) ?? null;
    if (parsed.type !== "ecdsa") {
      strictEqual(verify(hash, data, publicKey, raw), true, `${scene}, ${algorithm}`);
      continue;
    }
    const p1363 = ecdsaSignatureToRaw(raw, parsed.curve);
    strictEqual(p1363.length, 2 * COORDINATE_LENGTH[parsed.curve]);
    strictEqual(verify(hash, data, { key: publicKey, dsaEncoding: "ieee-p1363" }, p1363), true, scene);
    deepStrictEqual(ecdsaSignatureFromRaw(p1363), new Uint8Array(raw));
  }
});

function jwk(key: KnownPublicKey): Record<string, string> {
  const base64url = (bytes: Uint8Array): string =>
    encodeBase64(bytes).replaceAll("+", "-").replaceAll("/", "_").replaceAll("=", "");
  switch (key.type) {
    case "ed25519":
      return { kty: "OKP", crv: "Ed25519", x: base64url(key.point) };
    case "rsa":
      return { kty: "RSA", e: base64url(key.e), n: base64url(key.n) };
    case "ecdsa": {
      const half = COORDINATE_LENGTH[key.curve];
      const x = base64url(key.point.subarray(1, 1 + half));
      return { kty: "EC", crv: key.curve.replace("nistp", "P-"), x, y: base64url(key.point.subarray(1 + half)) };
    }
    default:
      return key satisfies never;
  }
}

Deno.test("decodeSignature() refuses a security key's signature and whatever else has more or less", () => {
  const [one] = scenes("ssh-add -T, ed25519");
  const blob = one === undefined ? new Uint8Array(0) : signatureOf(one.response);
  throws(() => decodeSignature(new Uint8Array([...blob, 1])), (error) => error instanceof WireError);
  throws(() => decodeSignature(blob.subarray(0, -1)), (error) => error instanceof WireError);
  throws(() => decodeSignature(new Uint8Array(0)), (error) => error instanceof WireError);
});

Deno.test("rsaSignature() pads on the left to the modulus length and no further", () => {
  deepStrictEqual(rsaSignature(fromHex("0102"), 4), fromHex("00000102"));
  deepStrictEqual(rsaSignature(fromHex("01020304"), 4), fromHex("01020304"));
  throws(() => rsaSignature(fromHex("0102030405"), 4), RangeError);
});

const DER_GOOD = [
  { name: "small numbers", der: "3006020101020102", blob: "00000001010000000102" },
  { name: "a sign byte", der: "30070202008002017f", blob: "000000020080000000017f" },
  {
    name: "the two-byte length of P-521",
    der: `308188${`024201${"ff".repeat(65)}`.repeat(2)}`,
    blob: `0000004201${"ff".repeat(65)}`.repeat(2),
  },
];
for (const { name, der, blob } of DER_GOOD) {
  Deno.test(`ecdsaSignatureFromDer() reads ${name}`, () => {
    strictEqual(toHex(ecdsaSignatureFromDer(fromHex(der))), blob);
  });
}

const DER_BAD = [
  { name: "nothing", der: "" },
  { name: "another tag", der: "3106020101020102" },
  { name: "a bit string", der: "3006030101020102" },
  { name: "a length past the end", der: "3007020101020102" },
  { name: "a length short of the end", der: "3005020101020102" },
  { name: "a byte after", der: "300602010102010200" },
  { name: "a third number", der: "3009020101020102020103" },
  { name: "one number", der: "3003020101" },
  { name: "a negative number", der: "3006020181020102" },
  { name: "a superfluous zero", der: "300702020001020102" },
  { name: "an empty number", der: "300502000201 02".replace(" ", "") },
  { name: "a length in long form without need", der: "308106020101020102" },
  { name: "a length of two bytes", der: "30820006020101020102" },
  { name: "an indefinite length", der: "30800201010201020000" },
  { name: "zero", der: "3006020100020102" },
];
for (const { name, der } of DER_BAD) {
  Deno.test(`ecdsaSignatureFromDer() refuses ${name}`, () => {
    throws(
      () => ecdsaSignatureFromDer(fromHex(der)),
      (error) => error instanceof WireError || error instanceof RangeError,
    );
  });
}

Deno.test("ecdsaSignature…() refuse zero and halves of different length", () => {
  throws(() => ecdsaSignature(fromHex("00"), ONE), RangeError);
  throws(() => ecdsaSignature(ONE, fromHex("")), RangeError);
  throws(() => ecdsaSignatureFromRaw(fromHex("010203")), RangeError);
});

Deno.test("ecdsaSignatureToRaw() refuses numbers too long for the curve", () => {
  const long = ecdsaSignature(new Uint8Array(33).fill(1), ONE);
  throws(
    () => ecdsaSignatureToRaw(long, "nistp256"),
    (error) => error instanceof WireError && error.code === "too-long",
  );
  strictEqual(ecdsaSignatureToRaw(long, "nistp384").length, 96);
});

Deno.test("r and s survive raw, blob and DER", () => {
  const half = fc.uint8Array({ minLength: 66, maxLength: 66 }).filter((bytes) => bytes.some((byte) => byte !== 0));
  fc.assert(fc.property(half, half, (r, s) => {
    const blob = ecdsaSignature(r, s);
    deepStrictEqual(ecdsaSignatureToRaw(blob, "nistp521"), Uint8Array.from([...r, ...s]));
    deepStrictEqual(ecdsaSignatureFromDer(Uint8Array.from(der(0x30, [...integer(r), ...integer(s)]))), blob);
  }));
});

function integer(value: Uint8Array): number[] {
  const digits = [...value.subarray(value.findIndex((byte) => byte !== 0))];
  return der(0x02, (digits[0] ?? 0) >= 0x80 ? [0, ...digits] : digits);
}

function der(tag: number, contents: number[]): number[] {
  return [tag, ...(contents.length < 0x80 ? [contents.length] : [0x81, contents.length]), ...contents];
}

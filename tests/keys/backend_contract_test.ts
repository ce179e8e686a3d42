/**
 * What every back end of mod/keys/signer.ts does, run over all of them.
 *
 * @module
 */

import {
  deepStrictEqual as deepEqual,
  notDeepStrictEqual as notDeepEqual,
  ok,
  rejects,
  strictEqual as equal,
  throws,
} from "node:assert/strict";
import { CryptoError } from "../../ffi/crypto/errors.ts";
import { generateKey } from "../../mod/keys/generate.ts";
import { PrivateKey } from "../../mod/keys/private_key.ts";
import type { KeyBackend } from "../../mod/keys/signer.ts";
import { COORDINATE_LENGTH, type EcdsaCurve } from "../../mod/ssh/public_key.ts";
import { decodeSignature } from "../../mod/ssh/signature.ts";
import { fromHex, toHex } from "../support/hex.ts";
import { concat, makeRsaNumbers, pem, pkcs1, type RsaNumbers } from "./containers.ts";
import { BACKENDS, parseText, secretOf, type Setup, withKeys } from "./setup.ts";
import { algorithmsOf, isSignature } from "./verify.ts";

/** RFC 8032 §7.1, tests 1 to 3: seed, point, message, signature. Published, hence no secret. */
const RFC_8032 = [
  [
    "9d61b19deffd5a60ba844af492ec2cc44449c5697b326919703bac031cae7f60",
    "d75a980182b10ab7d54bfed3c964073a0ee172f3daa62325af021a68f707511a",
    "",
    "e5564300c360ac729086e2cc806e828a84877f1eb8e5d974d873e065224901555fb8821590a33bacc61e39701cf9b46bd25bf5f0595bbe24655141438e7a100b",
  ],
  [
    "4ccd089b28ff96da9db6c346ec114e0f5b8a319f35aba624da8cf6ed4fb8a6fb",
    "3d4017c3e843895a92b70aa74d1b7ebc9c982ccf2ec4968cc0cd55f12af4660c",
    "72",
    "92a009a9f0d4cab8720e820b5f642540a2b27b5416503f8fb3762223ebdb69da085ac1e43e15996e458f3613d0f11d8c387b2eaeb4302aeeb00d291612bb0c00",
  ],
  [
    "c5aa8df43f9f837bedb7442f31dcb7b166d38535076f094b85ce3a2e0b4458f7",
    "fc51cd8e6218a1a38da47ed00230f0580816ed13ba3303ac5deb911548908025",
    "af82",
    "6291d657deec24024827e69c3abe01a30ce548a284743a445e3680d7db5ac3ac18ff9b538d16f290ae67f760984dc6594a7c15e9716ed28dc027beceea1ec40a",
  ],
] as const;
/** SEC 2 §2.4 to §2.6: the generators, compressed. */
const GENERATORS: Readonly<Record<EcdsaCurve, string>> = {
  nistp256: "036b17d1f2e12c4247f8bce6e563a440f277037d812deb33a0f4a13945d898c296",
  nistp384: "03aa87ca22be8b05378eb1c71ef320ad746e1d3b628ba79b9859f741e082542a385502f25dbf55296c3a545e3872760ab7",
  nistp521:
    "0200c6858e06b70404e9cd9e3ecb662395b4429c648139053fb521f828af606b4d3dbaa14b5e77efe75928fe1dc127a2ffa8de3348b3c1856a429bf97e7e31c2e5bd66",
};
const CURVES: readonly EcdsaCurve[] = ["nistp256", "nistp384", "nistp521"];
const RSA = makeRsaNumbers(2048);
const DATA = new TextEncoder().encode("to be signed");

function rsaKey(setup: Setup, numbers: RsaNumbers = RSA): PrivateKey {
  return parseText(setup, pem("RSA PRIVATE KEY", pkcs1(numbers))).key;
}

for (const [name, open] of Object.entries(BACKENDS)) {
  if (!isThere(open)) continue; // libcrypto 1.1: no Debian that is supported has it any more
  const contract = (promise: string, body: (setup: Setup) => void | Promise<void>): void =>
    Deno.test(`${name} ${promise}`, () => withKeys(body, open()));

  contract("derives and signs Ed25519 as RFC 8032 says", async ({ memory, backend }) => {
    for (const [seedHex, pointHex, messageHex, signatureHex] of RFC_8032) {
      const seed = secretOf(memory, fromHex(seedHex));
      const point = backend.ed25519Point(seed);
      equal(toHex(point), pointHex);
      using key = new PrivateKey({ type: "ed25519", seed, point }, backend);
      const blob = await backend.sign(key, "ssh-ed25519", fromHex(messageHex));
      equal(toHex(decodeSignature(blob).raw), signatureHex);
    }
  });

  for (const curve of CURVES) {
    contract(`derives and reads points of ${curve}`, ({ memory, backend }) => {
      const length = COORDINATE_LENGTH[curve];
      const compressed = fromHex(GENERATORS[curve]);
      const generator = backend.checkedPoint(curve, compressed);
      equal(generator.length, 1 + 2 * length);
      deepEqual(generator.subarray(1, 1 + length), compressed.subarray(1));
      using one = secretOf(memory, concat(new Uint8Array(length - 1), Uint8Array.of(1)));
      deepEqual(backend.ecdsaPoint(curve, one), generator);
      deepEqual(backend.checkedPoint(curve, generator), generator);
      const off = generator.map((byte, at) => at === 2 * length ? byte ^ 1 : byte);
      for (const wrong of [off, generator.subarray(1), Uint8Array.of(0), new Uint8Array(), generator.subarray(0, -1)]) {
        throws(() => backend.checkedPoint(curve, wrong), hasCode("off-curve"));
      }
      for (const fill of [0, 0xff]) {
        using outOfRange = secretOf(memory, new Uint8Array(length).fill(fill));
        throws(() => backend.ecdsaPoint(curve, outOfRange), hasCode("inconsistent"));
      }
    });
  }

  for (const type of ["ed25519", ...CURVES] as const) {
    contract(`makes, uses and wipes a key of type ${type}`, async (setup) => {
      const { backend } = setup;
      using key = generateKey(type, setup);
      using another = generateKey(type, setup);
      notDeepEqual(key.blob, another.blob);
      await signsEverything(backend, key);
      key[Symbol.dispose]();
      ok(key.wiped);
      for (const algorithm of algorithmsOf(key.publicKey)) throws(() => backend.sign(key, algorithm, DATA), TypeError);
      await signsEverything(backend, another);
    });
  }

  contract("signs with RSA in every hash, and completes what its key's end interrupts", async (setup) => {
    const { backend } = setup;
    using key = rsaKey(setup);
    await signsEverything(backend, key);
    const data = DATA.slice();
    const running = Array.from({ length: 20 }, () => Promise.resolve(backend.sign(key, "rsa-sha2-512", data)));
    data.fill(0); // the request's buffer is used again
    await Promise.resolve();
    key[Symbol.dispose]();
    const ended = await Promise.allSettled(running);
    for (const one of ended) {
      if (one.status === "rejected") ok(one.reason instanceof TypeError, "failed for another reason than the wipe");
      else ok(isSignature(key.publicKey, "rsa-sha2-512", { data: DATA, blob: one.value }));
    }
    ok(ended.some((one) => one.status === "fulfilled"), "not one completed");
    await rejects(async () => await backend.sign(key, "rsa-sha2-512", DATA), TypeError);
  });

  contract("signs with factors of different lengths and in either order", async (setup) => {
    for (const numbers of [swapped(RSA), UNEVEN]) {
      using key = rsaKey(setup, numbers);
      const blob = await setup.backend.sign(key, "rsa-sha2-256", DATA);
      ok(isSignature(key.publicKey, "rsa-sha2-256", { data: DATA, blob }));
    }
  });

  contract("refuses an algorithm of another family or curve", (setup) => {
    using ed25519 = generateKey("ed25519", setup);
    using p256 = generateKey("nistp256", setup);
    using rsa = rsaKey(setup);
    const { backend } = setup;
    for (
      const [key, algorithm] of [
        [ed25519, "ecdsa-sha2-nistp256"],
        [ed25519, "rsa-sha2-256"],
        [p256, "ecdsa-sha2-nistp384"],
        [p256, "ssh-ed25519"],
        [rsa, "ssh-ed25519"],
        [rsa, "ecdsa-sha2-nistp521"],
      ] as const
    ) {
      throws(() => backend.sign(key, algorithm, DATA), TypeError);
    }
  });

  contract("says what it is, and how full OpenSSH's heap is", ({ backend }) => {
    const { kind, version, secureHeap } = backend.status();
    equal(kind, name === "degraded" ? "degraded" : "libcrypto");
    ok(version.length > 0);
    equal(secureHeap === undefined, name === "degraded");
    if (secureHeap !== undefined) ok(secureHeap.size > secureHeap.used);
  });
}

/** RSA with factors of 1536 and 1024 bits. */
const UNEVEN = unevenNumbers();

function unevenNumbers(): RsaNumbers {
  const [long, short] = [makeRsaNumbers(3072).p, makeRsaNumbers(2048).p];
  const e = 65537n;
  const order = (long - 1n) * (short - 1n);
  return withFactors(long, short, e, inverse(e, order));
}

function swapped({ p, q, e, d }: RsaNumbers): RsaNumbers {
  return withFactors(q, p, e, d);
}

function withFactors(p: bigint, q: bigint, e: bigint, d: bigint): RsaNumbers {
  return { n: p * q, e, d, p, q, dmp1: d % (p - 1n), dmq1: d % (q - 1n), iqmp: inverse(q % p, p) };
}

function inverse(number: bigint, modulus: bigint): bigint {
  let [r0, r1, s0, s1] = [modulus, number, 0n, 1n];
  while (r1 > 0n) [r0, r1, s0, s1] = [r1, r0 % r1, s1, s0 - (r0 / r1) * s1];
  return s0 < 0n ? s0 + modulus : s0;
}

async function signsEverything(backend: KeyBackend, key: PrivateKey): Promise<void> {
  for (const algorithm of algorithmsOf(key.publicKey)) {
    for (const length of [0, 1, 300, 256 * 1024]) {
      const data = new Uint8Array(length).fill(length);
      const blob = await backend.sign(key, algorithm, data);
      ok(isSignature(key.publicKey, algorithm, { data, blob }), `${algorithm} over ${length} bytes`);
      ok(!isSignature(key.publicKey, algorithm, { data: concat(data, Uint8Array.of(0)), blob }));
    }
  }
}

function hasCode(code: CryptoError["code"]): (error: unknown) => boolean {
  return (error) => error instanceof CryptoError && error.code === code;
}

function isThere(open: () => KeyBackend | undefined): boolean {
  using backend = open();
  return backend !== undefined;
}

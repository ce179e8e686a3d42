/**
 * Private keys that are to be refused, with the code and the words for each. Never print a text: it may hold a whole key.
 *
 * @module
 */

import { generateKeyPairSync } from "node:crypto";
import type { KeyError } from "../../mod/keys/key_error.ts";
import { encodePublicKey } from "../../mod/ssh/public_key.ts";
import { WireWriter } from "../../mod/ssh/wire.ts";
import { makeTestKeys } from "../support/test_keys.ts";
import {
  bytesOfNumber,
  concat,
  der,
  fromBase64url,
  integer,
  makeRsaNumbers,
  oid,
  openssh,
  type OpensshOptions,
  opensshRsa,
  pem,
  pkcs1,
  pkcs8,
  type RsaNumbers,
  sec1,
} from "./containers.ts";

const MADE = await makeTestKeys({
  plain: { type: "ed25519" },
  protectedOpenssh: { type: "ed25519", passphrase: "swordfish" },
  protectedPkcs8: { type: "rsa", bits: 2048, form: "pkcs8", passphrase: "swordfish" },
  protectedPem: { type: "ecdsa", bits: 256, form: "pem", passphrase: "swordfish" },
  dsa: { type: "dsa" },
  ed448: { type: "ed448" },
  short: { type: "rsa", bits: 1024, form: "pem" },
  other: { type: "ed25519" },
});
/** Numbers of the keys that the texts hold, made for this run. */
export const ED25519 = jwkOf("ed25519", {});
export const P256 = jwkOf("ec", { namedCurve: "P-256" });
export const RSA = makeRsaNumbers(2048);
/** The public keys of them. */
export const RSA_BLOB = encodePublicKey({ type: "rsa", e: bytesOfNumber(RSA.e), n: bytesOfNumber(RSA.n) });
export const POINT = concat(Uint8Array.of(4), P256.x, P256.y);
const OFF_CURVE = POINT.map((byte, at) => at === 64 ? byte ^ 1 : byte);
export const P256_BLOB = encodePublicKey({ type: "ecdsa", curve: "nistp256", point: POINT });
export const ED25519_BLOB = encodePublicKey({ type: "ed25519", point: ED25519.x });
const ED25519_FIELDS = new WireWriter().string("ssh-ed25519").string(ED25519.x).string(concat(ED25519.d, ED25519.x))
  .finish();
const P256_N = 0xffffffff00000000ffffffffffffffffbce6faada7179e84f3b9cac2fc632551n;

function jwkOf(
  type: "ed25519" | "ec",
  options: { namedCurve?: string },
): { d: Uint8Array; x: Uint8Array; y: Uint8Array } {
  const { privateKey } = type === "ec"
    ? generateKeyPairSync("ec", { namedCurve: options.namedCurve ?? "" })
    : generateKeyPairSync("ed25519");
  const { d = "", x = "", y = "" } = privateKey.export({ format: "jwk" });
  return { d: fromBase64url(d), x: fromBase64url(x), y: fromBase64url(y) };
}

/** A key in OpenSSH's format. */
export function opensshPem(fields: Uint8Array, options: OpensshOptions = {}, blob: Uint8Array = ED25519_BLOB): string {
  return pem("OPENSSH PRIVATE KEY", openssh(blob, fields, options));
}

function ecFields(curve: string, point: Uint8Array, scalar: Uint8Array): Uint8Array {
  return new WireWriter().string("ecdsa-sha2-nistp256").string(curve).string(point).mpint(scalar).finish();
}

function rsaText(change: Partial<RsaNumbers>): string {
  return pem("RSA PRIVATE KEY", pkcs1({ ...RSA, ...change }));
}

function opensshRsaText(change: Partial<RsaNumbers>): string {
  return opensshPem(opensshRsa({ ...RSA, ...change }), {}, RSA_BLOB);
}

const [ORDER_P, ORDER_Q] = [RSA.p - 1n, RSA.q - 1n];
/** A text, and how it is refused. */
export type Row = {
  readonly name: string;
  readonly text: string;
  readonly code: KeyError["code"];
  readonly says: RegExp;
};

/** Texts that hold no key, or none that is whole. */
export const NOT_KEYS: readonly Row[] = [
  { name: "nothing", text: "", code: "not-a-key", says: /no line/ },
  { name: "words", text: "correct horse battery staple", code: "not-a-key", says: /no line/ },
  { name: "a public key line", text: MADE.plain.publicKey, code: "not-a-key", says: /public key/ },
  { name: "a public key in PEM", text: pem("PUBLIC KEY", new Uint8Array(44)), code: "not-a-key", says: /public key/ },
  { name: "a certificate", text: pem("CERTIFICATE", new Uint8Array(44)), code: "not-a-key", says: /no line/ },
  { name: "PuTTY's format", text: "PuTTY-User-Key-File-3: ssh-ed25519\n", code: "unsupported", says: /PuTTY/ },
  { name: "two keys", text: `${rsaText({})}${rsaText({})}`, code: "malformed", says: /more than one/ },
  { name: "no last line", text: rsaText({}).replace(/-----END.*/s, ""), code: "malformed", says: /last line/ },
  { name: "another last line", text: rsaText({}).replace("END RSA", "END EC"), code: "malformed", says: /last line/ },
  { name: "no base64", text: rsaText({}).replace(/\nMII/, "\nM*I"), code: "malformed", says: /base64/ },
  { name: "an empty body", text: pem("PRIVATE KEY", new Uint8Array()), code: "malformed", says: /PKCS#8/ },
  { name: "a text of 64 KiB and a byte", text: " ".repeat(65537), code: "malformed", says: /64 KiB/ },
];

/** Keys under a passphrase. */
export const PROTECTED: readonly Row[] = (["protectedOpenssh", "protectedPkcs8", "protectedPem"] as const).flatMap((
  name,
) =>
  [MADE[name].revealPrivateText(), MADE[name].revealPrivateText().trim().replaceAll("\n", " ")].map((text, way) => (
    { name: `${name}, way ${way}`, text, code: "passphrase-protected", says: /protected by a passphrase/ }
  ))
);

/** Keys of kinds and sizes that are not used. */
export const UNSUPPORTED: readonly Row[] = [
  { name: "DSA in its own PEM", text: MADE.dsa.revealPrivateText(), code: "unsupported", says: /DSA/ },
  { name: "DSA in PKCS#8", text: pem("PRIVATE KEY", pkcs8([oid("dsa")], der(4))), code: "unsupported", says: /DSA/ },
  { name: "Ed448", text: MADE.ed448.revealPrivateText(), code: "unsupported", says: /Ed448/ },
  { name: "X25519", text: pem("PRIVATE KEY", pkcs8([oid("x25519")], der(4))), code: "unsupported", says: /X25519/ },
  { name: "RSASSA-PSS", text: pem("PRIVATE KEY", pkcs8([oid("pss")], der(4))), code: "unsupported", says: /PSS/ },
  {
    name: "RSA of 1024 bits",
    text: MADE.short.revealPrivateText(),
    code: "unsupported",
    says: /1024 bits is too short/,
  },
  {
    name: "RSA of 16385 bits",
    text: rsaText({ n: 1n << 16384n }),
    code: "unsupported",
    says: /16385 bits is too long/,
  },
  {
    name: "RSA of three factors",
    text: pem("RSA PRIVATE KEY", pkcs1(RSA, 1n)),
    code: "unsupported",
    says: /more than two factors/,
  },
  {
    name: "secp256k1",
    text: pem("EC PRIVATE KEY", sec1(P256.d, { curve: oid("secp256k1") })),
    code: "unsupported",
    says: /curve is none of/,
  },
  {
    name: "a curve written out",
    text: pem("EC PRIVATE KEY", sec1(P256.d, { curve: der(0x30, integer(1n)) })),
    code: "unsupported",
    says: /written out/,
  },
  {
    name: "a security key",
    text: opensshPem(new WireWriter().string("sk-ssh-ed25519@openssh.com").finish()),
    code: "unsupported",
    says: /security key/,
  },
  {
    name: "DSA in OpenSSH's format",
    text: opensshPem(new WireWriter().string("ssh-dss").finish()),
    code: "unsupported",
    says: /DSA/,
  },
  {
    name: "two keys in one container",
    text: opensshPem(ED25519_FIELDS, { count: 2 }),
    code: "unsupported",
    says: /more/,
  },
];

/** Containers that are not what their format says. */
export const MALFORMED: readonly Row[] = [
  {
    name: "no key in the container",
    text: opensshPem(ED25519_FIELDS, { count: 0 }),
    code: "malformed",
    says: /no key/,
  },
  {
    name: "other check numbers",
    text: opensshPem(ED25519_FIELDS, { secondCheck: 1 }),
    code: "malformed",
    says: /check/,
  },
  {
    name: "wrong padding",
    text: opensshPem(ED25519_FIELDS, { padding: [1, 2, 4] }),
    code: "malformed",
    says: /padding/,
  },
  {
    name: "something after the container",
    text: opensshPem(ED25519_FIELDS, { trailing: Uint8Array.of(0) }),
    code: "malformed",
    says: /follows/,
  },
  {
    name: "a kdf and no cipher",
    text: opensshPem(ED25519_FIELDS, { kdf: "bcrypt" }),
    code: "malformed",
    says: /derivation/,
  },
  {
    name: "another curve than the type",
    text: opensshPem(ecFields("nistp384", POINT, P256.d), {}, P256_BLOB),
    code: "malformed",
    says: /disagree/,
  },
  {
    name: "an Ed25519 seed of 31 bytes",
    text: pem("PRIVATE KEY", pkcs8([oid("ed25519")], der(4, ED25519.d.subarray(1)))),
    code: "malformed",
    says: /32 bytes/,
  },
  {
    name: "no curve",
    text: pem("EC PRIVATE KEY", sec1(P256.d)),
    code: "malformed",
    says: /not named/,
  },
  {
    name: "two curves",
    text: pem("PRIVATE KEY", pkcs8([oid("ec"), oid("nistp384")], sec1(P256.d, { curve: oid("nistp256") }))),
    code: "malformed",
    says: /two curves/,
  },
  {
    name: "BER's indefinite length",
    text: pem("RSA PRIVATE KEY", concat(Uint8Array.of(0x30, 0x80), pkcs1(RSA).subarray(4), Uint8Array.of(0, 0))),
    code: "malformed",
    says: /length/,
  },
  {
    name: "a length that is not minimal",
    text: pem("EC PRIVATE KEY", concat(Uint8Array.of(0x30, 0x81, 3), integer(1n))),
    code: "malformed",
    says: /not minimal/,
  },
  {
    name: "a negative number",
    text: pem("RSA PRIVATE KEY", der(0x30, integer(0n), Uint8Array.of(2, 1, 0x80))),
    code: "malformed",
    says: /modulus/,
  },
];

/** Numbers that contradict each other. */
export const INCONSISTENT: readonly Row[] = [
  {
    name: "a modulus that is another product",
    text: rsaText({ n: RSA.n + 2n }),
    code: "inconsistent",
    says: /product/,
  },
  { name: "a wrong first factor", text: rsaText({ p: RSA.p + 2n }), code: "inconsistent", says: /product/ },
  { name: "an even factor", text: rsaText({ p: RSA.p + 1n }), code: "inconsistent", says: /odd prime/ },
  { name: "factors 1 and n", text: rsaText({ p: 1n, q: RSA.n }), code: "inconsistent", says: /odd prime/ },
  {
    name: "a wrong private exponent",
    text: rsaText({ d: RSA.d + 2n }),
    code: "inconsistent",
    says: /private exponent/,
  },
  { name: "d right for p alone", text: rsaText({ d: RSA.d % ORDER_P }), code: "inconsistent", says: /exponent/ },
  { name: "a wrong coefficient", text: rsaText({ iqmp: RSA.iqmp + 1n }), code: "inconsistent", says: /coefficient/ },
  {
    name: "a coefficient above p",
    text: rsaText({ iqmp: RSA.iqmp + RSA.p }),
    code: "inconsistent",
    says: /coefficient/,
  },
  { name: "a wrong dmp1", text: rsaText({ dmp1: RSA.dmp1 + ORDER_P }), code: "inconsistent", says: /remainder/ },
  { name: "a wrong dmq1", text: rsaText({ dmq1: (RSA.dmq1 + 1n) % ORDER_Q }), code: "inconsistent", says: /remainder/ },
  { name: "a public exponent of 1", text: rsaText({ e: 1n }), code: "inconsistent", says: /public exponent/ },
  { name: "an even public exponent", text: rsaText({ e: RSA.e + 1n }), code: "inconsistent", says: /public exponent/ },
  { name: "another public exponent", text: rsaText({ e: RSA.e + 2n }), code: "inconsistent", says: /exponent/ },
  { name: "a factor longer than n", text: rsaText({ q: RSA.n << 64n }), code: "inconsistent", says: /longer/ },
  { name: "OpenSSH: a wrong factor", text: opensshRsaText({ p: RSA.p + 2n }), code: "inconsistent", says: /product/ },
  { name: "OpenSSH: a wrong d", text: opensshRsaText({ d: RSA.d + 2n }), code: "inconsistent", says: /exponent/ },
  { name: "OpenSSH: a wrong iqmp", text: opensshRsaText({ iqmp: RSA.iqmp - 1n }), code: "inconsistent", says: /coeff/ },
  {
    name: "a point off its curve, SEC 1",
    text: pem("EC PRIVATE KEY", sec1(P256.d, { curve: oid("nistp256"), point: OFF_CURVE })),
    code: "inconsistent",
    says: /not on nistp256/,
  },
  {
    name: "a point off its curve, PKCS#8",
    text: pem("PRIVATE KEY", pkcs8([oid("ec"), oid("nistp256")], sec1(P256.d, { point: OFF_CURVE }))),
    code: "inconsistent",
    says: /not on nistp256/,
  },
  {
    name: "a point off its curve, OpenSSH",
    text: opensshPem(ecFields("nistp256", OFF_CURVE, P256.d), {}, P256_BLOB),
    code: "inconsistent",
    says: /not on nistp256/,
  },
  {
    name: "a point off its curve in the public section",
    text: opensshPem(ecFields("nistp256", POINT, P256.d), {}, P256_BLOB.map((byte, at) => byte ^ (at > 100 ? 1 : 0))),
    code: "inconsistent",
    says: /not on nistp256/,
  },
  {
    name: "the point at infinity",
    text: pem("EC PRIVATE KEY", sec1(P256.d, { curve: oid("nistp256"), point: Uint8Array.of(0) })),
    code: "inconsistent",
    says: /not on nistp256/,
  },
  ...[0n, P256_N, P256_N + 1n, 1n << 256n].map((scalar, row) => ({
    name: `a scalar out of range, row ${row}`,
    text: pem("EC PRIVATE KEY", sec1(bytesOfNumber(scalar), { curve: oid("nistp256") })),
    code: "inconsistent" as const,
    says: /scalar/,
  })),
];

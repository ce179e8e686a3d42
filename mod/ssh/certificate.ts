/**
 * An OpenSSH certificate taken apart (PROTOCOL.certkeys).
 *
 * Not for: whether its signature is good (`verify.ts`), nor whether anybody trusts the authority that made it.
 *
 * @module
 */

import { CERTIFICATE_TYPES } from "./certificate_types.ts";
import { type KeyBlob, keyBlob, MAX_KEY_BLOB_LENGTH } from "./public_key.ts";
import { WireError, WireReader, WireWriter } from "./wire.ts";

/** OpenSSH's SSHKEY_CERT_MAX_PRINCIPALS. */
export const MAX_PRINCIPALS = 256;
/** DNS names end at 253 bytes, login names at 256; a longer principal can equal neither. */
const MAX_PRINCIPAL_LENGTH = 1024;

/** What a certificate says. Nothing of it is verified. */
export interface Certificate {
  /** Type name, such as `ssh-ed25519-cert-v01@openssh.com`. */
  readonly type: string;
  /** The key it certifies, in plain form. */
  readonly plainKey: KeyBlob;
  readonly serial: bigint;
  readonly certType: "user" | "host" | "unknown";
  readonly keyId: string;
  /** Whom it is good for. To be sanitised where they are shown. */
  readonly principals: readonly string[];
  /** Seconds since 1970; from here on, and before `validBefore` (which is 2^64 - 1 for ever). */
  readonly validAfter: bigint;
  readonly validBefore: bigint;
  /** Packed options as they stand there. */
  readonly criticalOptions: Uint8Array;
  readonly extensions: Uint8Array;
  /** The authority's public key. */
  readonly authority: KeyBlob;
  /** Signature blob of the authority over `signed`. */
  readonly signature: Uint8Array;
  /** Everything before the signature. */
  readonly signed: Uint8Array;
}

/** Whether a blob opens with the name of a certificate type that {@linkcode decodeCertificate} reads. */
export function isCertificate(blob: Uint8Array): boolean {
  try {
    return CERTIFICATE_TYPES.has(new WireReader(blob).algorithmName("key type"));
  } catch (error) {
    if (error instanceof WireError) return false;
    throw error;
  }
}

/** Takes a certificate apart. @throws {WireError} If it is none of a type we know, or does not read to its end. */
export function decodeCertificate(blob: Uint8Array): Certificate {
  if (blob.length > MAX_KEY_BLOB_LENGTH) {
    throw new WireError("too-long", `Cannot read certificate: ${blob.length} bytes, at most ${MAX_KEY_BLOB_LENGTH}`);
  }
  const reader = new WireReader(blob);
  const type = reader.algorithmName("certificate type");
  const form = CERTIFICATE_TYPES.get(type);
  if (form === undefined) throw new WireError("value", "Cannot read certificate: it is of no type we know");
  reader.string("nonce");
  const plain = new WireWriter().string(form.plain);
  for (let field = 0; field < form.keyFields; field++) plain.string(reader.string("key field"));
  const serial = reader.uint64("serial");
  const number = reader.uint32("type");
  const keyId = reader.text("key id");
  const principals = readPrincipals(reader.string("principals"));
  const validAfter = reader.uint64("valid after");
  const validBefore = reader.uint64("valid before");
  const criticalOptions = reader.string("critical options");
  const extensions = reader.string("extensions");
  reader.string("reserved");
  const authority = keyBlob(reader.string("signature key"));
  const signed = blob.subarray(0, blob.length - reader.left);
  const signature = reader.string("signature");
  reader.end("certificate");
  return {
    type,
    plainKey: keyBlob(plain.finish()),
    serial,
    certType: number === 1 ? "user" : number === 2 ? "host" : "unknown",
    keyId,
    principals,
    validAfter,
    validBefore,
    criticalOptions,
    extensions,
    authority,
    signature,
    signed,
  };
}

function readPrincipals(packed: Uint8Array): readonly string[] {
  const reader = new WireReader(packed);
  const principals: string[] = [];
  while (reader.left > 0) {
    if (principals.length === MAX_PRINCIPALS) {
      throw new WireError("too-long", `Cannot read principals: more than ${MAX_PRINCIPALS}`);
    }
    principals.push(reader.text("principal", MAX_PRINCIPAL_LENGTH));
  }
  return principals;
}

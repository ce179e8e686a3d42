/**
 * The data a certificate authority signs: an OpenSSH certificate up to its signature (PROTOCOL.certkeys). A key that signs
 * such a thing is a certificate authority, so it has to be recognised wherever a signature is asked for.
 *
 * Not for: reading what a certificate says.
 *
 * @module
 */

import { CERTIFICATE_TYPES, isCertificateTypeName } from "./certificate_types.ts";
import { tryRead, WireReader } from "./wire.ts";

/** A certificate about to be signed. */
export interface CertificateBody {
  readonly kind: "certificate";
  /** `unknown`: a type we do not know, or a body that does not read to its end. */
  readonly certType: "user" | "host" | "unknown";
}

/**
 * Recognises a certificate body by the name that opens it, then by its fields. A name is enough: were a body that only
 * our reader finds wrong (or a type newer than it) taken for something else, leave to sign that would be leave to certify.
 *
 * @returns undefined if the data does not open with the name of a certificate type.
 */
export function recogniseCertificateBody(data: Uint8Array): CertificateBody | undefined {
  const reader = new WireReader(data);
  const name = tryRead(() => reader.algorithmName("certificate type"));
  if (name === undefined || !isCertificateTypeName(name)) return undefined;
  const keyFields = CERTIFICATE_TYPES.get(name)?.keyFields;
  const certType = keyFields === undefined ? undefined : tryRead(() => readCertType(reader, keyFields));
  return { kind: "certificate", certType: certType ?? "unknown" };
}

function readCertType(reader: WireReader, keyFields: number): CertificateBody["certType"] {
  reader.string("nonce");
  for (let field = 0; field < keyFields; field++) reader.string("key field");
  reader.uint64("serial");
  const type = reader.uint32("type");
  reader.string("key id");
  reader.string("principals");
  reader.uint64("valid after");
  reader.uint64("valid before");
  reader.string("critical options");
  reader.string("extensions");
  reader.string("reserved");
  reader.string("signature key");
  reader.end("certificate body");
  return type === 1 ? "user" : type === 2 ? "host" : "unknown";
}

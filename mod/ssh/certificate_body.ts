/**
 * The data a certificate authority signs: an OpenSSH certificate up to its signature (PROTOCOL.certkeys). A key that signs
 * such a thing is a certificate authority, so it has to be recognised wherever a signature is asked for.
 *
 * Not for: reading what a certificate says.
 *
 * @module
 */

import { WireError, WireReader } from "./wire.ts";

/** Fields between the nonce and the serial: all are length-prefixed (an mpint is too). */
const KEY_FIELDS: ReadonlyMap<string, number> = new Map([
  ["ssh-ed25519-cert-v01@openssh.com", 1],
  ["ecdsa-sha2-nistp256-cert-v01@openssh.com", 2],
  ["ecdsa-sha2-nistp384-cert-v01@openssh.com", 2],
  ["ecdsa-sha2-nistp521-cert-v01@openssh.com", 2],
  ["ssh-rsa-cert-v01@openssh.com", 2],
  ["ssh-dss-cert-v01@openssh.com", 4],
  ["sk-ssh-ed25519-cert-v01@openssh.com", 2],
  ["sk-ecdsa-sha2-nistp256-cert-v01@openssh.com", 3],
]);

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
  try {
    const name = reader.algorithmName("certificate type");
    if (!/-cert(-v\d\d@openssh\.com)?$/.test(name)) return undefined;
    try {
      return { kind: "certificate", certType: readCertType(reader, KEY_FIELDS.get(name)) };
    } catch (error) {
      if (!(error instanceof WireError)) throw error;
      return { kind: "certificate", certType: "unknown" };
    }
  } catch (error) {
    if (!(error instanceof WireError)) throw error;
    return undefined;
  }
}

function readCertType(reader: WireReader, keyFields: number | undefined): CertificateBody["certType"] {
  if (keyFields === undefined) return "unknown";
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

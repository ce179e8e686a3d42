/**
 * The certificate types of OpenSSH (PROTOCOL.certkeys), and the plain key inside a certificate.
 *
 * Not for: what a certificate says, and whether it is valid.
 *
 * @module
 */

import { tryRead, WireReader, WireWriter } from "./wire.ts";

/** A certificate type: the key type it certifies, and how many fields that key has (all length-prefixed; an mpint is too). */
export interface CertificateType {
  readonly plain: string;
  readonly keyFields: number;
}

/** The types OpenSSH has had, by name. Newer ones are recognised by {@linkcode isCertificateTypeName} only. */
export const CERTIFICATE_TYPES: ReadonlyMap<string, CertificateType> = new Map([
  ["ssh-ed25519-cert-v01@openssh.com", { plain: "ssh-ed25519", keyFields: 1 }],
  ["ecdsa-sha2-nistp256-cert-v01@openssh.com", { plain: "ecdsa-sha2-nistp256", keyFields: 2 }],
  ["ecdsa-sha2-nistp384-cert-v01@openssh.com", { plain: "ecdsa-sha2-nistp384", keyFields: 2 }],
  ["ecdsa-sha2-nistp521-cert-v01@openssh.com", { plain: "ecdsa-sha2-nistp521", keyFields: 2 }],
  ["ssh-rsa-cert-v01@openssh.com", { plain: "ssh-rsa", keyFields: 2 }],
  ["ssh-dss-cert-v01@openssh.com", { plain: "ssh-dss", keyFields: 4 }],
  ["sk-ssh-ed25519-cert-v01@openssh.com", { plain: "sk-ssh-ed25519@openssh.com", keyFields: 2 }],
  ["sk-ecdsa-sha2-nistp256-cert-v01@openssh.com", { plain: "sk-ecdsa-sha2-nistp256@openssh.com", keyFields: 3 }],
]);

/** Whether a type's name says certificate: OpenSSH's form, or the bare `-cert` of the Internet-Draft that is to replace it. */
export function isCertificateTypeName(name: string): boolean {
  return /-cert(-v\d\d@openssh\.com)?$/.test(name);
}

/**
 * The blob of the key that a certificate certifies: its fields without nonce and with the plain name in front.
 * @returns The blob itself if it is no certificate of a type we know.
 */
export function plainKeyBlob(blob: Uint8Array): Uint8Array {
  const reader = new WireReader(blob);
  const type = CERTIFICATE_TYPES.get(tryRead(() => reader.algorithmName("key type")) ?? "");
  if (type === undefined) return blob;
  const plain = tryRead(() => {
    reader.string("nonce");
    const writer = new WireWriter().string(type.plain);
    for (let field = 0; field < type.keyFields; field++) writer.string(reader.string("key field"));
    return writer.finish();
  });
  return plain ?? blob;
}

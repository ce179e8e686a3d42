/**
 * What a client asks to have signed, as far as the bytes say it: a login, a message, a certificate, or something else.
 *
 * Not for: whether it may be signed.
 *
 * @module
 */

import { type CertificateBody, recogniseCertificateBody } from "./certificate_body.ts";
import { printable } from "./printable.ts";
import { looksLikeSshsig, readSshsig, type Sshsig } from "./sshsig.ts";
import { readUserauth, type Userauth } from "./userauth.ts";
import { tryRead } from "./wire.ts";

/** Data to sign, recognised. `other` is whatever does not read exactly as one of the rest. */
export type SignedData = Userauth | Sshsig | CertificateBody | { readonly kind: "other" };

const OTHER: SignedData = { kind: "other" };

/**
 * Recognises data to sign. Never throws and never guesses: one byte too many, one wrong type, and it is `other`. The kinds
 * cannot be mistaken for each other: each fixes the bytes that follow the first field (or, with SSHSIG, the first bytes).
 */
export function recognise(data: Uint8Array): SignedData {
  if (looksLikeSshsig(data)) return tryRead(() => readSshsig(data)) ?? OTHER;
  return tryRead(() => readUserauth(data)) ?? recogniseCertificateBody(data) ?? OTHER;
}

/**
 * The kind in one word for logs and prompts: `auth`, `sshsig:git`, `certificate`, `other`. Characters of a namespace that a
 * terminal or a reader could be fooled by are replaced, so that two namespaces may share a label: decide by the namespace.
 */
export function kindLabel(signed: SignedData): string {
  return signed.kind === "sshsig" ? `sshsig:${printable(signed.namespace)}` : signed.kind;
}

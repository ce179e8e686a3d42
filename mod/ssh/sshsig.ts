/**
 * The data `ssh-keygen -Y sign` and git have signed: OpenSSH's PROTOCOL.sshsig, "Signed Data, of which the signature goes
 * into the blob above".
 *
 * Not for: the armoured signature file.
 *
 * @module
 */

import { WireError, WireReader } from "./wire.ts";

/** Namespaces are `git`, `file`, or name@domain; a longer one is nothing a person could have agreed to. */
export const MAX_NAMESPACE_LENGTH = 256;

const MAGIC = "SSHSIG";
/** Length in bytes of H(message), by the hashes PROTOCOL.sshsig allows. */
const HASH_LENGTH: ReadonlyMap<string, number> = new Map([["sha256", 32], ["sha512", 64]]);

/** A signature over a message, of which only the hash is seen. */
export interface Sshsig {
  readonly kind: "sshsig";
  /** Not empty, UTF-8, at most 256 bytes, else as the client sent it: to be sanitised where it is shown. */
  readonly namespace: string;
  readonly hashAlgorithm: "sha256" | "sha512";
}

/** Whether the data begins with the magic preamble. No userauth does: its session id would be 1.4 GB long. */
export function looksLikeSshsig(data: Uint8Array): boolean {
  for (let at = 0; at < MAGIC.length; at++) if (data[at] !== MAGIC.charCodeAt(at)) return false;
  return true;
}

/** Reads the data of an SSHSIG signature. @throws {WireError} If it is anything else. */
export function readSshsig(data: Uint8Array): Sshsig {
  const reader = new WireReader(data);
  reader.bytes(MAGIC.length, "magic preamble");
  const namespace = reader.text("namespace", MAX_NAMESPACE_LENGTH);
  if (namespace === "") throw new WireError("value", "Cannot read namespace: it is empty");
  reader.string("reserved", 0); // "for now, the reserved field must be the empty string": what it will mean, nobody agreed to
  const hashAlgorithm = reader.algorithmName("hash algorithm");
  const length = HASH_LENGTH.get(hashAlgorithm);
  if (reader.string("hash").length !== length) {
    throw new WireError("value", "Cannot read hash: wrong length for its kind");
  }
  reader.end("SSHSIG data");
  return { kind: "sshsig", namespace, hashAlgorithm: hashAlgorithm === "sha256" ? "sha256" : "sha512" };
}

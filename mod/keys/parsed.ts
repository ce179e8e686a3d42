/**
 * What a container holds, before anything is derived or checked: numbers as windows onto its bytes, and the public
 * halves it claims.
 *
 * @module
 */

import type { RsaParts } from "../../ffi/crypto/rsa_numbers.ts";
import type { Secret } from "../../ffi/secret.ts";
import type { EcdsaCurve } from "../ssh/public_key.ts";

/** The private half of a key as a container has it. */
export type RawNumbers =
  | { readonly type: "ed25519"; readonly seed: Secret }
  /** `scalar`: big-endian, of any length. */
  | { readonly type: "ecdsa"; readonly curve: EcdsaCurve; readonly scalar: Secret }
  | { readonly type: "rsa"; readonly parts: RsaParts };

/** A container's contents. Nothing here owns memory. */
export interface RawKey {
  readonly numbers: RawNumbers;
  /** Public halves of Ed25519 (32 bytes) or points of ECDSA that the container repeats beside the private half. */
  readonly claimedPoints: readonly Uint8Array[];
  /** The public key in wire form, where the container has one. */
  readonly claimedBlob: Uint8Array | undefined;
  /** The container's comment, public; "" where it has none. */
  readonly comment: string;
}

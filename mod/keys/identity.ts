/**
 * An identity: what of a loaded key others may know. The private key itself stays in the keyring.
 *
 * @module
 */

import type { AskedIdentity } from "../policy/ask.ts";
import type { PrivateKey } from "./private_key.ts";

/** One identity as the keyring shows it: public facts, in offer order. */
export interface Identity extends AskedIdentity {
  /** Name of the key's type in its blob: `ssh-ed25519`, `ecdsa-sha2-nistp256`, `ssh-rsa`. */
  readonly type: string;
  /** When it was loaded, in milliseconds since the epoch. */
  readonly loadedAt: number;
}

/** A key that a source hands over, with what it knows of it. */
export interface LoadedKey {
  /** Item id `#` slot. */
  readonly id: string;
  readonly key: PrivateKey;
  readonly comment: string;
  readonly itemName: string;
  readonly reprompt: boolean;
  /** Milliseconds since the epoch. */
  readonly loadedAt: number;
}

/**
 * The port `KeySource`: where keys come from. Adapters are named after what they talk to.
 *
 * @module
 */

import type { Secret } from "../../ffi/secret.ts";

/** One private key as a source found it: text or DER in locked memory, not yet parsed. The receiver wipes it. */
export interface FoundKey {
  /** Item id `#` slot: `key`, `notes`, `field:NAME`, `attachment:ID`. */
  readonly identityId: string;
  /** The name a person knows the item by; unsanitised, as stored. */
  readonly itemName: string;
  /** What to offer as comment when the key itself carries none. */
  readonly comment: string;
  /** The private key as stored. */
  readonly material: Secret;
  /** The public key line the item claims, if any: compared, never believed. */
  readonly claimedPublicKey: string | undefined;
  /** The vault asks for the master password at every use of this item. */
  readonly reprompt: boolean;
}

/** An item that looked like a key and could not be used: named, skipped, shown in `status`. */
export interface ItemProblem {
  readonly identityId: string;
  readonly itemName: string;
  /** What is wrong and what to do, one sentence each. */
  readonly message: string;
  readonly hint: string | undefined;
}

/** What a source is asked to do with each key it finds, while it reads: so that only one is in flight. */
export interface KeyReceiver {
  /** Takes the key over, ownership of the secret included. Never throws for a bad key; it records a problem. */
  take(key: FoundKey): void;
  problem(problem: ItemProblem): void;
}

/** A place keys come from. */
export interface KeySource {
  /** One word, as in the log's `source=`. */
  readonly name: string;
  /**
   * Reads everything once and hands each key over.
   * @throws {SourceError} When nothing could be read; what was handed over by then is to be thrown away.
   */
  load(receiver: KeyReceiver, signal: AbortSignal): Promise<void>;
}

/** A source failed as a whole. Codes are stable: tests and scripts match on them. */
export class SourceError extends Error {
  override readonly name = "SourceError";
  readonly code: string;
  /** The next command to type. */
  readonly hint: string;
  constructor(code: string, message: string, hint: string, options?: ErrorOptions) {
    super(message, options);
    this.code = code;
    this.hint = hint;
  }
}

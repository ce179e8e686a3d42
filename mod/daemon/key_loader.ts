/**
 * Turns what a source finds into identities: parses each key within locked memory, checks it against the configuration
 * and against what the item claims, names what cannot be used. One key is in flight at a time, and a key that is held
 * already is not held twice.
 *
 * @module
 */

import type { SshConfig } from "../config/model.ts";
import type { ProblemReport } from "../control/messages.ts";
import { KeyError } from "../keys/key_error.ts";
import type { LoadedKey } from "../keys/identity.ts";
import type { Keyring } from "../keys/keyring.ts";
import { describeMismatch } from "../keys/mismatch.ts";
import { type ParsedKey, type ParseParts, parsePrivateKey } from "../keys/parse.ts";
import type { FoundKey, ItemProblem, KeyReceiver } from "../source/source.ts";

const ALLOWED_BY: Readonly<Record<"ed25519" | "ecdsa" | "rsa", keyof SshConfig>> = {
  ed25519: "allowEd25519",
  ecdsa: "allowEcdsa",
  rsa: "allowRsa",
};

/** What loading needs. */
export interface LoaderParts extends ParseParts {
  readonly source: string;
  readonly ssh: SshConfig;
  readonly keyring: Keyring;
}

/** Collects the keys of one load. Disposing wipes what was not committed. */
export class KeyLoader implements KeyReceiver, Disposable {
  readonly #parts: LoaderParts;
  readonly #keys: LoadedKey[] = [];
  readonly #byFingerprint = new Map<string, LoadedKey>();
  readonly #problems: ProblemReport[] = [];
  #committed = false;

  constructor(parts: LoaderParts) {
    this.#parts = parts;
  }

  /** Items that could not be used, and remarks on those that could. */
  get problems(): readonly ProblemReport[] {
    return this.#problems;
  }

  /** Parses one key. Whatever is wrong with it becomes a problem; the others go on. */
  take(found: FoundKey): void {
    using material = found.material;
    try {
      const parsed = parsePrivateKey(material, this.#parts);
      if (!this.#isAllowed(parsed)) {
        parsed.key[Symbol.dispose]();
        const setting = `allow_${parsed.key.numbers.type}`;
        return this.#skipped(found, "Keys of this type are switched off", `${setting} = true in [ssh] of config.toml`);
      }
      this.#noteMismatch(found, parsed);
      this.#add(found, parsed);
    } catch (error) {
      const hint = error instanceof KeyError ? error.hint : undefined;
      this.#skipped(found, error instanceof Error ? error.message : "Cannot read the key", hint);
    }
  }

  problem({ identityId, itemName, message, hint }: ItemProblem): void {
    this.#problems.push({ used: false, identity: identityId, item: itemName, message, hint: hint ?? null });
  }

  /** Puts the keys into the keyring, in place of those the source had there. @returns How many there are. */
  commit(): number {
    this.#committed = true;
    this.#parts.keyring.replaceSource(this.#parts.source, this.#keys);
    return this.#byFingerprint.size;
  }

  [Symbol.dispose](): void {
    if (this.#committed) return;
    for (const { key } of this.#keys) if (!this.#parts.keyring.holds(key)) key[Symbol.dispose]();
  }

  #isAllowed({ key }: ParsedKey): boolean {
    return this.#parts.ssh[ALLOWED_BY[key.numbers.type]];
  }

  #noteMismatch(found: FoundKey, parsed: ParsedKey): void {
    const mismatch = describeMismatch(parsed.key.blob, found.claimedPublicKey);
    if (mismatch !== undefined) this.#remark(found, mismatch, "correct the public key of the item");
    else if (parsed.claimsOther) {
      this.#remark(found, "The public key within the private key file is another; the derived one is used");
    }
  }

  #add(found: FoundKey, { key, comment }: ParsedKey): void {
    const known = this.#byFingerprint.get(key.fingerprint);
    if (known !== undefined) {
      key[Symbol.dispose]();
      this.#remark(found, `The key is also in "${known.itemName}", under which it is offered`);
    }
    const loaded = {
      id: found.identityId,
      key: known?.key ?? this.#parts.keyring.reuse(key),
      comment: comment === "" ? found.comment : comment,
      itemName: found.itemName,
      reprompt: found.reprompt,
      loadedAt: Date.now(),
    };
    this.#keys.push(loaded);
    if (known === undefined) this.#byFingerprint.set(loaded.key.fingerprint, loaded);
  }

  #skipped({ identityId, itemName }: FoundKey, message: string, hint?: string): void {
    this.problem({ identityId, itemName, message, hint });
  }

  #remark({ identityId, itemName }: FoundKey, message: string, hint?: string): void {
    this.#problems.push({ used: true, identity: identityId, item: itemName, message, hint: hint ?? null });
  }
}

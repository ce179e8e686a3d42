/**
 * The keyring: every loaded identity, in offer order, by source; and the only place from which a private key signs.
 *
 * @module
 */

import { Permission } from "../policy/verdict.ts";
import { keyTypeName } from "../ssh/public_key.ts";
import { signatureAlgorithm } from "../ssh/signature.ts";
import { BlobMap } from "./blob_map.ts";
import type { Identity, LoadedKey } from "./identity.ts";
import type { PrivateKey } from "./private_key.ts";
import type { Signer } from "./signer.ts";

/**
 * A signature was refused by the keyring itself, the last line of defence: a defect elsewhere, or a key that went while
 * somebody was asked. Codes: `no-permission` (not one that policy made), `spent` (used before), `gone` (the key is not
 * there any more).
 */
export class KeyringError extends Error {
  override readonly name = "KeyringError";
  readonly code: "no-permission" | "spent" | "gone";
  constructor(code: KeyringError["code"], message: string, options?: ErrorOptions) {
    super(message, options);
    this.code = code;
  }
}

interface Entry {
  readonly identity: Identity;
  readonly key: PrivateKey;
}

/** Identities by source. Changes are whole: nobody sees half a source. */
export class Keyring implements Disposable {
  readonly #signer: Signer;
  /** Insertion order is offer order: sources in the order in which they were first loaded. */
  readonly #sources = new Map<string, readonly Entry[]>();
  #byBlob = new BlobMap<Entry>();
  #offered: readonly Identity[] = [];

  constructor(signer: Signer) {
    this.#signer = signer;
  }

  /**
   * Replaces all identities of a source, and wipes those that are not there any more. A key that was there already goes
   * on as it was, with the new names. A key that comes twice is offered once, under its first name, and asks for the
   * master password if either of its items does.
   *
   * @param keys In offer order; the keyring takes them over.
   */
  replaceSource(source: string, keys: readonly LoadedKey[]): void {
    const old = this.#sources.get(source) ?? [];
    const kept = new BlobMap<PrivateKey>();
    for (const { key } of old) kept.set(key.blob, key);
    const entries: Entry[] = [];
    const superfluous: PrivateKey[] = [];
    const taken = new BlobMap<true>();
    for (const loaded of keys) {
      const key = kept.get(loaded.key.blob) ?? loaded.key;
      if (taken.get(key.blob) !== undefined || key !== loaded.key) superfluous.push(loaded.key);
      taken.set(key.blob, true);
      entries.push({ key, identity: describe(source, loaded) });
    }
    const staying = withoutRepeats(entries);
    this.#sources.set(source, staying);
    this.#rebuild();
    const inUse = new Set(staying.map((entry) => entry.key));
    for (const key of [...superfluous, ...old.map((entry) => entry.key)]) if (!inUse.has(key)) key[Symbol.dispose]();
  }

  /**
   * The key to keep of two that are the same: the one held, if there is one; the other is wiped. So a vault that is read
   * again needs room for its new keys only.
   */
  reuse(key: PrivateKey): PrivateKey {
    const held = this.#byBlob.get(key.blob)?.key;
    if (held === undefined || held === key) return key;
    key[Symbol.dispose]();
    return held;
  }

  /** Whether this very key is in use here. */
  holds(key: PrivateKey): boolean {
    return this.#byBlob.get(key.blob)?.key === key;
  }

  /** The identity with this key blob. */
  find(blob: Uint8Array): Identity | undefined {
    return this.#byBlob.get(blob)?.identity;
  }

  /** All identities, in offer order, each key once. */
  list(): readonly Identity[] {
    return this.#offered;
  }

  /** Wipes every key. The keyring can be filled again. */
  wipe(): void {
    const entries = [...this.#sources.values()].flat();
    this.#sources.clear();
    this.#rebuild();
    for (const { key } of entries) key[Symbol.dispose]();
  }

  /**
   * Signs once, the very data that were agreed to.
   *
   * @param permission From policy; used up by this.
   * @param flags Of the sign request (RFC 9987).
   * @returns The signature blob. A key that is removed meanwhile completes or fails, and touches no freed memory.
   * @throws {KeyringError} If the permission is worth nothing, or the key is gone.
   * @throws {CryptoError} If the signature fails.
   */
  sign(permission: Permission, flags: number): Uint8Array | Promise<Uint8Array> {
    const ask = Permission.spend(permission);
    if (ask === "forged") {
      throw new KeyringError("no-permission", "Cannot sign: the permission was not made by policy");
    }
    if (ask === "spent") throw new KeyringError("spent", "Cannot sign: the permission was used before");
    const { identity, data } = ask;
    const entry = this.#byBlob.get(identity.blob);
    if (entry === undefined) throw new KeyringError("gone", "Cannot sign: the key was removed meanwhile");
    if (entry.identity.reprompt && !identity.reprompt) {
      throw new KeyringError("gone", "Cannot sign: the key was replaced by one that asks for the master password");
    }
    return this.#signer.sign(entry.key, signatureAlgorithm(entry.key.publicKey, flags), data, ask.peer.pid);
  }

  [Symbol.dispose](): void {
    this.wipe();
  }

  /** One key may come from several sources: the first offers it, the strictest decides about re-prompting. */
  #rebuild(): void {
    const entries = withoutRepeats([...this.#sources.values()].flat());
    const byBlob = new BlobMap<Entry>();
    for (const entry of entries) byBlob.set(entry.key.blob, entry);
    this.#byBlob = byBlob;
    this.#offered = Object.freeze(entries.map((entry) => entry.identity));
  }
}

function describe(source: string, { id, key, comment, itemName, reprompt, loadedAt }: LoadedKey): Identity {
  const { blob, fingerprint } = key;
  return { id, blob, fingerprint, type: keyTypeName(blob), comment, itemName, source, reprompt, loadedAt };
}

/** The first entry of each key, which asks for the master password if any of its repeats does. */
function withoutRepeats(entries: readonly Entry[]): readonly Entry[] {
  const reprompt = new BlobMap<boolean>();
  for (const { key, identity } of entries) {
    reprompt.set(key.blob, identity.reprompt || reprompt.get(key.blob) === true);
  }
  const seen = new BlobMap<true>();
  return entries.filter(({ key }) => {
    const first = seen.get(key.blob) === undefined;
    if (first) seen.set(key.blob, true);
    return first;
  }).map(({ key, identity }) => ({ key, identity: { ...identity, reprompt: reprompt.get(key.blob) === true } }));
}

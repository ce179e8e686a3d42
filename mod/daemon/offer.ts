/**
 * What a client that lists is shown: the keys in the keyring, and while the vault is locked those it had last, from the
 * public cache. The answer is encoded once for each change.
 *
 * @module
 */

import { identitiesAnswer } from "../agent/response.ts";
import type { KeyReport } from "../control/messages.ts";
import type { Keyring } from "../keys/keyring.ts";
import type { AskedIdentity } from "../policy/ask.ts";
import { authorizedKeyLine, fingerprintOf, keyTypeName, modulusBits, parsePublicKey } from "../ssh/public_key.ts";
import type { Log } from "./log.ts";
import { type CachedIdentity, readPublicCache, removePublicCache, writePublicCache } from "./public_cache.ts";

/** The list of identities. */
export class Offer {
  readonly #keyring: Keyring;
  readonly #log: Log;
  readonly #cacheDir: string | undefined;
  #locked: readonly CachedIdentity[];
  #listWhenLocked: boolean;
  #unlocked = false;
  #answer: Uint8Array<ArrayBuffer> | undefined;

  /** @param cacheDir Undefined where there is no place for a cache. */
  constructor(keyring: Keyring, log: Log, options: { cacheDir: string | undefined; listWhenLocked: boolean }) {
    this.#keyring = keyring;
    this.#log = log;
    this.#cacheDir = options.cacheDir;
    this.#listWhenLocked = options.listWhenLocked;
    this.#locked = options.cacheDir === undefined ? [] : readPublicCache(options.cacheDir);
    this.configure(options.listWhenLocked);
  }

  /** The frame for SSH_AGENTC_REQUEST_IDENTITIES. */
  answer(): Uint8Array<ArrayBuffer> {
    return this.#answer ??= this.#encode();
  }

  /** Rows for `bwssh keys`. */
  reports(): readonly KeyReport[] {
    return this.#listed().map((identity) => {
      const key = parsePublicKey(identity.blob);
      return {
        identity: identity.id,
        item: identity.itemName,
        comment: identity.comment,
        type: keyTypeName(identity.blob),
        bits: key.type === "rsa" ? modulusBits(key.n) : key.type === "ecdsa" ? Number(key.curve.slice(5)) : 256,
        fingerprint: fingerprintOf(identity.blob),
        publicKey: authorizedKeyLine(identity.blob, identity.comment),
        source: identity.source,
        usable: this.#keyring.find(identity.blob) !== undefined,
        reprompt: identity.reprompt,
      };
    });
  }

  /** How many are listed. */
  get length(): number {
    return this.#listed().length;
  }

  /** A key that is listed although it cannot sign, because the vault is locked. */
  listedLocked(blob: Uint8Array): AskedIdentity | undefined {
    const found = this.#listed().find((identity) => sameBytes(identity.blob, blob));
    return found === undefined ? undefined : { ...found, fingerprint: fingerprintOf(found.blob) };
  }

  /** Keys were loaded: they are listed, and remembered for when they are not. */
  loaded(): void {
    this.#unlocked = true;
    this.#locked = this.#keyring.list();
    this.#answer = undefined;
    if (this.#cacheDir === undefined || !this.#listWhenLocked) return;
    try {
      writePublicCache(this.#cacheDir, this.#locked);
    } catch (error) {
      const why = error instanceof Error ? error.message : "unknown error";
      this.#log.warning(
        `Cannot write the cache of public keys: ${why}; after a restart they are not listed until unlock`,
      );
    }
  }

  /** The keys are gone. */
  locked(): void {
    this.#unlocked = false;
    this.#answer = undefined;
  }

  /** Takes a changed `[agent] list_when_locked` over. */
  configure(listWhenLocked: boolean): void {
    this.#listWhenLocked = listWhenLocked;
    this.#answer = undefined;
    if (!listWhenLocked && this.#cacheDir !== undefined) removePublicCache(this.#cacheDir);
  }

  #listed(): readonly CachedIdentity[] {
    if (this.#unlocked) return this.#keyring.list();
    return this.#listWhenLocked ? this.#locked : [];
  }

  #encode(): Uint8Array<ArrayBuffer> {
    const listed = this.#listed();
    const { frame, offered } = identitiesAnswer(listed);
    if (offered < listed.length) {
      this.#log.warning(`only ${offered} of ${listed.length} keys fit into an answer; the first ones are offered`);
    }
    return frame;
  }
}

function sameBytes(one: Uint8Array, other: Uint8Array): boolean {
  return one.length === other.length && one.every((byte, at) => byte === other[at]);
}

/**
 * One item of a vault as it comes out of the listing: the few public facts that selection needs, and the private keys
 * it holds, in locked memory.
 *
 * @module
 */

import type { Secret } from "../../../ffi/secret.ts";

/** Bitwarden's item types that mean something here; others (card, identity, …) are numbers like any. */
export const ITEM_TYPE = { login: 1, note: 2, card: 3, identity: 4, ssh: 5 } as const;

/** A private key of an item, as stored. */
export interface ItemKey {
  /** `key`, `notes`, `field:NAME` (`field:NAME#2` for the second field of that name). */
  readonly slot: string;
  /** Owned by whoever holds the item. */
  readonly material: Secret;
  readonly claimedPublicKey: string | undefined;
}

/** An attachment named like a private key; its content is one more call. */
export interface ItemAttachment {
  readonly id: string;
  readonly fileName: string;
  /** Bytes on the server, a little more than the file's; undefined where it is not told. */
  readonly size: number | undefined;
}

/** What is wrong with a part of an item. */
export interface SlotProblem {
  readonly slot: string;
  readonly message: string;
  readonly hint: string | undefined;
}

/** A condition on an item's custom fields, checked while the field lies in locked memory. */
export interface FieldTest {
  readonly name: string;
  /** Exactly this value, of a field that is not hidden; undefined: that there is such a field, hidden or not. */
  readonly value: string | undefined;
}

/** What selection may ask about an item. */
export interface ItemFacts {
  /** Lower case. "" if the item has none. */
  readonly id: string;
  /**
   * As stored, unsanitised. This and the next two are "" unless the item is an SSH key or holds something that looks
   * like a key.
   */
  readonly name: string;
  readonly type: number | undefined;
  /** "" for none. */
  readonly folderId: string;
  /** "" for a personal item. */
  readonly organizationId: string;
  readonly collectionIds: readonly string[];
  /** Where the item holds keys. */
  readonly holds: ReadonlySet<"key" | "notes" | "field" | "attachment">;
  /** Whether the item passes one of the tests the reader was given. */
  passes(test: FieldTest): boolean;
}

/** An item, whole. */
export interface VaultItem extends ItemFacts {
  /** The vault asks for the master password at every use, or says something about it that is not understood. */
  readonly reprompt: boolean;
  /** In the trash or archived. */
  readonly leftOut: boolean;
  readonly keys: readonly ItemKey[];
  readonly attachments: readonly ItemAttachment[];
  readonly problems: readonly SlotProblem[];
}

/** Wipes what an item holds. */
export function wipeItem(item: VaultItem): void {
  for (const key of item.keys) key.material.wipe();
}

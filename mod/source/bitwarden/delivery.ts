/**
 * From selected items to the receiver's hands, and the words for items that were wanted and cannot be had.
 *
 * @module
 */

import type { FoundKey, ItemProblem, KeyReceiver } from "../source.ts";
import type { ItemAttachment, VaultItem } from "./vault_item.ts";

/** Hands over all that an item holds, problems first. The item is empty afterwards. */
export function deliver(item: VaultItem, receiver: KeyReceiver): void {
  for (const { slot, message, hint } of item.problems) {
    receiver.problem({ identityId: `${item.id}#${slot}`, itemName: nameOf(item), message, hint });
  }
  for (const { slot, material, claimedPublicKey } of item.keys) {
    receiver.take({
      identityId: `${item.id}#${slot}`,
      itemName: nameOf(item),
      comment: slot.startsWith("field:") ? `${nameOf(item)}/${slot.slice("field:".length)}` : nameOf(item),
      material,
      claimedPublicKey,
      reprompt: item.reprompt,
    });
  }
}

/** A key that was an attachment. */
export function attachmentKey(
  item: VaultItem,
  attachment: ItemAttachment,
  material: FoundKey["material"],
): FoundKey {
  return {
    identityId: `${item.id}#attachment:${attachment.id}`,
    itemName: nameOf(item),
    comment: `${nameOf(item)}/${attachment.fileName}`,
    material,
    claimedPublicKey: undefined,
    reprompt: item.reprompt,
  };
}

/** An attachment that could not be had. */
export function attachmentProblem(
  item: VaultItem,
  attachment: ItemAttachment,
  { message, hint }: { readonly message: string; readonly hint: string | undefined },
): ItemProblem {
  return { identityId: `${item.id}#attachment:${attachment.id}`, itemName: nameOf(item), message, hint };
}

/** An id of `item_ids` that the listing does not have. */
export function missingItem(id: string): ItemProblem {
  return {
    identityId: `${id}#key`,
    itemName: id,
    message: "It is not among the items of the vault: mistyped, in the trash, archived, or not synced yet",
    hint:
      `run \`bwssh sync\`; if it stays missing, look it up with \`bw get item ${id}\` or take it out of \`item_ids\``,
  };
}

/** An id of `item_ids` whose item lies in the trash or the archive. */
export function leftOutItem(item: VaultItem): ItemProblem {
  return {
    identityId: `${item.id}#key`,
    itemName: nameOf(item),
    message: "It is in the trash or archived",
    hint: "restore it in Bitwarden and run `bwssh sync`, or take it out of `item_ids`",
  };
}

/** An id of `item_ids` whose item has nothing to offer. */
export function keylessItem(item: VaultItem): ItemProblem {
  return {
    identityId: `${item.id}#key`,
    itemName: nameOf(item),
    message: "It holds no private key: not as an SSH-key item, in the text of a secure note, nor in a hidden field",
    hint: "`attachments = true` in [bitwarden] also looks at attachments named like `id_ed25519`",
  };
}

/** A name that could not be decrypted is "", and then the id has to do. */
function nameOf(item: VaultItem): string {
  return item.name === "" ? item.id : item.name;
}

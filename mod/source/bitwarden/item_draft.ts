/**
 * The item being read: fills up while events arrive, whatever their order, and becomes a {@linkcode VaultItem} at its
 * closing bracket. One draft serves a whole listing, so that the locked memory it takes does not grow with the vault.
 *
 * @module
 */

import type { SecretMemory } from "../../../ffi/secret.ts";
import { Capture } from "./capture.ts";
import { FieldDraft } from "./field_draft.ts";
import { readSshKey, readText, type SlotOutcome } from "./slot.ts";
import {
  type FieldTest,
  ITEM_TYPE,
  type ItemAttachment,
  type ItemFacts,
  type ItemKey,
  type SlotProblem,
  type VaultItem,
} from "./vault_item.ts";

/** Bytes a private key may have as stored: an RSA-16384 key in PEM has 13 KiB. */
const MAX_KEY_TEXT = 64 * 1024;
/** Bytes of an item's name; Bitwarden's own limit is 1,000 characters, encrypted. A longer one counts as absent. */
const MAX_NAME = 4 * 1024;
/** Bytes of an id; a UUID has 36. */
const MAX_ID = 64;
/** Bytes of a public key line: RSA-16384 has 2.8 KiB. */
const MAX_PUBLIC_KEY = 16 * 1024;
/** Custom fields of one item that may hold keys: they are held until the item ends. */
const MAX_FIELD_KEYS = 16;
/** A UUID, or what another server may use instead. What starts with a hyphen could be taken for an option of bw. */
const ID = /^[0-9a-z][0-9a-z-]*$/;
const NOT_TO_BE_TRUSTED = "store the item again in Bitwarden, then run `bwssh sync`";

/** The draft. Its owner fills it in; {@linkcode end} makes sense of it. */
export class ItemDraft implements Disposable {
  readonly id: Capture;
  readonly name: Capture;
  readonly notes: Capture;
  readonly folderId: Capture;
  readonly organizationId: Capture;
  readonly collectionId: Capture;
  readonly privateKey: Capture;
  readonly publicKey: Capture;
  readonly field: FieldDraft;
  type: number | undefined;
  reprompt = false;
  leftOut = false;
  /** A wanted key occurred twice, so that two readers of this item could disagree about it. */
  ambiguous = false;
  #collectionIds: string[] = [];
  #attachments: ItemAttachment[] = [];
  #fields: SlotOutcome[] = [];
  #passed = new Set<FieldTest>();

  constructor(memory: SecretMemory, tests: readonly FieldTest[]) {
    this.id = new Capture(memory, MAX_ID);
    this.name = new Capture(memory, MAX_NAME);
    this.notes = new Capture(memory, MAX_KEY_TEXT);
    this.folderId = new Capture(memory, MAX_ID);
    this.organizationId = new Capture(memory, MAX_ID);
    this.collectionId = new Capture(memory, MAX_ID);
    this.privateKey = new Capture(memory, MAX_KEY_TEXT);
    this.publicKey = new Capture(memory, MAX_PUBLIC_KEY);
    this.field = new FieldDraft(memory, tests);
  }

  /** Whether the item may still turn out to be of this type. */
  mayBe(type: number): boolean {
    return this.type === undefined || this.type === type;
  }

  /** A collection's id ended. */
  endCollectionId(): void {
    const id = publicId(this.collectionId);
    if (id !== "") this.#collectionIds.push(id);
  }

  /** A custom field ended. */
  endField(): void {
    const slots = this.#fields.map((outcome) => outcome.key?.slot ?? outcome.problem?.slot ?? "");
    const { passed, ...outcome } = this.field.end(slots);
    for (const test of passed) this.#passed.add(test);
    if (outcome.key === undefined && outcome.problem === undefined) return;
    if (this.#fields.length < MAX_FIELD_KEYS) this.#fields.push(outcome);
    else outcome.key?.material.wipe();
  }

  addAttachment(attachment: ItemAttachment): void {
    this.#attachments.push(attachment);
  }

  /** The item ended. @returns It, with all it holds; the draft is empty again. */
  end(): VaultItem {
    const own = this.type === ITEM_TYPE.ssh ? [readSshKey(this.privateKey, this.publicKey)] : [];
    const note = this.type === ITEM_TYPE.note ? [readText("notes", "text", this.notes)] : [];
    const fields = this.#fields.splice(0); // from here on the item's
    const outcomes = [...own, ...note, ...fields];
    const keys = outcomes.flatMap((outcome): readonly ItemKey[] => outcome.key === undefined ? [] : [outcome.key]);
    const problems = outcomes.flatMap((outcome): readonly SlotProblem[] =>
      outcome.problem === undefined ? [] : [outcome.problem]
    );
    const holds: ItemFacts["holds"] = new Set([
      ...(own.length > 0 ? ["key" as const] : []),
      ...(note.some((outcome) => outcome.key !== undefined) ? ["notes" as const] : []),
      ...(fields.some((outcome) => outcome.key !== undefined) ? ["field" as const] : []),
      ...(this.#attachments.length > 0 ? ["attachment" as const] : []),
    ]);
    const passed = this.#passed;
    // What offers a key is shown to its owner in any case; of all other items only the id leaves locked memory.
    const concernsUs = holds.size > 0 || problems.length > 0;
    const item: VaultItem = {
      id: publicId(this.id),
      name: concernsUs ? this.name.takePublic() ?? "" : "",
      type: this.type,
      folderId: concernsUs ? publicId(this.folderId) : "",
      organizationId: concernsUs ? publicId(this.organizationId) : "",
      collectionIds: this.#collectionIds,
      holds,
      passes: (test) => passed.has(test),
      reprompt: this.reprompt,
      leftOut: this.leftOut,
      keys,
      attachments: this.#attachments,
      problems,
    };
    const doubt = this.ambiguous ? "It has a property twice" : item.id === "" ? "It has no usable id" : undefined;
    this.clear();
    return doubt !== undefined && concernsUs ? refuse(item, doubt) : item;
  }

  /** Wipes everything and starts over. */
  clear(): void {
    for (const outcome of this.#fields) outcome.key?.material.wipe();
    this.#fields = [];
    this.#collectionIds = [];
    this.#attachments = [];
    this.#passed = new Set();
    this.type = undefined;
    this.reprompt = this.leftOut = this.ambiguous = false;
    this.field.clear();
    const { id, name, notes, folderId, organizationId, collectionId, privateKey, publicKey } = this;
    const captures = [id, name, notes, folderId, organizationId, collectionId, privateKey, publicKey];
    for (const capture of captures) capture.clear();
  }

  [Symbol.dispose](): void {
    this.clear();
  }
}

/** An id as a string: ids are random and say nothing of what the item holds. */
function publicId(capture: Capture): string {
  const id = capture.takePublic()?.toLowerCase() ?? "";
  return ID.test(id) ? id : "";
}

/** An item that cannot be trusted keeps its name and loses its keys. */
function refuse(item: VaultItem, message: string): VaultItem {
  for (const key of item.keys) key.material.wipe();
  return { ...item, keys: [], attachments: [], problems: [{ slot: "key", message, hint: NOT_TO_BE_TRUSTED }] };
}

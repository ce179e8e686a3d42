/**
 * From the events of `bw list items` to items, one at a time. It knows where in the document each wanted value stands
 * and lets everything else pass.
 *
 * @module
 */

import type { SecretMemory } from "../../../ffi/secret.ts";
import { AttachmentDraft } from "./attachment_draft.ts";
import { ItemDraft } from "./item_draft.ts";
import { JsonError } from "./json_error.ts";
import type { StringSink } from "./json_string.ts";
import type { JsonHandler } from "./tokenizer.ts";
import { type FieldTest, ITEM_TYPE, type VaultItem } from "./vault_item.ts";

/** The object keys that are told by name; all others pass unseen. */
export const ITEM_KEYS = [
  "id",
  "type",
  "name",
  "notes",
  "folderId",
  "organizationId",
  "collectionIds",
  "reprompt",
  "deletedDate",
  "archivedDate",
  "sshKey",
  "privateKey",
  "publicKey",
  "fields",
  "value",
  "attachments",
  "fileName",
  "size",
] as const;

type Place = "top" | "list" | "item" | "ssh-key" | "fields" | "field" | "collections" | "attachments" | "attachment";

interface Level {
  /** Undefined where nothing is wanted. */
  readonly place: Place | undefined;
  readonly seen: Set<string>;
  key: string | undefined;
}

const OBJECTS: ReadonlyMap<string, Place> = new Map([
  ["list", "item"],
  ["item.sshKey", "ssh-key"],
  ["fields", "field"],
  ["attachments", "attachment"],
]);
const ARRAYS: ReadonlyMap<string, Place> = new Map([
  ["top", "list"],
  ["item.fields", "fields"],
  ["item.collectionIds", "collections"],
  ["item.attachments", "attachments"],
]);

/** What a reader looks for beyond keys. */
export interface ReaderOptions {
  readonly fields: readonly FieldTest[];
  readonly attachments: boolean;
}

/** The handler for a listing of items. */
export class ItemReader implements JsonHandler, Disposable {
  readonly #draft: ItemDraft;
  readonly #attachment: AttachmentDraft;
  readonly #wantsAttachments: boolean;
  readonly #onItem: (item: VaultItem) => void;
  readonly #levels: Level[] = [];
  #level: Level = level("top");

  /** @param onItem Takes each item over, its keys included. */
  constructor(memory: SecretMemory, options: ReaderOptions, onItem: (item: VaultItem) => void) {
    this.#draft = new ItemDraft(memory, options.fields);
    this.#attachment = new AttachmentDraft(memory);
    this.#wantsAttachments = options.attachments;
    this.#onItem = onItem;
  }

  beginObject(): void {
    this.#enter(OBJECTS);
  }

  beginArray(): void {
    this.#enter(ARRAYS);
  }

  endArray(): void {
    this.#leave();
  }

  endObject(): void {
    const { place } = this.#level;
    this.#leave();
    if (place === "item") this.#onItem(this.#draft.end());
    if (place === "field") this.#draft.endField();
    if (place === "attachment") {
      const attachment = this.#attachment.end();
      if (attachment !== undefined) this.#draft.addAttachment(attachment);
    }
  }

  key(name: string | undefined): void {
    const current = this.#level;
    current.key = name;
    if (name === undefined || current.place === undefined) return;
    if (current.seen.has(name)) this.#draft.ambiguous = true;
    current.seen.add(name);
  }

  beginString(): StringSink | undefined {
    const draft = this.#draft;
    switch (this.#address()) {
      case "item.id":
        return draft.id.begin();
      case "item.name":
        return draft.name.begin();
      case "item.notes":
        return draft.mayBe(ITEM_TYPE.note) ? draft.notes.begin() : undefined;
      case "item.folderId":
        return draft.folderId.begin();
      case "item.organizationId":
        return draft.organizationId.begin();
      case "collections":
        return draft.collectionId.begin();
      case "ssh-key.privateKey":
        return draft.mayBe(ITEM_TYPE.ssh) ? draft.privateKey.begin() : undefined;
      case "ssh-key.publicKey":
        return draft.mayBe(ITEM_TYPE.ssh) ? draft.publicKey.begin() : undefined;
      case "field.name":
        return draft.field.name.begin();
      case "field.value":
        return draft.field.wantsValue ? draft.field.value.begin() : undefined;
      case "attachment.id":
        return this.#attachment.id.begin();
      case "attachment.fileName":
        return this.#attachment.fileName.begin();
      case "attachment.size":
        return this.#attachment.size.begin();
      default:
        this.#otherValue();
        return undefined;
    }
  }

  endString(): void {
    if (this.#level.place === "collections") this.#draft.endCollectionId();
  }

  scalar(value: number | boolean | null): void {
    switch (this.#address()) {
      case "item.type":
        this.#draft.type = typeof value === "number" ? value : Number.NaN;
        return;
      case "item.reprompt":
        // Anything but a plain no counts as yes: the flag protects the key.
        this.#draft.reprompt = value !== 0 && value !== null && value !== false;
        return;
      case "field.type":
        this.#draft.field.type = typeof value === "number" ? value : Number.NaN;
        return;
      default:
        if (value !== null) this.#otherValue();
    }
  }

  [Symbol.dispose](): void {
    this.#draft[Symbol.dispose]();
    this.#attachment[Symbol.dispose]();
  }

  /** A value that is not null where its kind was not expected. */
  #otherValue(): void {
    switch (this.#address()) {
      case "top":
      case "list":
        throw new JsonError("a list of items");
      case "item.reprompt":
        this.#draft.reprompt = true;
        return;
      case "item.deletedDate":
      case "item.archivedDate":
        this.#draft.leftOut = true;
        return;
      case "item.type":
        this.#draft.type = Number.NaN;
        return;
      case "field.type":
        this.#draft.field.type = Number.NaN;
    }
  }

  #enter(places: ReadonlyMap<string, Place>): void {
    const place = places.get(this.#address());
    if (place === undefined) this.#otherValue();
    const wanted = place === "attachments" && !this.#wantsAttachments ? undefined : place;
    this.#levels.push(this.#level);
    this.#level = level(wanted);
  }

  #leave(): void {
    this.#level = this.#levels.pop() ?? level("top");
  }

  /** Where the value that begins stands: `item.name`, or the name of the list it is an element of. */
  #address(): string {
    const { place, key } = this.#level;
    if (place === undefined) return "";
    if (
      place === "top" || place === "list" || place === "fields" || place === "collections" || place === "attachments"
    ) {
      return place;
    }
    return key === undefined ? "" : `${place}.${key}`;
  }
}

function level(place: Place | undefined): Level {
  return { place, seen: new Set(), key: undefined };
}

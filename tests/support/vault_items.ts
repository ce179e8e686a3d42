/**
 * Vault items in clear, and how they are encrypted to what the server's sync answer holds.
 *
 * Not for: which items there are (`vault_fixture.ts`).
 *
 * @module
 */

import { damage, encrypt, encryptFile, newSymmetricKey, sha256, type SymmetricKey } from "./vault_crypto.ts";

/** The item types that tests need, with the vault's numbers. */
export const ITEM_TYPE = { login: 1, note: 2, ssh: 5 } as const;

/** A custom field: 0 text, 1 hidden, 2 boolean. */
export interface PlainField {
  readonly type: 0 | 1 | 2;
  readonly name: string;
  readonly value: string;
}

/** A file kept with an item. */
export interface PlainAttachment {
  readonly id: string;
  readonly fileName: string;
  readonly content: Uint8Array;
}

/** What an SSH-key item holds. A public half of null is what some importers write. */
export interface PlainSshKey {
  readonly privateKey: string;
  readonly publicKey: string | null;
  readonly keyFingerprint: string | null;
}

/** An item as its owner sees it. */
export interface PlainItem {
  /** A lower-case UUID. */
  readonly id: string;
  readonly type: typeof ITEM_TYPE[keyof typeof ITEM_TYPE];
  readonly name: string;
  readonly notes?: string;
  readonly folderId?: string;
  readonly organizationId?: string;
  readonly collectionIds?: readonly string[];
  readonly fields?: readonly PlainField[];
  readonly login?: { readonly username: string; readonly password: string; readonly uri: string };
  /** Null: an SSH-key item without a key, as a broken client leaves it. */
  readonly sshKey?: PlainSshKey | null;
  readonly attachments?: readonly PlainAttachment[];
  /** The vault asks for the master password at every use. */
  readonly reprompt?: boolean;
  readonly archived?: boolean;
  readonly deleted?: boolean;
  /** The item has an encryption key of its own, as newer clients make it. */
  readonly ownKey?: boolean;
  /** The private key's authentication code is wrong. */
  readonly damaged?: boolean;
}

/** An item as the server keeps it. */
export interface SealedItem {
  /** The cipher object of the sync answer, but for the attachments' addresses. */
  readonly cipher: Readonly<Record<string, unknown>>;
  readonly attachments: readonly SealedAttachment[];
}

/** An attachment as the server keeps it. */
export interface SealedAttachment {
  readonly id: string;
  readonly bytes: Uint8Array;
  /** The attachment object of the sync answer, but for the address. */
  readonly json: Readonly<Record<string, unknown>>;
}

/**
 * Encrypts an item.
 *
 * @param item The item in clear.
 * @param outer The key of its owner: the user, or the organisation it is in.
 * @param changed When it was last changed.
 */
export function sealItem(item: PlainItem, outer: SymmetricKey, changed: Date): SealedItem {
  const own = item.ownKey === true ? newSymmetricKey() : undefined;
  const key = own ?? outer;
  const seal = (text: string): string => encrypt(key, text);
  const attachments = (item.attachments ?? []).map((attachment) => sealAttachment(attachment, key));
  const cipher = {
    id: item.id,
    type: item.type,
    name: seal(item.name),
    notes: item.notes === undefined ? null : seal(item.notes),
    key: own === undefined ? null : encrypt(outer, own),
    folderId: item.folderId ?? null,
    organizationId: item.organizationId ?? null,
    collectionIds: item.collectionIds ?? [],
    fields: (item.fields ?? []).map(({ type, name, value }) => ({ type, name: seal(name), value: seal(value) })),
    login: item.login === undefined ? null : {
      username: seal(item.login.username),
      password: seal(item.login.password),
      // Without a right checksum the client drops the address of an item that has its own key.
      uris: [{ uri: seal(item.login.uri), uriChecksum: seal(sha256(item.login.uri)), match: null }],
    },
    secureNote: item.type === ITEM_TYPE.note ? { type: 0 } : null,
    sshKey: sealSshKey(item, seal),
    reprompt: item.reprompt === true ? 1 : 0,
    favorite: false,
    edit: true,
    viewPassword: true,
    organizationUseTotp: false,
    creationDate: "2026-01-02T03:04:05.000Z",
    revisionDate: changed.toISOString(),
    deletedDate: item.deleted === true ? "2026-02-03T04:05:06.000Z" : null,
    archivedDate: item.archived === true ? "2026-02-03T04:05:06.000Z" : null,
  };
  return { cipher, attachments };
}

function sealSshKey(item: PlainItem, seal: (text: string) => string): Readonly<Record<string, string | null>> | null {
  if (item.sshKey === undefined || item.sshKey === null) return null;
  const { privateKey, publicKey, keyFingerprint } = item.sshKey;
  const sealed = seal(privateKey);
  return {
    privateKey: item.damaged === true ? damage(sealed) : sealed,
    publicKey: publicKey === null ? null : seal(publicKey),
    keyFingerprint: keyFingerprint === null ? null : seal(keyFingerprint),
  };
}

function sealAttachment(attachment: PlainAttachment, key: SymmetricKey): SealedAttachment {
  const fileKey = newSymmetricKey();
  const bytes = encryptFile(fileKey, attachment.content);
  const json = {
    id: attachment.id,
    fileName: encrypt(key, attachment.fileName),
    key: encrypt(key, fileKey),
    size: String(bytes.length),
    sizeName: `${bytes.length} Bytes`,
  };
  return { id: attachment.id, bytes, json };
}

/**
 * The table of the fixture vault's items. Adding a row is adding an item to every test of the whole vault.
 *
 * Not for: making the keys, which come in as an argument.
 *
 * @module
 */

import type { KeySpec, TestKey } from "./test_keys.ts";
import { ITEM_TYPE, type PlainItem } from "./vault_items.ts";
import { COLLECTION, FOLDER, ORGANIZATION } from "./vault_places.ts";

/** An item but for its id and name. */
type Content = Omit<PlainItem, "id" | "name">;

/** One item. */
export interface FixtureRow {
  readonly slug: string;
  /** As in the vault; `SSH ` and the slug if left out. */
  readonly name?: string;
  /** The key to make for it. */
  readonly key?: KeySpec;
  /** What an agent must make of it, an identity if left out: see `Expectation`. */
  readonly outcome?: "nothing" | "empty" | "garbage" | "unsupported" | "passphrase";
  /** Where the key lies; `key` if left out. */
  readonly slot?: string;
  /** The item shows the public half of another key. */
  readonly claimLies?: boolean;
  readonly content: (key: TestKey | undefined) => Content;
}

const ED25519: KeySpec = { type: "ed25519" };

/** The name of the attachment that holds a key, as in `~/.ssh`. */
export const ATTACHMENT_NAME = "id_ed25519";

export const ROWS: readonly FixtureRow[] = [
  // Every type, in OpenSSH's own format.
  { slug: "ed25519", key: ED25519, content: ssh() },
  { slug: "ecdsa-256", key: { type: "ecdsa", bits: 256 }, content: ssh() },
  { slug: "ecdsa-384", key: { type: "ecdsa", bits: 384 }, content: ssh() },
  { slug: "ecdsa-521", key: { type: "ecdsa", bits: 521 }, content: ssh() },
  { slug: "rsa-2048", key: { type: "rsa", bits: 2048 }, content: ssh() },
  { slug: "rsa-3072", key: { type: "rsa", bits: 3072 }, content: ssh() },
  { slug: "rsa-4096", key: { type: "rsa", bits: 4096 }, content: ssh() },
  // The other forms.
  { slug: "ed25519-pkcs8", key: { type: "ed25519", form: "pkcs8" }, content: ssh() },
  { slug: "ecdsa-256-pkcs8", key: { type: "ecdsa", bits: 256, form: "pkcs8" }, content: ssh() },
  { slug: "ecdsa-384-sec1", key: { type: "ecdsa", bits: 384, form: "pem" }, content: ssh() },
  { slug: "rsa-2048-pkcs8", key: { type: "rsa", bits: 2048, form: "pkcs8" }, content: ssh() },
  { slug: "rsa-2048-pkcs1", key: { type: "rsa", bits: 2048, form: "pem" }, content: ssh() },
  // What pasting and importing makes of line ends.
  { slug: "crlf", key: ED25519, content: ssh({}, (text) => text.replaceAll("\n", "\r\n")) },
  { slug: "quoted-newlines", key: ED25519, content: ssh({}, (text) => `"${text.replaceAll("\n", "\\n")}"`) },
  { slug: "one-line", key: ED25519, content: ssh({}, (text) => text.trim().replaceAll("\n", " ")) },
  { slug: "wide-line", key: ED25519, content: ssh({}, (text) => text.replaceAll(/(?<=[^-])\n(?=[^-])/g, "")) },
  { slug: "no-final-newline", key: ED25519, content: ssh({}, (text) => text.trimEnd()) },
  { slug: "byte-order-mark", key: ED25519, content: ssh({}, (text) => `\uFEFF${text}`) },
  // Claims beside the key.
  { slug: "no-claim", key: { type: "ecdsa", bits: 256, form: "pem" }, content: ssh({}, undefined, null) },
  { slug: "lying-claim", key: ED25519, claimLies: true, content: ssh({}, undefined, otherPublicKey()) },
  // Places.
  { slug: "in-folder", key: ED25519, content: ssh({ folderId: FOLDER.id }) },
  {
    slug: "in-collection",
    key: ED25519,
    content: ssh({ organizationId: ORGANIZATION.id, collectionIds: [COLLECTION.id] }),
  },
  { slug: "tagged", key: ED25519, content: ssh({ fields: [{ type: 0, name: "tag", value: "ssh" }] }) },
  { slug: "own-item-key", key: ED25519, content: ssh({ ownKey: true }) },
  { slug: "reprompt", key: ED25519, content: ssh({ reprompt: true }) },
  { slug: "archived", key: ED25519, outcome: "nothing", content: ssh({ archived: true }) },
  { slug: "deleted", key: ED25519, outcome: "nothing", content: ssh({ deleted: true }) },
  // Keys in items of other types.
  { slug: "note", name: "Note with a key", key: ED25519, slot: "notes", content: note },
  { slug: "field", name: "Login with a key", key: ED25519, slot: "field:Private key", content: hiddenField },
  {
    slug: "attachment",
    name: "Login with a file",
    key: ED25519,
    slot: "attachment:fixture-key-file",
    content: attachment,
  },
  { slug: "plain-note", name: "Plain note", outcome: "nothing", content: plainNote },
  // Broken ones.
  { slug: "no-key", outcome: "empty", content: () => ({ type: ITEM_TYPE.ssh, sshKey: null }) },
  { slug: "garbage", outcome: "garbage", content: ssh({}, () => "Not a key at all\n") },
  { slug: "truncated", key: ED25519, outcome: "garbage", content: ssh({}, withoutMiddle) },
  // A private key that does not decrypt reaches us as three empty strings.
  { slug: "damaged", key: ED25519, outcome: "empty", content: ssh({ damaged: true }) },
  { slug: "passphrase", key: { ...ED25519, passphrase: "fixture" }, outcome: "passphrase", content: ssh() },
  {
    slug: "passphrase-pkcs8",
    key: { type: "ecdsa", bits: 256, form: "pkcs8", passphrase: "fixture" },
    outcome: "passphrase",
    content: ssh(),
  },
  {
    slug: "passphrase-pkcs1",
    // Never loaded, so as short as ssh-keygen makes it.
    key: { type: "rsa", bits: 1024, form: "pem", passphrase: "fixture" },
    outcome: "passphrase",
    content: ssh(),
  },
  { slug: "dsa", key: { type: "dsa" }, outcome: "unsupported", content: ssh() },
  { slug: "ed448", key: { type: "ed448" }, outcome: "unsupported", content: ssh() },
  // Names that must not reach a terminal or a prompt as they are.
  { slug: "name-quotes", name: `It's a "quoted" name`, key: ED25519, content: ssh() },
  { slug: "name-newlines", name: "line one\nline two\r\nidentity added", key: ED25519, content: ssh() },
  { slug: "name-nul", name: "before\u0000after", key: ED25519, content: ssh() },
  { slug: "name-escape", name: "\u001b[31mred\u001b[0m\u001b]0;title\u0007", key: ED25519, content: ssh() },
  { slug: "name-emoji", name: "🔑 clé 鍵", key: ED25519, content: ssh() },
  { slug: "name-markup", name: "<b>bold</b> & <a href='https://example.test'>link</a>", key: ED25519, content: ssh() },
  { slug: "name-bidi", name: "safe\u202Egnp.yek", key: ED25519, content: ssh() },
  { slug: "name-empty", name: "", key: ED25519, content: ssh() },
];

/**
 * An SSH-key item.
 *
 * @param rest What else it holds.
 * @param change What becomes of the key's text on its way into the vault.
 * @param claim The public key line beside it; the right one if left out.
 */
function ssh(
  rest: Partial<Content> = {},
  change: (text: string) => string = (text) => text,
  claim?: string | null,
): FixtureRow["content"] {
  return (key) => {
    const publicKey = claim === undefined ? key?.publicKey ?? null : claim;
    const privateKey = change(key?.revealPrivateText() ?? "");
    const keyFingerprint = publicKey === null ? null : key?.fingerprint ?? null;
    return { type: ITEM_TYPE.ssh, ...rest, sshKey: { privateKey, publicKey, keyFingerprint } };
  };
}

function note(key: TestKey | undefined): Content {
  return { type: ITEM_TYPE.note, notes: key?.revealPrivateText() ?? "" };
}

function plainNote(): Content {
  return { type: ITEM_TYPE.note, notes: "Ask before using any PRIVATE KEY of this project.\n" };
}

function hiddenField(key: TestKey | undefined): Content {
  const value = key?.revealPrivateText() ?? "";
  return {
    type: ITEM_TYPE.login,
    login: { username: "deploy", password: "not a key", uri: "ssh://host.example.test" },
    fields: [{ type: 0, name: "Port", value: "22" }, { type: 1, name: "Private key", value }],
  };
}

function attachment(key: TestKey | undefined): Content {
  const content = new TextEncoder().encode(key?.revealPrivateText() ?? "");
  return {
    type: ITEM_TYPE.login,
    login: { username: "backup", password: "not a key", uri: "ssh://host.example.test" },
    attachments: [
      { id: "fixture-text-file", fileName: "readme.txt", content: new TextEncoder().encode("Nothing here.\n") },
      { id: "fixture-key-file", fileName: ATTACHMENT_NAME, content },
    ],
  };
}

/** A well-formed Ed25519 line that belongs to no private key here: the curve's base point (RFC 8032 §5.1). */
function otherPublicKey(): string {
  return "ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIFhmZmZmZmZmZmZmZmZmZmZmZmZmZmZmZmZmZmZmZmZm";
}

function withoutMiddle(text: string): string {
  const lines = text.split("\n");
  return [...lines.slice(0, 2), ...lines.slice(-3)].join("\n");
}

/**
 * What the tests of the item reader share: items as bw prints them, and a listing read in small chunks.
 *
 * @module
 */

import { ok, strictEqual as equal } from "node:assert/strict";
import type { SecretMemory } from "../../ffi/secret.ts";
import { ITEM_KEYS, ItemReader, type ReaderOptions } from "../../mod/source/bitwarden/item_reader.ts";
import { JsonTokenizer } from "../../mod/source/bitwarden/tokenizer.ts";
import { type VaultItem, wipeItem } from "../../mod/source/bitwarden/vault_item.ts";
import { HeapMemory, peekText } from "./heap_memory.ts";

/** An item id. */
export const ID = "0b8f5b3e-9a53-4c0e-8d2e-3a6b5c7d8e9f";
/** Marked like a key and none: the reader looks at markers only. */
export const PEM = "-----BEGIN OPENSSH PRIVATE KEY-----\nbm90IGEga2V5\n-----END OPENSSH PRIVATE KEY-----\n";
/** The key without what stands around it. */
export const CUT = PEM.trimEnd();
/** What the item claims. */
export const PUBLIC = "ssh-ed25519 AAAA demo";

/** An item as it came, its keys as text. */
export interface Seen {
  readonly id: string;
  readonly name: string;
  readonly keys: readonly (readonly [slot: string, material: string, claimed: string | undefined])[];
  readonly problems: readonly string[];
  readonly item: VaultItem;
}

/** How to read. */
export interface Reading extends Partial<ReaderOptions> {
  readonly memory?: SecretMemory;
  /** Bytes per chunk. */
  readonly step?: number;
}

/** Reads a listing and tells what came of it. */
export function read(
  json: string,
  { memory = new HeapMemory(), step = 7, fields = [], attachments = false }: Reading = {},
): Seen[] {
  const seen: Seen[] = [];
  const live = memory instanceof HeapMemory ? memory.live : 0;
  {
    using reader = new ItemReader(memory, { fields, attachments }, (item) => {
      seen.push({
        id: item.id,
        name: item.name,
        keys: item.keys.map(({ slot, material, claimedPublicKey }) => [slot, peekText(material), claimedPublicKey]),
        problems: item.problems.map(({ slot, message }) => `${slot}: ${message}`),
        item,
      });
      wipeItem(item);
    });
    const tokenizer = new JsonTokenizer(reader, ITEM_KEYS);
    const bytes = new TextEncoder().encode(json);
    for (let at = 0; at < bytes.length; at += step) {
      using writer = memory.writer(step);
      writer.appendPublic(bytes.subarray(at, at + step));
      using chunk = writer.finish();
      tokenizer.push(chunk);
    }
    tokenizer.end();
  }
  if (memory instanceof HeapMemory) equal(memory.live, live, "bytes left in locked memory");
  return seen;
}

/** Reads a listing of one item. */
export function readOne(item: unknown, options: Reading = {}): Seen {
  const [only, ...others] = read(JSON.stringify([item]), options);
  ok(only !== undefined && others.length === 0);
  return only;
}

/** As bw 2026.9 prints it. */
export const SSH_ITEM = {
  type: 5,
  name: "SSH ed25519",
  favorite: false,
  reprompt: 0,
  id: ID,
  collectionIds: [],
  object: "item",
  folderId: "11111111-2222-4333-8444-555555555555",
  fields: [],
  sshKey: { privateKey: PEM, publicKey: PUBLIC, keyFingerprint: "SHA256:abc" },
  passwordHistory: [],
  creationDate: "2026-11-22T03:20:46.760Z",
  revisionDate: "2026-11-22T03:20:46.760Z",
  attachments: [],
};

/** A secure note. */
export const NOTE = { type: 2, name: "Note", id: ID, notes: `my key:\n${PEM}keep it`, secureNote: { type: 0 } };
/** A login whose notes are nobody's business. */
export const LOGIN = {
  type: 1,
  name: "Login",
  id: ID,
  notes: PEM,
  login: { username: "alice", password: "hunter2", uris: [{ uri: "https://example.org" }], totp: null },
};

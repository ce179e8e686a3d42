/**
 * The items around the keys: any number of logins as people have them, so that a vault of 10, 1,000 or 5,000 items can
 * be had, and any number of further SSH keys.
 *
 * Not for: items that a test looks at one by one (`vault_rows.ts`).
 *
 * @module
 */

import { generateKeyPairSync } from "node:crypto";
import { ITEM_TYPE, type PlainItem } from "./vault_items.ts";
import { FOLDER, idOf } from "./vault_places.ts";

/** Logins, every third in a folder, some with long notes and custom fields; none holds a key. */
export function makeLogins(count: number): readonly PlainItem[] {
  return Array.from({ length: count }, (_, number): PlainItem => ({
    id: idOf(`login ${number}`),
    type: ITEM_TYPE.login,
    name: `Login ${number}`,
    login: {
      username: `someone+${number}@example.test`,
      password: `not "a key" \\ ${crypto.randomUUID()}`,
      uri: `https://host-${number}.example.test/login?next=%2F`,
    },
    ...(number % 3 === 0 ? { folderId: FOLDER.id } : {}),
    ...(number % 5 === 0 ? { notes: `A note of some length. `.repeat(number % 40) } : {}),
    ...(number % 7 === 0 ? { fields: [{ type: 1, name: "PIN", value: String(number) }] } : {}),
    ...(number % 11 === 0 ? { ownKey: true } : {}),
  }));
}

/** SSH-key items with Ed25519 keys in PKCS#8, made in this process because thousands by ssh-keygen take minutes. */
export function makeSshCrowd(count: number): readonly PlainItem[] {
  return Array.from({ length: count }, (_, number): PlainItem => {
    const privateKey = generateKeyPairSync("ed25519").privateKey.export({ type: "pkcs8", format: "pem" }).toString();
    return {
      id: idOf(`crowd key ${number}`),
      type: ITEM_TYPE.ssh,
      name: `Crowd key ${number}`,
      sshKey: { privateKey, publicKey: null, keyFingerprint: null },
    };
  });
}

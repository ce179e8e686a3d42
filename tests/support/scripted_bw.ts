/**
 * A script in the place of `bw` that prints one listing: for tests whose subject is what becomes of keys that are
 * loaded, and for daemons of users who cannot reach the real `bw`. It answers in milliseconds.
 *
 * Not for: anything that depends on how `bw` behaves (`logged_in.ts`).
 *
 * @module
 */

import { makeTempDir, type TempDir } from "./temp.ts";
import type { TestKey } from "./test_keys.ts";

/** Of the form that `bw unlock --raw` prints; the script takes any. */
export const ANY_SESSION: Uint8Array = new TextEncoder().encode(`${"A".repeat(86)}==`);

/** The script and what it prints. */
export class ScriptedBw implements Disposable {
  readonly #dir: TempDir = makeTempDir("scripted");
  /** The `[bitwarden]` table of a configuration that uses it. */
  readonly table: string;

  /** @param keys The vault's SSH-key items, by name. They lie in a file of mode 0600 until disposal. */
  constructor(keys: Readonly<Record<string, TestKey>>) {
    const items = Object.entries(keys).map(([name, key]) => ({
      object: "item",
      id: crypto.randomUUID(),
      type: 5,
      name,
      reprompt: 0,
      fields: [],
      collectionIds: [],
      sshKey: { privateKey: key.revealPrivateText(), publicKey: key.publicKey, keyFingerprint: key.fingerprint },
    }));
    const listing = this.#dir.write("items.json", JSON.stringify(items));
    const script = `#!/bin/sh\n[ "$1 $2" = "list items" ] && [ "$BW_SESSION" ] && exec cat ${listing}\nexit 1\n`;
    this.table = `[bitwarden]\nbw_path = "${this.#dir.write("bw", script, 0o700)}"\n`;
  }

  /** Gives it to another user. Needs root. */
  chown(uid: number, gid: number): void {
    Deno.chownSync(this.#dir.path, uid, gid);
    for (const { name } of Deno.readDirSync(this.#dir.path)) Deno.chownSync(this.#dir.join(name), uid, gid);
  }

  [Symbol.dispose](): void {
    this.#dir[Symbol.dispose]();
  }
}

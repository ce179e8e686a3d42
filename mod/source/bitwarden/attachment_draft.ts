/**
 * The attachment entry being read. Only of a file named like a private key is anything kept.
 *
 * @module
 */

import type { Secret, SecretMemory } from "../../../ffi/secret.ts";
import { Capture } from "./capture.ts";
import type { ItemAttachment } from "./vault_item.ts";

/** Bytes of an attachment's id, which is free text of the server's choice. */
const MAX_ID = 128;
/** Bytes of a file name that could be a key's. */
const MAX_FILE_NAME = 255;
/** Digits of a size. */
const MAX_SIZE = 16;
/** Ids become arguments of bw: none may look like an option. */
const ID = /^[0-9A-Za-z][0-9A-Za-z._-]*$/;
const PREFIX = "id_";

/** The draft; one serves a whole listing. */
export class AttachmentDraft implements Disposable {
  readonly id: Capture;
  readonly fileName: Capture;
  /** In decimal, as a string. */
  readonly size: Capture;

  constructor(memory: SecretMemory) {
    this.id = new Capture(memory, MAX_ID);
    this.fileName = new Capture(memory, MAX_FILE_NAME);
    this.size = new Capture(memory, MAX_SIZE);
  }

  /** The entry ended. @returns It, if its name is a private key's and its id can be given to bw. */
  end(): ItemAttachment | undefined {
    try {
      using name = this.fileName.take();
      if (name === undefined || !isKeyFileName(name)) return undefined;
      const id = this.id.takePublic() ?? ""; // an id says nothing of the content
      if (!ID.test(id)) return undefined;
      const size = this.size.takePublic() ?? ""; // the size of a file that is a key by its name
      const fileName = new TextDecoder().decode(name.publicCopy()); // names a key, as just checked
      return { id, fileName, size: /^\d+$/.test(size) ? Number(size) : undefined };
    } finally {
      this.clear();
    }
  }

  clear(): void {
    this.id.clear();
    this.fileName.clear();
    this.size.clear();
  }

  [Symbol.dispose](): void {
    this.clear();
  }
}

/** `id_` and then letters, digits, `_` or `-`, as ssh-keygen names private keys; public halves end in `.pub`. */
function isKeyFileName(name: Secret): boolean {
  if (name.length === PREFIX.length || !name.startsWith(PREFIX)) return false;
  for (let at = PREFIX.length; at < name.length; at++) {
    const byte = name.uint8(at);
    const lower = byte | 0x20;
    const letter = lower >= 0x61 && lower <= 0x7a;
    const digit = byte >= 0x30 && byte <= 0x39;
    if (!letter && !digit && byte !== 0x5f && byte !== 0x2d) return false;
  }
  return true;
}

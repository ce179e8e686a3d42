/**
 * Keys kept as attachments: one call of bw each, one after the other, always over the network.
 *
 * @module
 */

import { type KeyReceiver, SourceError } from "../source.ts";
import type { BwCaller } from "./bw_caller.ts";
import { attachmentKey, attachmentProblem } from "./delivery.ts";
import type { BwFailureCode } from "./failure_causes.ts";
import type { ItemAttachment, VaultItem } from "./vault_item.ts";

/** Bytes a key file may have. */
const MAX_FILE = 64 * 1024;
/** What encryption adds on the server, rounded up: version, IV, MAC and padding. */
const SERVER_OVERHEAD = 1024;

/** Failures that the next attachment would meet as well. */
const HOPELESS: ReadonlySet<string> = new Set<BwFailureCode>([
  "bw-absent",
  "bw-not-executable",
  "bw-runtime",
  "logged-out",
  "logged-out-by-server",
  "locked",
  "server-certificate",
  "server-unreachable",
  "timeout",
]);

/** Fetches attachments for one load. A failure costs the attachment, not the load. */
export class AttachmentFetcher {
  readonly #bw: BwCaller;
  readonly #receiver: KeyReceiver;
  #given: SourceError | undefined;

  constructor(bw: BwCaller, receiver: KeyReceiver) {
    this.#bw = bw;
    this.#receiver = receiver;
  }

  /** Fetches every attachment of an item. @throws {SourceError} "aborted" only. */
  async fetch(item: VaultItem): Promise<void> {
    for (const attachment of item.attachments) await this.#fetchOne(item, attachment);
  }

  async #fetchOne(item: VaultItem, attachment: ItemAttachment): Promise<void> {
    const refuse = (why: { readonly message: string; readonly hint: string | undefined }): void =>
      this.#receiver.problem(attachmentProblem(item, attachment, why));
    if (this.#given !== undefined) return refuse(this.#given);
    if ((attachment.size ?? 0) > MAX_FILE + SERVER_OVERHEAD) return refuse(tooLong(attachment));
    // Without --raw bw would write the key into a file.
    const args = ["get", "attachment", attachment.id, "--itemid", item.id, "--raw"];
    try {
      const output = await this.#bw.raw(`fetch the attachment "${attachment.fileName}"`, args, MAX_FILE);
      if (output.kind === "read") return this.#receiver.take(attachmentKey(item, attachment, output.bytes));
      refuse(output.state === "too-long" ? tooLong(attachment) : noRoom(attachment));
    } catch (error) {
      if (!(error instanceof SourceError) || error.code === "aborted") throw error;
      if (HOPELESS.has(error.code)) this.#given = error;
      refuse(error);
    }
  }
}

function tooLong({ fileName }: ItemAttachment): { readonly message: string; readonly hint: undefined } {
  return { message: `Its attachment "${fileName}" has more than 64 KiB, which no private key has`, hint: undefined };
}

function noRoom({ fileName }: ItemAttachment): { readonly message: string; readonly hint: string } {
  const hint = "raise the limit of locked memory (`ulimit -l`, or `LimitMEMLOCK=` in the unit) and unlock again";
  return { message: `Its attachment "${fileName}" found no room in locked memory`, hint };
}

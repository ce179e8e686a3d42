/**
 * What one place of an item yields once it was read: a private key, or a word about why there is none.
 *
 * @module
 */

import { type Secret, SecretMemoryError } from "../../../ffi/secret.ts";
import type { Capture } from "./capture.ts";
import { findPrivateKeys, type Stretch } from "./key_text.ts";
import type { ItemKey, SlotProblem } from "./vault_item.ts";

/** A key, a problem, both, or nothing at all. */
export interface SlotOutcome {
  readonly key?: ItemKey;
  readonly problem?: SlotProblem;
}

/** Older CLIs print this in the place of what they could not decrypt; newer ones print "". */
const CANNOT_DECRYPT = "[error: cannot decrypt]";
const STORE_AGAIN = "open the item in Bitwarden, store the key again, then run `bwssh sync`";
const MORE_MEMORY = "raise the limit of locked memory (`ulimit -l`, or `LimitMEMLOCK=` in the unit) and unlock again";

/** Reads an SSH-key item's own part. @param privateKey Absent also where bw printed no `sshKey` at all. */
export function readSshKey(privateKey: Capture, publicKey: Capture): SlotOutcome {
  const slot = "key";
  const refused = refusal(slot, "private key", privateKey);
  if (refused !== undefined) return refused;
  const claimedPublicKey = publicKey.takePublic() || undefined; // a public key; null and "" are no claim
  const found = privateKey.state !== "absent";
  const material = privateKey.take();
  if (material === undefined) return { problem: found ? noMemory(slot, "private key") : missing(slot) };
  if (material.length === 0 || material.startsWith(CANNOT_DECRYPT)) {
    material.wipe();
    return { problem: { slot, message: "Its private key could not be decrypted by bw", hint: STORE_AGAIN } };
  }
  return { key: { slot, material, claimedPublicKey } };
}

/** Looks for a private key in a longer text. @param what The text in words, for problems. */
export function readText(slot: string, what: string, text: Capture): SlotOutcome {
  const refused = refusal(slot, what, text);
  if (refused !== undefined) return refused;
  if (text.state === "absent") return {};
  using whole = text.take();
  return whole === undefined ? { problem: noMemory(slot, what) } : cutKey(slot, what, whole);
}

/** The key within a text that is already in hand, which stays the caller's. */
export function cutKey(slot: string, what: string, text: Secret): SlotOutcome {
  const [first, ...others] = findPrivateKeys(text);
  if (first === undefined) return {};
  const material = copyOrNothing(text, first);
  if (material === undefined) return { problem: noMemory(slot, what) };
  const key: ItemKey = { slot, material, claimedPublicKey: undefined };
  if (others.length === 0) return { key };
  const message = `Its ${what} holds ${others.length + 1} private keys, and only the first is used`;
  return { key, problem: { slot, message, hint: "give each key an item of its own, then run `bwssh sync`" } };
}

function missing(slot: string): SlotProblem {
  const hint = "run `bw --version`: SSH keys need bw 2024.12 or newer; if it is, store the key again in Bitwarden";
  return { slot, message: "Its private key was not printed by bw", hint };
}

function refusal(slot: string, what: string, capture: Capture): SlotOutcome | undefined {
  if (capture.state === "too-long") {
    return {
      problem: { slot, message: `Its ${what} has more than 64 KiB, which no private key has`, hint: STORE_AGAIN },
    };
  }
  return capture.state === "no-memory" ? { problem: noMemory(slot, what) } : undefined;
}

function noMemory(slot: string, what: string): SlotProblem {
  return { slot, message: `Its ${what} found no room in locked memory`, hint: MORE_MEMORY };
}

function copyOrNothing(text: Secret, stretch: Stretch): Secret | undefined {
  try {
    return text.copy(stretch.start, stretch.end);
  } catch (error) {
    if (error instanceof SecretMemoryError) return undefined;
    throw error;
  }
}

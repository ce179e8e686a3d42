/**
 * Recognises allow-listed object keys while their bytes pass by. Keys are walked down a tree of the wanted names, so
 * that no other key of a vault is ever held, let alone made a string.
 *
 * @module
 */

import type { Secret } from "../../../ffi/secret.ts";
import type { StringSink } from "./json_string.ts";

interface Branch {
  readonly next: Map<number, Branch>;
  name: string | undefined;
}

/** A sink for object keys. */
export class KeyMatcher implements StringSink {
  readonly #root: Branch = { next: new Map(), name: undefined };
  #at: Branch | undefined = this.#root;

  /** @param names Wanted keys, ASCII. */
  constructor(names: readonly string[]) {
    for (const name of names) {
      let branch = this.#root;
      for (const character of name) {
        const byte = character.charCodeAt(0);
        const next = branch.next.get(byte) ?? { next: new Map(), name: undefined };
        branch.next.set(byte, next);
        branch = next;
      }
      branch.name = name;
    }
  }

  /** The wanted name that was read since {@linkcode reset}, or undefined for any other key. */
  get match(): string | undefined {
    return this.#at?.name;
  }

  /** Starts a new key. */
  reset(): void {
    this.#at = this.#root;
  }

  push(byte: number): void {
    this.#at = this.#at?.next.get(byte);
  }

  append(chunk: Secret, start: number, end: number): void {
    for (let at = start; at < end && this.#at !== undefined; at++) this.push(chunk.uint8(at));
  }
}

/**
 * The primitives of the SSH wire format (RFC 4251 §5) read within locked memory; every value is a window onto the same
 * secret.
 *
 * Not for: public bytes, which `mod/ssh/wire.ts` reads.
 *
 * @module
 */

import type { Secret } from "../../ffi/secret.ts";
import { malformed } from "./key_error.ts";

/** Reads fields one after the other. */
export class SecretReader {
  readonly #bytes: Secret;
  #at = 0;

  constructor(bytes: Secret) {
    this.#bytes = bytes;
  }

  /** Bytes not read yet. */
  get left(): number {
    return this.#bytes.length - this.#at;
  }

  /** @throws {KeyError} code "malformed" */
  uint8(field: string): number {
    return this.#bytes.uint8(this.#take(1, field));
  }

  /** Big-endian. @throws {KeyError} code "malformed" */
  uint32(field: string): number {
    return this.#bytes.uint32(this.#take(4, field));
  }

  /** Any bytes, their length in front. @throws {KeyError} code "malformed" */
  string(field: string): Secret {
    const length = this.uint32(field);
    const at = this.#take(length, field);
    return this.#bytes.view(at, at + length);
  }

  /** A number above zero, without its sign byte. @throws {KeyError} code "malformed" */
  mpint(field: string): Secret {
    const value = this.string(field);
    if (value.length === 0 || value.uint8(0) >= 0x80) throw malformed(`the ${field} is no number of ours`);
    if (value.uint8(0) !== 0) return value;
    if (value.length === 1 || value.uint8(1) < 0x80) throw malformed(`the ${field} has a superfluous zero`);
    return value.view(1);
  }

  /** Trailing bytes are a malformed key, not padding. @throws {KeyError} code "malformed" */
  end(field: string): void {
    if (this.left > 0) throw malformed(`something follows the ${field}`);
  }

  /** The only place that moves the cursor, and the only bounds check. */
  #take(length: number, field: string): number {
    const at = this.#at;
    if (length > this.left) throw malformed(`the ${field} goes past the end`);
    this.#at = at + length;
    return at;
  }
}

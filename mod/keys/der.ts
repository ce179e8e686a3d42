/**
 * DER (X.690) read within locked memory: strict, one level at a time, every value a window onto the same secret.
 *
 * @module
 */

import type { Secret } from "../../ffi/secret.ts";
import { malformed } from "./key_error.ts";

/** Identifier octets of what private keys are made of. */
export const TAG = {
  integer: 0x02,
  bitString: 0x03,
  octetString: 0x04,
  null: 0x05,
  oid: 0x06,
  sequence: 0x30,
  /** `[0]`, constructed: ECPrivateKey's parameters, PKCS#8's attributes. */
  context0: 0xa0,
  /** `[1]`, constructed: ECPrivateKey's publicKey. */
  context1: 0xa1,
  /** `[1] IMPLICIT` of a BIT STRING: PKCS#8's publicKey. */
  implicit1: 0x81,
} as const;

/** Reads the values of one level, in order. */
export class DerReader {
  readonly #bytes: Secret;
  #at = 0;

  constructor(bytes: Secret) {
    this.#bytes = bytes;
  }

  /** The tag of the next value, or undefined at the end. */
  get nextTag(): number | undefined {
    return this.#at < this.#bytes.length ? this.#bytes.uint8(this.#at) : undefined;
  }

  /** The contents of the next value. @throws {KeyError} code "malformed" */
  value(tag: number, field: string): Secret {
    if (this.nextTag !== tag) throw malformed(`there is no ${field} where one belongs`);
    this.#at++;
    const length = this.#length(field);
    if (length > this.#bytes.length - this.#at) throw malformed(`the ${field} goes past the end`);
    this.#at += length;
    return this.#bytes.view(this.#at - length, this.#at);
  }

  /** The next value if it has this tag. @throws {KeyError} code "malformed" */
  optional(tag: number, field: string): Secret | undefined {
    return this.nextTag === tag ? this.value(tag, field) : undefined;
  }

  /** The values inside the next value. @throws {KeyError} code "malformed" */
  nested(tag: number, field: string): DerReader {
    return new DerReader(this.value(tag, field));
  }

  /** An INTEGER that is not negative, without its sign byte; zero is a single 0. @throws {KeyError} code "malformed" */
  integer(field: string): Secret {
    const value = this.value(TAG.integer, field);
    if (value.length === 0 || value.uint8(0) >= 0x80) throw malformed(`the ${field} is no number of ours`);
    if (value.length === 1 || value.uint8(0) !== 0) return value;
    if (value.uint8(1) < 0x80) throw malformed(`the ${field} has a superfluous zero`);
    return value.view(1);
  }

  /** A small INTEGER, a version. @throws {KeyError} code "malformed" */
  small(field: string): number {
    const value = this.integer(field);
    if (value.length !== 1) throw malformed(`the ${field} is no small number`);
    return value.uint8(0);
  }

  /** A BIT STRING of whole bytes. @throws {KeyError} code "malformed" */
  bits(tag: number, field: string): Secret {
    const value = this.value(tag, field);
    if (value.length === 0 || value.uint8(0) !== 0) throw malformed(`the ${field} is not of whole bytes`);
    return value.view(1);
  }

  /** Trailing bytes are a malformed key, not padding. @throws {KeyError} code "malformed" */
  end(field: string): void {
    if (this.nextTag !== undefined) throw malformed(`something follows the ${field}`);
  }

  #length(field: string): number {
    const first = this.#byte(field);
    if (first < 0x80) return first;
    const count = first - 0x80;
    // 0 is BER's indefinite form; three bytes are 16 MiB, more than any text we take.
    if (count === 0 || count > 3) throw malformed(`the length of the ${field} has no form of ours`);
    let length = 0;
    for (let i = 0; i < count; i++) length = length * 256 + this.#byte(field);
    if (length < 0x80 || length < 256 ** (count - 1)) throw malformed(`the length of the ${field} is not minimal`);
    return length;
  }

  #byte(field: string): number {
    if (this.#at >= this.#bytes.length) throw malformed(`the ${field} is cut short`);
    return this.#bytes.uint8(this.#at++);
  }
}

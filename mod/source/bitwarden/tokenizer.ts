/**
 * A streaming JSON tokenizer over locked memory: chunks in, events out, strict RFC 8259. It makes no JavaScript string
 * of anything it reads; a string's bytes go to the sink the handler names, within locked memory, or nowhere.
 *
 * Not for: documents that are public as a whole; `JSON.parse` is faster and shorter.
 *
 * @module
 */

import type { Secret } from "../../../ffi/secret.ts";
import { JsonError } from "./json_error.ts";
import { JsonLiteral, JsonNumber } from "./json_scalar.ts";
import { JsonString, type StringSink } from "./json_string.ts";
import { KeyMatcher } from "./key_matcher.ts";

/** Nesting allowed. A vault's list is 5 deep; the cap keeps a hostile document from growing our stack. */
const MAX_DEPTH = 64;

/** What is told about a document, in its order. */
export interface JsonHandler {
  beginObject(): void;
  endObject(): void;
  beginArray(): void;
  endArray(): void;
  /** @param name The key if it is one of the wanted ones, else undefined. */
  key(name: string | undefined): void;
  /** A string value begins. @returns Where its bytes go, unescaped and in UTF-8; undefined skips it. */
  beginString(): StringSink | undefined;
  endString(): void;
  /** Numbers that are not small whole ones come as NaN, see {@linkcode JsonNumber.finish}. */
  scalar(value: number | boolean | null): void;
}

type Expecting = "value" | "value-or-end" | "key" | "key-or-end" | "colon" | "comma-or-end" | "nothing";

/** Reads one document. */
export class JsonTokenizer {
  readonly #handler: JsonHandler;
  readonly #keys: KeyMatcher;
  readonly #string = new JsonString();
  readonly #number = new JsonNumber();
  readonly #literal = new JsonLiteral();
  /** For every open bracket whether it is an object's. */
  readonly #open: boolean[] = [];
  #expecting: Expecting = "value";
  #inside: "structure" | "key" | "string" | "number" | "literal" = "structure";
  #offset = 0;

  /** @param keys Object keys the handler wants to hear by name, ASCII. */
  constructor(handler: JsonHandler, keys: readonly string[]) {
    this.#handler = handler;
    this.#keys = new KeyMatcher(keys);
  }

  /** Whether the document's one value is complete; only white space may follow. */
  get complete(): boolean {
    return this.#expecting === "nothing";
  }

  /** Whether anything but white space was read. */
  get begun(): boolean {
    return this.#open.length > 0 || this.#expecting !== "value" || this.#inside !== "structure";
  }

  /** Reads the next bytes. @throws {JsonError} The tokenizer is of no use afterwards. */
  push(chunk: Secret): void {
    const base = this.#offset;
    const { length } = chunk;
    let at = 0;
    while (at < length) {
      switch (this.#inside) {
        case "structure":
          this.#structure(chunk.uint8(at), base + at);
          at++;
          break;
        case "key":
        case "string":
          at = this.#string.push(chunk, at, base);
          if (this.#string.done) this.#endString(this.#inside);
          break;
        case "number":
          if (this.#number.push(chunk.uint8(at))) at++;
          else this.#endNumber(base + at);
          break;
        case "literal":
          if (this.#literal.push(chunk.uint8(at), base + at)) this.#endScalar(this.#literal.value);
          at++;
          break;
        default:
          return this.#inside satisfies never;
      }
    }
    this.#offset = base + length;
  }

  /** The document has ended. @throws {JsonError} If its value is not complete. */
  end(): void {
    if (this.#inside === "number") this.#endNumber(this.#offset);
    if (!this.complete) throw new JsonError("more", this.#offset);
  }

  #structure(byte: number, offset: number): void {
    if (byte === 0x20 || byte === 0x0a || byte === 0x0d || byte === 0x09) return;
    switch (this.#expecting) {
      case "value-or-end":
        if (byte === 0x5d) return this.#close();
        return this.#value(byte, offset);
      case "value":
        return this.#value(byte, offset);
      case "key-or-end":
        if (byte === 0x7d) return this.#close();
        return this.#key(byte, offset);
      case "key":
        return this.#key(byte, offset);
      case "colon":
        if (byte !== 0x3a) throw new JsonError('":"', offset);
        this.#expecting = "value";
        return;
      case "comma-or-end": {
        const inObject = this.#open[this.#open.length - 1] === true;
        if (byte === (inObject ? 0x7d : 0x5d)) return this.#close();
        if (byte !== 0x2c) throw new JsonError(inObject ? '"," or "}"' : '"," or "]"', offset);
        this.#expecting = inObject ? "key" : "value";
        return;
      }
      case "nothing":
        throw new JsonError("the end", offset);
      default:
        return this.#expecting satisfies never;
    }
  }

  #value(byte: number, offset: number): void {
    if (byte === 0x22) {
      this.#inside = "string";
      this.#string.begin(this.#handler.beginString());
    } else if (byte === 0x7b || byte === 0x5b) {
      const isObject = byte === 0x7b;
      if (this.#open.length === MAX_DEPTH) throw new JsonError(`at most ${MAX_DEPTH} levels`, offset);
      this.#open.push(isObject);
      this.#expecting = isObject ? "key-or-end" : "value-or-end";
      if (isObject) this.#handler.beginObject();
      else this.#handler.beginArray();
    } else if (this.#literal.begin(byte)) {
      this.#inside = "literal";
    } else {
      this.#number.begin();
      if (!this.#number.push(byte)) throw new JsonError("a value", offset);
      this.#inside = "number";
    }
  }

  #key(byte: number, offset: number): void {
    if (byte !== 0x22) throw new JsonError("a key", offset);
    this.#keys.reset();
    this.#string.begin(this.#keys);
    this.#inside = "key";
  }

  #close(): void {
    const wasObject = this.#open.pop() === true;
    this.#afterValue();
    if (wasObject) this.#handler.endObject();
    else this.#handler.endArray();
  }

  #endString(inside: "key" | "string"): void {
    this.#inside = "structure";
    if (inside === "key") {
      this.#expecting = "colon";
      this.#handler.key(this.#keys.match);
    } else {
      this.#afterValue();
      this.#handler.endString();
    }
  }

  #endNumber(offset: number): void {
    this.#endScalar(this.#number.finish(offset));
  }

  #endScalar(value: number | boolean | null): void {
    this.#inside = "structure";
    this.#afterValue();
    this.#handler.scalar(value);
  }

  #afterValue(): void {
    this.#expecting = this.#open.length === 0 ? "nothing" : "comma-or-end";
  }
}

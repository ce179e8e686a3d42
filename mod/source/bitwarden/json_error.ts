/**
 * The one error of the JSON tokenizer. It names an offset and an expectation, never a byte of the document.
 *
 * @module
 */

/** The document is not JSON, or more deeply nested than any vault. */
export class JsonError extends SyntaxError {
  override readonly name = "JsonError";
  /** Bytes of the document before the one that was refused. */
  readonly offset: number;

  constructor(expected: string, offset: number) {
    super(`Cannot read JSON at byte ${offset}: expected ${expected}`);
    this.offset = offset;
  }
}

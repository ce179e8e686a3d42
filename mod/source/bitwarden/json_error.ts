/**
 * The one error of the JSON tokenizer. It names an offset and an expectation, never a byte of the document.
 *
 * @module
 */

/** The document is not JSON, more deeply nested than any vault, or not of the shape that was asked for. */
export class JsonError extends SyntaxError {
  override readonly name = "JsonError";
  /** Bytes of the document before the one that was refused; undefined where the shape is what was refused. */
  readonly offset: number | undefined;

  constructor(expected: string, offset?: number) {
    super(`Cannot read JSON${offset === undefined ? "" : ` at byte ${offset}`}: expected ${expected}`);
    this.offset = offset;
  }
}

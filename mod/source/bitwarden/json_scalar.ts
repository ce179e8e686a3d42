/**
 * JSON's values without brackets and quotes: numbers and the three literals, byte by byte.
 *
 * @module
 */

import { JsonError } from "./json_error.ts";

const ZERO = 0x30;
const NINE = 0x39;
/** Whole numbers up to here are told exactly; a vault's are type numbers and flags. */
const LARGEST = 1_000_000_000;

type NumberState = "start" | "minus" | "zero" | "whole" | "dot" | "fraction" | "e" | "e-sign" | "exponent";
const COMPLETE: ReadonlySet<NumberState> = new Set(["zero", "whole", "fraction", "exponent"]);

/** Reads a number, RFC 8259 §6. */
export class JsonNumber {
  #state: NumberState = "start";
  #value = 0;
  #negative = false;

  begin(): void {
    this.#state = "start";
    this.#value = 0;
    this.#negative = false;
  }

  /** Takes one byte. @returns False when the byte is no part of the number, which has then ended. */
  push(byte: number): boolean {
    const next = this.#next(byte);
    if (next === undefined) return false;
    if (next === "zero" || next === "whole") this.#value = Math.min(this.#value * 10 + byte - ZERO, LARGEST + 1);
    this.#negative ||= next === "minus";
    this.#state = next;
    return true;
  }

  /**
   * Ends the number.
   * @returns It, or NaN unless it is a whole number written as such and not above 10⁹ in size.
   * @throws {JsonError}
   */
  finish(offset: number): number {
    if (!COMPLETE.has(this.#state)) throw new JsonError("a digit", offset);
    if ((this.#state !== "zero" && this.#state !== "whole") || this.#value > LARGEST) return Number.NaN;
    return this.#negative ? -this.#value : this.#value;
  }

  #next(byte: number): NumberState | undefined {
    const digit = byte >= ZERO && byte <= NINE;
    const exponent = byte === 0x65 || byte === 0x45;
    switch (this.#state) {
      case "start":
        if (byte === 0x2d) return "minus";
        return digit ? (byte === ZERO ? "zero" : "whole") : undefined;
      case "minus":
        return digit ? (byte === ZERO ? "zero" : "whole") : undefined;
      case "zero":
      case "whole":
        if (digit) return this.#state === "whole" ? "whole" : undefined;
        if (byte === 0x2e) return "dot";
        return exponent ? "e" : undefined;
      case "dot":
        return digit ? "fraction" : undefined;
      case "fraction":
        return digit ? "fraction" : exponent ? "e" : undefined;
      case "e":
        if (byte === 0x2b || byte === 0x2d) return "e-sign";
        return digit ? "exponent" : undefined;
      case "e-sign":
      case "exponent":
        return digit ? "exponent" : undefined;
      default:
        return this.#state satisfies never;
    }
  }
}

const LITERALS: ReadonlyMap<number, { readonly text: string; readonly value: boolean | null }> = new Map([
  [0x74, { text: "true", value: true }],
  [0x66, { text: "false", value: false }],
  [0x6e, { text: "null", value: null }],
]);

/** Reads `true`, `false` or `null`. */
export class JsonLiteral {
  #text = "";
  #at = 0;
  #value: boolean | null = null;

  /** Starts with the first byte. @returns Whether a literal begins with it. */
  begin(byte: number): boolean {
    const literal = LITERALS.get(byte);
    if (literal === undefined) return false;
    this.#text = literal.text;
    this.#value = literal.value;
    this.#at = 1;
    return true;
  }

  /** Takes one byte. @returns Whether the literal is complete. @throws {JsonError} */
  push(byte: number, offset: number): boolean {
    if (byte !== this.#text.charCodeAt(this.#at)) throw new JsonError(this.#text, offset);
    this.#at++;
    return this.#at === this.#text.length;
  }

  get value(): boolean | null {
    return this.#value;
  }
}

/**
 * A query's text cut into parentheses and chunks: what stands between blanks, quotes and backslashes undone, every
 * character with its place.
 *
 * @module
 */

import { QueryError } from "./query_error.ts";

/** One character of a chunk. */
export interface QueryCharacter {
  readonly text: string;
  readonly position: number;
  /** Within quotes or after a backslash: no separator and no operator. */
  readonly quoted: boolean;
  /** After a backslash: no wildcard either. */
  readonly escaped: boolean;
}

/** A parenthesis, or a run of characters without an unquoted blank, at least one of them. */
export type QueryToken =
  | { readonly kind: "(" | ")"; readonly position: number }
  | { readonly kind: "chunk"; readonly position: number; readonly characters: readonly QueryCharacter[] };

const BLANK = /\s/;

/** Cuts a query into tokens. @throws {QueryError} For an open quote or a backslash at the end. */
export function tokenizeQuery(text: string): readonly QueryToken[] {
  const tokens: QueryToken[] = [];
  let at = 0;
  while (at < text.length) {
    const character = text.charAt(at);
    if (BLANK.test(character)) at++;
    else if (character === "(" || character === ")") tokens.push({ kind: character, position: at++ });
    else {
      const { characters, end } = readChunk(text, at);
      tokens.push({ kind: "chunk", position: at, characters });
      at = end;
    }
  }
  return tokens;
}

/** The text of characters, as the user meant it. */
export function textOf(characters: readonly QueryCharacter[]): string {
  return characters.map((character) => character.text).join("");
}

function readChunk(text: string, start: number): { readonly characters: QueryCharacter[]; readonly end: number } {
  const characters: QueryCharacter[] = [];
  let openQuote: number | undefined;
  let at = start;
  while (at < text.length) {
    const unit = text.charAt(at);
    if (openQuote === undefined && (BLANK.test(unit) || unit === "(" || unit === ")")) break;
    if (unit === '"') {
      // Empty quotes leave a character without text: `folder:""` is not `folder:`.
      if (openQuote === at - 1) characters.push({ text: "", position: openQuote, quoted: true, escaped: false });
      openQuote = openQuote === undefined ? at : undefined;
      at++;
      continue;
    }
    const escaped = unit === "\\";
    const position = at;
    if (escaped) at++;
    const point = text.codePointAt(at);
    if (point === undefined) throw new QueryError("a backslash needs a character after it", position);
    const character = String.fromCodePoint(point);
    characters.push({ text: character, position, quoted: escaped || openQuote !== undefined, escaped });
    at += character.length;
  }
  if (openQuote !== undefined) throw new QueryError("the quote that opens here is never closed", openQuote);
  return { characters, end: at };
}

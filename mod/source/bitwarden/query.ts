/**
 * The query language of `[bitwarden] query`: which items of one listing are ours. Words must occur in the name; terms
 * are `type: name: folder: collection: org: field: tag:`; NOT binds tighter than AND, AND than OR, and terms that stand
 * side by side are joined by AND.
 *
 * Not for: bw's own `--search`, which matches notes, user names and URIs.
 *
 * @module
 */

import { QueryError } from "./query_error.ts";
import { type QueryToken, textOf, tokenizeQuery } from "./query_lexer.ts";
import { readTerm } from "./query_term.ts";
import type { Query } from "./query_tree.ts";

/** Characters a query may have; it stands on one line of a configuration. */
const MAX_LENGTH = 4096;
/** Parentheses and NOTs within each other; reading and matching recurse. */
const MAX_DEPTH = 64;

const OPERATORS = ["AND", "OR", "NOT"] as const;
type Operator = typeof OPERATORS[number];

/**
 * Reads a query.
 *
 * @throws {QueryError} With the place and what was expected there.
 *
 * @example Usage
 * ```ts
 * import { parseQuery } from "./query.ts";
 *
 * parseQuery('tag:ssh OR (type:sshkey AND NOT name:"old *")');
 * ```
 */
export function parseQuery(text: string): Query {
  if (text.length > MAX_LENGTH) throw new QueryError(`it is longer than ${MAX_LENGTH} characters`, MAX_LENGTH);
  const tokens = tokenizeQuery(text);
  if (tokens.length === 0) throw new QueryError("it is empty; leave `query` out to take every SSH-key item", 0);
  return new Parser(tokens, text.length).parse();
}

class Parser {
  readonly #tokens: readonly QueryToken[];
  readonly #end: number;
  #at = 0;
  #depth = 0;

  constructor(tokens: readonly QueryToken[], end: number) {
    this.#tokens = tokens;
    this.#end = end;
  }

  parse(): Query {
    const query = this.#or();
    const rest = this.#tokens[this.#at];
    if (rest !== undefined) throw new QueryError('this ")" closes nothing', rest.position);
    return query;
  }

  #or(): Query {
    const of = [this.#and()];
    while (this.#accept("OR")) of.push(this.#and());
    return joined("or", of);
  }

  #and(): Query {
    const of = [this.#not()];
    while (this.#accept("AND") || this.#startsTerm()) of.push(this.#not());
    return joined("and", of);
  }

  #not(): Query {
    const token = this.#tokens[this.#at];
    if (++this.#depth > MAX_DEPTH) throw new QueryError("it is nested too deeply", token?.position ?? this.#end);
    const query = this.#accept("NOT") ? { kind: "not" as const, of: this.#not() } : this.#primary();
    this.#depth--;
    return query;
  }

  #primary(): Query {
    const token = this.#tokens[this.#at];
    if (token === undefined) throw new QueryError("a term is missing at the end", this.#end);
    if (token.kind === ")") throw new QueryError('a term is missing before this ")"', token.position);
    this.#at++;
    if (token.kind === "chunk") {
      const operator = operatorOf(token);
      if (operator !== undefined) throw new QueryError(`a term is missing before this ${operator}`, token.position);
      return readTerm(token.characters, token.position);
    }
    const query = this.#or();
    if (this.#tokens[this.#at]?.kind !== ")") throw new QueryError('this "(" is never closed', token.position);
    this.#at++;
    return query;
  }

  #startsTerm(): boolean {
    const token = this.#tokens[this.#at];
    if (token === undefined || token.kind === ")") return false;
    const operator = operatorOf(token);
    return operator === undefined || operator === "NOT";
  }

  #accept(operator: Operator): boolean {
    const token = this.#tokens[this.#at];
    if (token === undefined || operatorOf(token) !== operator) return false;
    this.#at++;
    return true;
  }
}

function joined(kind: "and" | "or", of: readonly Query[]): Query {
  const [only, ...others] = of;
  return only !== undefined && others.length === 0 ? only : { kind, of };
}

function operatorOf(token: QueryToken): Operator | undefined {
  if (token.kind !== "chunk" || token.characters.some((character) => character.quoted)) return undefined;
  const text = textOf(token.characters);
  const operator = OPERATORS.find((candidate) => candidate === text.toUpperCase());
  if (operator !== undefined && operator !== text) {
    throw new QueryError(
      `write ${operator} to join terms, or "${text}" in quotes to look for the word`,
      token.position,
    );
  }
  return operator;
}

/**
 * One term of a query: a word, or `name:value`.
 *
 * @module
 */

import { fold, type GlobStep } from "./glob.ts";
import { nearest, QueryError } from "./query_error.ts";
import { type QueryCharacter, textOf } from "./query_lexer.ts";
import { DEFAULT_QUERY, type Place, type Query } from "./query_tree.ts";
import { ITEM_TYPE } from "./vault_item.ts";

const TYPES: ReadonlyMap<string, Query> = new Map<string, Query>([
  ["ssh", DEFAULT_QUERY],
  ["sshkey", DEFAULT_QUERY],
  ["ssh-key", DEFAULT_QUERY],
  ["note", { kind: "type", type: ITEM_TYPE.note }],
  ["securenote", { kind: "type", type: ITEM_TYPE.note }],
  ["secure-note", { kind: "type", type: ITEM_TYPE.note }],
  ["login", { kind: "type", type: ITEM_TYPE.login }],
  ["card", { kind: "type", type: ITEM_TYPE.card }],
  ["identity", { kind: "type", type: ITEM_TYPE.identity }],
  ["field", { kind: "holds", slot: "field" }],
  ["attachment", { kind: "holds", slot: "attachment" }],
]);
const TERMS = ["type", "name", "folder", "collection", "org", "field", "tag"] as const;
const UUID = /^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$/i;

/** Reads the term a chunk stands for. @throws {QueryError} */
export function readTerm(characters: readonly QueryCharacter[], position: number): Query {
  const colon = characters.findIndex((character) => character.text === ":" && !character.quoted);
  if (colon < 0) return readWord(characters, position);
  const name = textOf(characters.slice(0, colon));
  const value = characters.slice(colon + 1);
  const valuePosition = (characters[colon]?.position ?? position) + 1;
  const term = TERMS.find((candidate) => candidate === name);
  if (term === undefined) {
    const meant = nearest(name, TERMS);
    const hint = meant === undefined
      ? `the terms are ${TERMS.map((each) => `${each}:`).join(" ")}, and a word with ":" needs quotes`
      : `did you mean "${meant}:"?`;
    throw new QueryError(`there is no term "${name}:"; ${hint}`, position);
  }
  switch (term) {
    case "type":
      return readType(textOf(value), valuePosition);
    case "name":
      return readName(value, valuePosition);
    case "folder":
    case "collection":
    case "org":
      return { kind: term, place: readPlace(term, value, valuePosition) };
    case "field":
      return readField(value, valuePosition);
    case "tag":
      if (value.length === 0) throw new QueryError("the tag is missing", valuePosition);
      return { kind: "field", test: { name: "tag", value: textOf(value) } };
    default:
      return term satisfies never;
  }
}

function readWord(characters: readonly QueryCharacter[], position: number): Query {
  const text = fold(textOf(characters));
  if (text === "") throw new QueryError("a word cannot be empty", position);
  const wildcard = characters.find((character) => character.text === "*" && !character.quoted);
  if (wildcard !== undefined) {
    throw new QueryError(`a word has no wildcards: write name:${textOf(characters)}, or quote it`, wildcard.position);
  }
  return { kind: "word", text };
}

function readType(value: string, position: number): Query {
  const query = TYPES.get(value.toLowerCase());
  if (query !== undefined) return query;
  const meant = nearest(value.toLowerCase(), [...TYPES.keys()]);
  const hint = meant === undefined ? `the types are ${[...TYPES.keys()].join(", ")}` : `did you mean "${meant}"?`;
  throw new QueryError(`there is no type "${value}"; ${hint}`, position);
}

function readName(value: readonly QueryCharacter[], position: number): Query {
  if (value.length === 0) throw new QueryError("the name is missing", position);
  const pattern: GlobStep[] = [];
  let literal = "";
  const flush = (): void => {
    for (const text of fold(literal)) pattern.push({ kind: "is", text });
    literal = "";
  };
  for (const character of value) {
    if (character.escaped || (character.text !== "*" && character.text !== "?")) literal += character.text;
    else {
      flush();
      pattern.push({ kind: character.text === "*" ? "any" : "one" });
    }
  }
  flush();
  return { kind: "name", pattern };
}

/** A place by id, by name, or "" in quotes for none. */
function readPlace(term: string, value: readonly QueryCharacter[], position: number): Place {
  if (value.length === 0) throw new QueryError(`the ${term} is missing; "" in quotes means none`, position);
  const text = textOf(value);
  if (text === "") return { by: "id", id: "" };
  return UUID.test(text) ? { by: "id", id: text.toLowerCase() } : { by: "name", name: text };
}

/** `field:NAME` for any field of that name, `field:NAME=VALUE` for a visible one with exactly that value. */
function readField(value: readonly QueryCharacter[], position: number): Query {
  const equals = value.findIndex((character) => character.text === "=" && !character.quoted);
  const name = textOf(equals < 0 ? value : value.slice(0, equals));
  if (name === "") throw new QueryError("the field's name is missing", position);
  if (equals < 0) return { kind: "field", test: { name, value: undefined } };
  const wanted = value.slice(equals + 1);
  if (wanted.length === 0) {
    const after = (value[equals]?.position ?? position) + 1;
    throw new QueryError(`the value is missing; field:${name} alone asks for the field`, after);
  }
  return { kind: "field", test: { name, value: textOf(wanted) } };
}

/**
 * Writes values into a message. Every buffer that C is given lives at least as long as the call that takes it: libdbus
 * copies basic values and signatures.
 *
 * @module
 */

import { cString } from "../libc.ts";
import { DbusError } from "./error.ts";
import type { DbusSymbols, Pointer } from "./symbols.ts";
import { type Outgoing, signatureOf } from "./value.ts";

/** DBusMessageIter has 72 bytes on LP64. */
export const ITER_SIZE = 128;

const ARRAY = code("a");
const VARIANT = code("v");
const STRUCT = code("r"); // DBUS_TYPE_STRUCT; the parentheses are for signatures only
const DICT_ENTRY = code("e");

type Iter = Uint8Array<ArrayBuffer>;

/** Appends arguments. @throws {DbusError} `argument`, if one cannot be sent: a NUL in a text, a closed descriptor. */
export function appendArguments(symbols: DbusSymbols, message: Pointer, values: readonly Outgoing[]): void {
  const iter = new Uint8Array(ITER_SIZE);
  symbols.dbus_message_iter_init_append(message, iter);
  for (const value of values) append(symbols, iter, value);
}

function append(symbols: DbusSymbols, iter: Iter, value: Outgoing): void {
  switch (value.type) {
    case "s":
      return appendText(symbols, iter, value.value);
    case "b":
      return appendBasic(symbols, iter, "b", new Uint32Array([value.value ? 1 : 0])); // dbus_bool_t has 4 bytes
    case "i":
    case "h":
      return appendBasic(symbols, iter, value.type, new Int32Array([value.value]));
    case "u":
      return appendBasic(symbols, iter, "u", new Uint32Array([value.value]));
    case "t":
      return appendBasic(symbols, iter, "t", new BigUint64Array([value.value]));
    case "v":
      return within(symbols, iter, VARIANT, signatureOf(value.value), (sub) => append(symbols, sub, value.value));
    case "struct":
      return within(symbols, iter, STRUCT, undefined, (sub) => {
        for (const field of value.fields) append(symbols, sub, field);
      });
    case "dict":
      return within(symbols, iter, ARRAY, `{s${value.signature}}`, (sub) => {
        for (const [key, each] of value.entries) {
          within(symbols, sub, DICT_ENTRY, undefined, (entry) => {
            appendText(symbols, entry, key);
            append(symbols, entry, each);
          });
        }
      });
    default:
      return value satisfies never;
  }
}

/** A text is passed as the address of its address. TextEncoder makes valid UTF-8 of anything, which libdbus demands. */
function appendText(symbols: DbusSymbols, iter: Iter, value: string): void {
  if (value.includes("\0")) throw new DbusError("argument", "Cannot send a text with a NUL character");
  const bytes = cString(value);
  const address = new BigUint64Array([BigInt(Deno.UnsafePointer.value(Deno.UnsafePointer.of(bytes)))]);
  appendBasic(symbols, iter, "s", address);
  if (bytes.length === 0) throw new TypeError("unreachable: keeps the text alive until C has copied it");
}

function appendBasic(symbols: DbusSymbols, iter: Iter, type: string, value: ArrayBufferView<ArrayBuffer>): void {
  const bytes = new Uint8Array(value.buffer);
  if (symbols.dbus_message_iter_append_basic(iter, code(type), bytes) === 0) {
    throw new DbusError("argument", `Cannot send a value of type "${type}"`);
  }
}

function within(
  symbols: DbusSymbols,
  iter: Iter,
  type: number,
  signature: string | undefined,
  fill: (sub: Iter) => void,
): void {
  const sub = new Uint8Array(ITER_SIZE);
  const contained = signature === undefined ? null : cString(signature);
  if (symbols.dbus_message_iter_open_container(iter, type, contained, sub) === 0) {
    throw new DbusError("argument", "Cannot send a container");
  }
  fill(sub); // where it throws, the whole message is thrown away; libdbus frees half-filled ones with it
  if (symbols.dbus_message_iter_close_container(iter, sub) === 0) {
    throw new DbusError("argument", "Cannot send a container");
  }
}

function code(letter: string): number {
  return letter.charCodeAt(0);
}

/**
 * Reads the arguments of a message into values of our own; what C owns is copied.
 *
 * @module
 */

import { ITER_SIZE } from "./append.ts";
import { DbusError } from "./error.ts";
import type { DbusSymbols, Pointer } from "./symbols.ts";
import type { Incoming } from "./value.ts";

/** Ours are ten deep at most; the bus allows 64 (D-Bus Specification, "Valid signatures"). */
const MAX_DEPTH = 16;
/** The bus allows 128 MiB a message; no answer we ask for has more values than this. */
const MAX_VALUES = 4096;
const DICT_ENTRY = "e".charCodeAt(0);

type Iter = Uint8Array<ArrayBuffer>;

/** Every argument of a message. @throws {DbusError} `answer`, if it is too large, too deep or of an unknown type. */
export function readArguments(symbols: DbusSymbols, message: Pointer): readonly Incoming[] {
  const iter = new Uint8Array(ITER_SIZE);
  if (symbols.dbus_message_iter_init(message, iter) === 0) return [];
  return new Reader(symbols).all(iter, 0);
}

class Reader {
  readonly #symbols: DbusSymbols;
  #left = MAX_VALUES;

  constructor(symbols: DbusSymbols) {
    this.#symbols = symbols;
  }

  all(iter: Iter, depth: number): readonly Incoming[] {
    const values: Incoming[] = [];
    for (let type = this.#type(iter); type !== ""; type = this.#type(iter)) {
      if (--this.#left < 0) throw new DbusError("answer", `Cannot read an answer of more than ${MAX_VALUES} values`);
      values.push(this.#one(iter, type, depth));
      this.#symbols.dbus_message_iter_next(iter);
    }
    return values;
  }

  /** The type code, empty at the end. */
  #type(iter: Iter): string {
    const type = this.#symbols.dbus_message_iter_get_arg_type(iter);
    return type === 0 ? "" : String.fromCharCode(type);
  }

  #one(iter: Iter, type: string, depth: number): Incoming {
    switch (type) {
      case "s":
      case "o":
      case "g":
        return this.#text(iter);
      case "b":
        return this.#basic(iter).getUint32(0, true) !== 0;
      case "y":
        return this.#basic(iter).getUint8(0);
      case "n":
        return this.#basic(iter).getInt16(0, true);
      case "q":
        return this.#basic(iter).getUint16(0, true);
      case "i":
        return this.#basic(iter).getInt32(0, true);
      case "u":
        return this.#basic(iter).getUint32(0, true);
      case "x":
        return this.#basic(iter).getBigInt64(0, true);
      case "t":
        return this.#basic(iter).getBigUint64(0, true);
      case "d":
        return this.#basic(iter).getFloat64(0, true);
      case "a":
        return this.#symbols.dbus_message_iter_get_element_type(iter) === DICT_ENTRY
          ? this.#map(this.#inside(iter, depth), depth + 1)
          : this.all(this.#inside(iter, depth), depth + 1);
      case "r":
        return this.all(this.#inside(iter, depth), depth + 1);
      case "v": {
        const [value] = this.all(this.#inside(iter, depth), depth + 1);
        if (value === undefined) throw new DbusError("answer", "Cannot read an empty variant");
        return value;
      }
      default: // a descriptor ("h") would have to be closed by somebody; nothing we ask answers with one
        throw new DbusError("answer", `Cannot read a value of type "${type}"`);
    }
  }

  #map(iter: Iter, depth: number): Incoming {
    const entries = new Map<string, Incoming>();
    for (; this.#type(iter) !== ""; this.#symbols.dbus_message_iter_next(iter)) {
      const [key, value] = this.all(this.#inside(iter, depth), depth + 1);
      if (key === undefined || value === undefined) throw new DbusError("answer", "Cannot read half an entry of a map");
      entries.set(String(key), value);
    }
    return entries;
  }

  #inside(iter: Iter, depth: number): Iter {
    if (depth >= MAX_DEPTH) throw new DbusError("answer", `Cannot read an answer more than ${MAX_DEPTH} deep`);
    const sub = new Uint8Array(ITER_SIZE);
    this.#symbols.dbus_message_iter_recurse(iter, sub);
    return sub;
  }

  #basic(iter: Iter): DataView {
    const value = new Uint8Array(8); // DBusBasicValue: the largest is 8 bytes
    this.#symbols.dbus_message_iter_get_basic(iter, value);
    return new DataView(value.buffer);
  }

  #text(iter: Iter): string {
    const address = Deno.UnsafePointer.create(this.#basic(iter).getBigUint64(0, true));
    return address === null ? "" : Deno.UnsafePointerView.getCString(address); // the bus let only valid UTF-8 through
  }
}

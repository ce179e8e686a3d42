/**
 * Values as they travel in messages: what is sent carries its type with it, what is received is told by its shape.
 *
 * Not for: pointers; `append.ts` and `read.ts` know those.
 *
 * @module
 */

/** A value to send. The letters are D-Bus's type codes (D-Bus Specification, "Type system"). */
export type Outgoing =
  | { readonly type: "s"; readonly value: string }
  | { readonly type: "b"; readonly value: boolean }
  /** `h` is a file descriptor; the bus gets a copy of it. */
  | { readonly type: "i" | "u" | "h"; readonly value: number }
  | { readonly type: "t"; readonly value: bigint }
  | { readonly type: "v"; readonly value: Outgoing }
  | { readonly type: "struct"; readonly fields: readonly Outgoing[] }
  /** `a{s…}`: keys are texts, values all of one signature. */
  | {
    readonly type: "dict";
    readonly signature: "s" | "v";
    readonly entries: readonly (readonly [key: string, value: Outgoing])[];
  };

/** A value received: structs and arrays are lists, `a{…}` is a map, a variant is what it holds. */
export type Incoming = string | number | bigint | boolean | readonly Incoming[] | ReadonlyMap<string, Incoming>;

/** A text. */
export function text(value: string): Outgoing {
  return { type: "s", value };
}

/** A map from texts to texts, `a{ss}`. */
export function textMap(entries: Iterable<readonly [string, string]>): Outgoing {
  return { type: "dict", signature: "s", entries: [...entries].map(([key, value]) => [key, text(value)] as const) };
}

/** A map from texts to anything, `a{sv}`. */
export function variantMap(entries: Iterable<readonly [string, Outgoing]>): Outgoing {
  const variants = [...entries].map(([key, value]) => [key, { type: "v", value }] as const);
  return { type: "dict", signature: "v", entries: variants };
}

/** D-Bus's signature of a value to send. */
export function signatureOf(value: Outgoing): string {
  switch (value.type) {
    case "struct":
      return `(${value.fields.map(signatureOf).join("")})`;
    case "dict":
      return `a{s${value.signature}}`;
    default:
      return value.type;
  }
}

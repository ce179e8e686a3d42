import { deepStrictEqual as deepEqual, strictEqual as equal, throws } from "node:assert/strict";
import fc from "fast-check";
import { openArena } from "../../ffi/arena.ts";
import { openLibc } from "../../ffi/libc.ts";
import { JsonError } from "../../mod/source/bitwarden/json_error.ts";
import { encode, expected, KEYS, read } from "../support/json_rebuilder.ts";

/** Documents of any shape, with strings that hold everything, printed by JSON.stringify and with escapes added. */
const values = fc.letrec((tie) => ({
  value: fc.oneof(
    { maxDepth: 6 },
    fc.string({ unit: "binary", maxLength: 12 }),
    fc.integer({ min: -1_000_000_000, max: 1_000_000_000 }),
    fc.boolean(),
    fc.constant(null),
    fc.array(tie("value"), { maxLength: 4 }),
    fc.dictionary(fc.constantFrom(...KEYS), tie("value"), { maxKeys: 4, noNullPrototype: true }),
  ),
})).value;
const documents = fc.array(values, { maxLength: 6 });

function escapeAll(json: string): string {
  return json.replace(/[\u007f-\uffff]/g, (unit) => `\\u${unit.charCodeAt(0).toString(16).padStart(4, "0")}`);
}

Deno.test("JsonTokenizer agrees with JSON.parse on any document in any chunks", () => {
  using libc = openLibc();
  using arena = openArena(libc, { requireLocked: false });
  fc.assert(
    fc.property(
      documents,
      fc.boolean(),
      fc.nat(3),
      fc.array(fc.nat(400), { maxLength: 6 }),
      (value, escape, indent, at) => {
        const text = JSON.stringify(value, null, indent);
        const bytes = encode(escape ? escapeAll(text) : text);
        const cuts = at.map((cut) => cut % (bytes.length + 1)).sort((a, b) => a - b);
        deepEqual(read(bytes, cuts, arena), expected(text));
      },
    ),
    { numRuns: 400 },
  );
  equal(arena.status().used, 0);
});

Deno.test("JsonTokenizer accepts and refuses what JSON.parse does after any one byte was changed", () => {
  fc.assert(
    fc.property(documents, fc.nat(), fc.integer({ min: 0x20, max: 0x7e }), (value, position, byte) => {
      const bytes = encode(escapeAll(JSON.stringify(value)));
      bytes[position % bytes.length] = byte;
      const text = new TextDecoder().decode(bytes);
      let valid = true;
      try {
        JSON.parse(text);
      } catch {
        valid = false;
      }
      if (valid) read(bytes, []);
      else throws(() => read(bytes, []), JsonError);
    }),
    { numRuns: 600 },
  );
});

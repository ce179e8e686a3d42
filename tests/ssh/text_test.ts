import { deepStrictEqual, strictEqual, throws } from "node:assert/strict";
import fc from "fast-check";
import { decodeUtf8, encodeUtf8 } from "../../mod/ssh/text.ts";

const ANY = fc.oneof(fc.string({ maxLength: 100 }), fc.string({ unit: "binary", maxLength: 100 }));

Deno.test("encodeUtf8() and decodeUtf8() do what TextEncoder and TextDecoder do", () => {
  fc.assert(fc.property(ANY, (text) => {
    deepStrictEqual(encodeUtf8(text), new TextEncoder().encode(text));
    strictEqual(decodeUtf8(encodeUtf8(text)), text);
  }));
  strictEqual(decodeUtf8(encodeUtf8("\ud800")), "\ufffd");
});

Deno.test("decodeUtf8() refuses what is not UTF-8, short and long", () => {
  for (const hex of [[0xff], [0x61, 0x80], [0xc0, 0x80], [0xed, 0xa0, 0x80], [0xf4, 0x90, 0x80, 0x80], [0xc3]]) {
    throws(() => decodeUtf8(Uint8Array.from(hex)), TypeError);
    throws(() => decodeUtf8(Uint8Array.from([...new Array(100).fill(0x61), ...hex])), TypeError);
  }
});

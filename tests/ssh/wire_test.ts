import { deepStrictEqual, strictEqual, throws } from "node:assert/strict";
import fc from "fast-check";
import { MAX_MPINT_LENGTH, WireError, WireReader, WireWriter } from "../../mod/ssh/wire.ts";
import { fromHex, toHex } from "../support/hex.ts";

const reader = (hex: string): WireReader => new WireReader(fromHex(hex));

// RFC 4251 §5 gives these; -1234 and -deadbeef, which it also gives, are refused below.
const MPINTS = [
  { value: "", hex: "00000000" },
  { value: "09a378f9b2e332a7", hex: "0000000809a378f9b2e332a7" },
  { value: "80", hex: "000000020080" },
  { value: "01", hex: "0000000101" },
  { value: "ff00", hex: "0000000300ff00" },
];
for (const { value, hex } of MPINTS) {
  Deno.test(`mpint '${value}' reads and writes as ${hex}`, () => {
    const input = reader(hex);
    strictEqual(toHex(input.mpint("number")), value);
    input.end("number");
    strictEqual(toHex(new WireWriter().mpint(fromHex(value)).finish()), hex);
    strictEqual(toHex(new WireWriter().mpint(fromHex(`0000${value}`)).finish()), hex);
  });
}

const BAD: { name: string; hex: string; read: (input: WireReader) => unknown; code: WireError["code"] }[] = [
  { name: "a byte of nothing", hex: "", read: (input) => input.uint8("flag"), code: "truncated" },
  { name: "a uint32 of 3 bytes", hex: "000000", read: (input) => input.uint32("count"), code: "truncated" },
  { name: "a uint64 of 7 bytes", hex: "00000000000000", read: (input) => input.uint64("serial"), code: "truncated" },
  { name: "a string past the end", hex: "00000009ff", read: (input) => input.string("blob"), code: "truncated" },
  { name: "a string of 4 GB", hex: "ffffffff00", read: (input) => input.string("blob"), code: "truncated" },
  { name: "a string over its limit", hex: "000000020000", read: (input) => input.string("id", 1), code: "too-long" },
  { name: "text that is not UTF-8", hex: "00000002c328", read: (input) => input.text("user"), code: "not-utf8" },
  { name: "text with a surrogate", hex: "00000003eda080", read: (input) => input.text("user"), code: "not-utf8" },
  { name: "an empty name", hex: "00000000", read: (input) => input.algorithmName("type"), code: "not-a-name" },
  {
    name: "a name with a space",
    hex: "00000003612062",
    read: (input) => input.algorithmName("type"),
    code: "not-a-name",
  },
  {
    name: "a name with a comma",
    hex: "00000003612c62",
    read: (input) => input.algorithmName("type"),
    code: "not-a-name",
  },
  { name: "a name with NUL", hex: "00000003610062", read: (input) => input.algorithmName("type"), code: "not-a-name" },
  { name: "a name with DEL", hex: "000000017f", read: (input) => input.algorithmName("type"), code: "not-a-name" },
  { name: "a name of 65", hex: `00000041${"61".repeat(65)}`, read: (i) => i.algorithmName("type"), code: "too-long" },
  { name: "-1234", hex: "00000002edcc", read: (input) => input.mpint("n"), code: "mpint" },
  { name: "-deadbeef", hex: "00000005ff21524111", read: (input) => input.mpint("n"), code: "mpint" },
  { name: "zero as a byte", hex: "0000000100", read: (input) => input.mpint("n"), code: "mpint" },
  { name: "a superfluous zero", hex: "00000002007f", read: (input) => input.mpint("n"), code: "mpint" },
  { name: "a huge number", hex: `00000801${"01".repeat(2049)}`, read: (input) => input.mpint("n"), code: "too-long" },
  { name: "a byte too many", hex: "00", read: (input) => input.end("message"), code: "trailing" },
];
for (const { name, hex, read, code } of BAD) {
  Deno.test(`WireReader refuses ${name}`, () => {
    throws(() => read(reader(hex)), (error) => error instanceof WireError && error.code === code);
  });
}

Deno.test("WireReader.text() keeps a byte order mark: two names must not become one", () => {
  strictEqual(reader("00000004efbbbf61").text("user"), "\ufeffa");
});

Deno.test("WireReader names the field, the place, what is needed and what is there", () => {
  const input = reader("0000000400");
  input.uint8("one");
  throws(() => input.uint64("serial"), /Cannot read serial at byte 5: need 4, have 0|at byte 1: need 4, have 4/);
  throws(() => reader("00000009ff").string("key blob"), /^WireError: Cannot read key blob at byte 4: need 9, have 1$/);
});

Deno.test("WireReader takes the longest number OpenSSH has, with and without a sign byte", () => {
  for (const digits of ["80", "7f"]) {
    const value = fromHex(digits + "00".repeat(MAX_MPINT_LENGTH - 1));
    deepStrictEqual(new WireReader(new WireWriter().mpint(value).finish()).mpint("n"), value);
  }
});

Deno.test("WireReader gives windows, not copies, and rest() is everything left", () => {
  const bytes = fromHex("00000001aabbcc");
  const input = new WireReader(bytes);
  strictEqual(input.string("one").buffer, bytes.buffer);
  strictEqual(input.left, 2);
  strictEqual(toHex(input.rest()), "bbcc");
  input.end("message");
});

const FIELD = fc.oneof(
  fc.record({ type: fc.constant("uint8" as const), value: fc.nat(255) }),
  fc.record({ type: fc.constant("uint32" as const), value: fc.nat(0xffffffff) }),
  fc.record({ type: fc.constant("uint64" as const), value: fc.bigInt(0n, 0xffffffffffffffffn) }),
  fc.record({ type: fc.constant("string" as const), value: fc.uint8Array({ maxLength: 600 }) }),
  fc.record({ type: fc.constant("text" as const), value: fc.string({ unit: "grapheme" }) }),
);

Deno.test("whatever WireWriter writes, WireReader reads", () => {
  fc.assert(fc.property(fc.array(FIELD), fc.nat(64), (fields, capacity) => {
    const writer = new WireWriter(capacity);
    for (const field of fields) {
      if (field.type === "uint8") writer.uint8(field.value);
      else if (field.type === "uint32") writer.uint32(field.value);
      else if (field.type === "uint64") writer.uint64(field.value);
      else writer.string(field.value);
    }
    const bytes = writer.finish();
    strictEqual(bytes.length, writer.length);
    const input = new WireReader(bytes);
    for (const field of fields) {
      const read = field.type === "string" ? new Uint8Array(input.string("field")) : input[field.type]("field");
      deepStrictEqual(read, field.type === "string" ? new Uint8Array(field.value) : field.value);
    }
    input.end("fields");
  }));
});

Deno.test("what WireWriter.finish() gave is not touched by later writes", () => {
  for (const capacity of [4, 5, 64]) {
    const writer = new WireWriter(capacity).uint32(1);
    const first = writer.finish();
    strictEqual(first.buffer.byteLength, 4);
    writer.uint8(9);
    strictEqual(toHex(first), "00000001");
    strictEqual(toHex(writer.finish()), "0000000109");
  }
});

Deno.test("an mpint has one encoding: what reads, writes back to the same bytes", () => {
  fc.assert(fc.property(fc.uint8Array({ maxLength: 6 }), (contents) => {
    const encoded = new WireWriter().string(contents).finish();
    try {
      const value = new WireReader(encoded).mpint("n");
      deepStrictEqual(new WireWriter().mpint(value).finish(), encoded);
    } catch (error) {
      if (!(error instanceof WireError)) throw error;
      strictEqual(error.code, "mpint");
    }
  }));
});

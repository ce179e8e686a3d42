import { deepStrictEqual as deepEqual, ok, strictEqual as equal, throws } from "node:assert/strict";
import { JsonError } from "../../mod/source/bitwarden/json_error.ts";
import { type JsonHandler, JsonTokenizer } from "../../mod/source/bitwarden/tokenizer.ts";
import { HeapMemory } from "../support/heap_memory.ts";
import { encode, expected, KEYS, read, Rebuilder } from "../support/json_rebuilder.ts";

const VALID = [
  "null",
  "true",
  " false ",
  "0",
  "-0",
  "12",
  "\t\r\n -7 ",
  '""',
  '"plain"',
  '"\\"\\\\\\/\\b\\f\\n\\r\\t"',
  '"\\u0041\\u00e9\\u20AC\\uD83D\\uDE00"',
  '"é€😀\u007f"',
  '"\\u0000"',
  '"\\ud83d"',
  '"\\ud83d\\ud83d\\ude00"',
  '"\\ude00\\ud83dx"',
  '"\\ud83d\\n"',
  '"\\ud83dé"',
  '"\\ud83d\\u0041"',
  "[]",
  "[ ]",
  "{}",
  "{ }",
  "[1,2 , 3]",
  "[[],{},[{}]]",
  '{"a":1,"b":[true,null],"name":{"type":"x"}}',
  '{"n\\u0061me":"escaped key"}',
  '{"a":{"a":{"a":[]}},"sshKey":null}',
  `${"[".repeat(64)}${"]".repeat(64)}`,
] as const;

for (const text of VALID) {
  Deno.test(`JsonTokenizer agrees with JSON.parse wherever ${text.slice(0, 40)} is cut`, () => {
    const bytes = encode(text);
    for (let cut = 0; cut <= bytes.length; cut++) deepEqual(read(bytes, [cut]), expected(text));
    deepEqual(read(bytes, Array.from(bytes, (_, at) => at)), expected(text), "byte by byte");
  });
}

const INVALID = [
  "",
  " ",
  "nul",
  "nulL",
  "True",
  "01",
  "-",
  "-a",
  "+1",
  ".5",
  "1.",
  "1.e3",
  "1e",
  "1e+",
  "0x10",
  "NaN",
  "1 2",
  '"',
  '"\\"',
  '"\\x41"',
  '"\\u12g4"',
  '"\\u123"',
  '"tab\there"',
  '"line\nfeed"',
  "'single'",
  "[",
  "[1",
  "[1,",
  "[1,]",
  "[,1]",
  "[1 2]",
  "[1}",
  "]",
  "{",
  '{"a"',
  '{"a":',
  '{"a":1',
  '{"a":1,',
  '{"a":1,}',
  '{"a" 1}',
  '{"a":1 "b":2}',
  '{"a":1]',
  "{a:1}",
  "{1:1}",
  "{,}",
  "[]]",
  "[] x",
  "[]\u00a0",
  "\ufeff[]",
  "// comment\n[]",
  "<html>",
] as const;

for (const text of INVALID) {
  Deno.test(`JsonTokenizer refuses ${JSON.stringify(text)} wherever it is cut`, () => {
    throws(() => JSON.parse(text), SyntaxError);
    const bytes = encode(text);
    for (let cut = 0; cut <= bytes.length; cut++) throws(() => read(bytes, [cut]), JsonError);
  });
}

const NOT_UTF8 = [
  { name: "a continuation byte alone", bytes: [0x80] },
  { name: "an overlong slash", bytes: [0xc0, 0xaf] },
  { name: "an overlong form of three", bytes: [0xe0, 0x9f, 0xbf] },
  { name: "a surrogate", bytes: [0xed, 0xa0, 0x80] },
  { name: "an overlong form of four", bytes: [0xf0, 0x8f, 0xbf, 0xbf] },
  { name: "a point past U+10FFFF", bytes: [0xf4, 0x90, 0x80, 0x80] },
  { name: "a byte no UTF-8 has", bytes: [0xff] },
  { name: "a sequence cut short by a quote", bytes: [0xe2, 0x82] },
  { name: "a sequence cut short by an escape", bytes: [0xe2, 0x82, 0x5c, 0x6e] },
  { name: "a sequence cut short by a letter", bytes: [0xc3, 0x41] },
] as const;

for (const { name, bytes } of NOT_UTF8) {
  Deno.test(`JsonTokenizer refuses ${name}`, () => {
    const document = Uint8Array.from([0x22, ...bytes, 0x22]);
    for (let cut = 0; cut <= document.length; cut++) throws(() => read(document, [cut]), JsonError);
  });
}

Deno.test("JsonTokenizer accepts the outermost characters of every UTF-8 length", () => {
  const text = JSON.stringify("\u0080\u07ff\u0800\ud7ff\ue000\uffff\u{10000}\u{10ffff}");
  for (let cut = 0; cut <= encode(text).length; cut++) equal(read(encode(text), [cut]), JSON.parse(text));
});

Deno.test("JsonTokenizer refuses the 65th level", () => {
  throws(() => read(encode("[".repeat(65) + "]".repeat(65)), []), /at most 64 levels/);
  throws(() => read(encode('{"a":'.repeat(65) + "1" + "}".repeat(65)), []), /at most 64 levels/);
});

Deno.test("JsonTokenizer tells numbers that are not small whole ones as NaN", () => {
  for (const text of ["1.0", "1e2", "-0.5", "1E-7", "1000000001", "123456789012345678901234567890"]) {
    ok(Number.isNaN(read(encode(text), [])), text);
  }
  equal(read(encode("-1000000000"), []), -1_000_000_000);
});

Deno.test("JsonTokenizer is complete with the last bracket and takes white space after it", () => {
  const memory = new HeapMemory();
  const tokenizer = new JsonTokenizer(new Rebuilder(), KEYS);
  using text = memory.of("[{}] \n");
  tokenizer.push(text.view(0, 3));
  equal(tokenizer.complete, false);
  tokenizer.push(text.view(3, 4));
  equal(tokenizer.complete, true);
  tokenizer.push(text.view(4));
  equal(tokenizer.complete, true);
  tokenizer.end();
});

Deno.test("JsonTokenizer names only the wanted keys, and copies nothing to the heap", () => {
  const memory = new HeapMemory();
  const keys: (string | undefined)[] = [];
  const deaf: JsonHandler = {
    beginObject: () => {},
    endObject: () => {},
    beginArray: () => {},
    endArray: () => {},
    key: (name) => keys.push(name),
    beginString: () => undefined,
    endString: () => {},
    scalar: () => {},
  };
  const tokenizer = new JsonTokenizer(deaf, KEYS);
  using text = memory.of('{"name":"x","nam":"x","names":"x","secret":"x","":"x","ssh\\u004bey":"x","type":1}');
  tokenizer.push(text);
  deepEqual(keys, ["name", undefined, undefined, undefined, undefined, "sshKey", "type"]);
  deepEqual(memory.published, []);
});

Deno.test("JsonTokenizer's errors give the offset and no byte of the document", () => {
  throws(() => read(encode('["hunter2", hunter3]'), [5]), (error: unknown) => {
    ok(error instanceof JsonError);
    equal(error.offset, 12);
    equal(error.message, "Cannot read JSON at byte 12: expected a value");
    return true;
  });
});

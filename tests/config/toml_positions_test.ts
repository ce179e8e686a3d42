import { strictEqual as equal } from "node:assert/strict";
import fc from "fast-check";
import { parse, stringify } from "smol-toml";
import { findPositions, type KeyPath } from "../../mod/config/toml_positions.ts";

const DOCUMENT = String.raw`# a comment with [brackets] and x = 1
top = 1
"quoted key" = 'it'
dotted.one = "a = b # no comment \" [x]"
dotted . "two\u0021" = { a = 1, "b c" = [
  1, # one
  { d = """
multi = 1
"""" }, 'x',
] }

[table]
text = """
[not.a.table]
key = 1
\"""
"""
literal = '''
[[nor.this]]
don't = ''''' # ends in two quotes of its own
list = [
  "a",

  "b", [ "c",
  "d" ] ]
when = 1979-05-27 07:32:00Z
last = [] 

[[rules]]
action = "allow"
[rules.sub]
x = 1
[[rules]]
action = "deny"
[[rules.inner]]
y = 1
[[rules.inner]]
y = 2
[ "table" . 'deep' ]
z=true
`;

const LINES: readonly (readonly [path: KeyPath, line: number])[] = [
  [["top"], 2],
  [["dotted", "one"], 4],
  [["dotted"], 4],
  [["dotted", "two!"], 5],
  [["dotted", "two!", "a"], 5],
  [["dotted", "two!", "b c", 0], 6],
  [["dotted", "two!", "b c", 1, "d"], 7],
  [["dotted", "two!", "b c", 2], 9],
  [["table"], 12],
  [["table", "text"], 13],
  [["table", "literal"], 18],
  [["table", "list"], 21],
  [["table", "list", 0], 22],
  [["table", "list", 1], 24],
  [["table", "list", 2, 0], 24],
  [["table", "list", 2, 1], 25],
  [["table", "when"], 26],
  [["table", "last"], 27],
  [["rules", 0], 29],
  [["rules", 0, "action"], 30],
  [["rules", 0, "sub", "x"], 32],
  [["rules", 1], 33],
  [["rules", 1, "action"], 34],
  [["rules", 1, "inner", 0, "y"], 36],
  [["rules", 1, "inner", 1, "y"], 38],
  [["table", "deep", "z"], 40],
  [["table", "deep", "missing"], 39],
  [["missing"], 1],
];

Deno.test("findPositions() finds every key of a document with every kind of TOML syntax", () => {
  parse(DOCUMENT); // the scanner only takes what is valid
  for (const newline of ["\n", "\r\n"]) {
    const positions = findPositions(DOCUMENT.replaceAll("\n", newline));
    for (const [path, line] of LINES) equal(positions.lineOf(path), line, JSON.stringify(path));
  }
});

Deno.test("findPositions() agrees with smol-toml on generated documents", () => {
  const text = fc.oneof(fc.string({ unit: "binary" }), fc.constantFrom("'''", '"""', "[x]", "a\nb = 1", "#", "\\"));
  const value = fc.letrec((tie) => ({
    any: fc.oneof({ maxDepth: 3 }, text, fc.integer(), fc.boolean(), tie("list"), tie("table")),
    list: fc.array(tie("any"), { maxLength: 4 }),
    table: fc.dictionary(text, tie("any"), { maxKeys: 4 }),
  }));
  fc.assert(fc.property(value.table, (root) => {
    const document = stringify(root).replace(/\n/g, "\n# [[x]]\n");
    const lines = document.split("\n");
    const positions = findPositions(document);
    const visit = (table: Record<string, unknown>, path: KeyPath): void => {
      for (const [name, inner] of Object.entries(table)) {
        const here = [...path, name];
        const line = lines[positions.lineOf(here) - 1] ?? "";
        // smol-toml writes nothing for an empty list of tables or the like; what it writes has the key in it.
        if (typeof inner !== "object") {
          equal(line.includes(stringify({ [name]: inner }).trim()), true, `${line} ${name}`);
        } else if (!Array.isArray(inner) && inner !== null) visit(inner as Record<string, unknown>, here);
      }
    };
    visit(parse(document) as Record<string, unknown>, []);
  }));
});

Deno.test("findPositions() is linear in comments, strings and depth", () => {
  for (const text of ["#\n".repeat(500_000), `a = "${"x".repeat(1_000_000)}"`, `[${"a.".repeat(300_000)}a]`]) {
    equal(findPositions(text).lineOf(["a"]), 1);
  }
});

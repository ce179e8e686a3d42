import {
  deepStrictEqual as deepEqual,
  match,
  notStrictEqual as notEqual,
  strictEqual as equal,
} from "node:assert/strict";
import { findCycles, judgeArrows } from "./layers/arrows.ts";
import { codeOnly } from "./layers/code.ts";
import { type Arrow, decodeGraph, type Graph, readGraph, typeScriptFiles } from "./layers/graph.ts";
import type { Layers } from "./layers/table.ts";
import { judgeWords } from "./layers/words.ts";
import { makeTempDir } from "./support/temp.ts";

const ROOT = new URL("..", import.meta.url).pathname.replace(/\/$/, "");
const LAYERS: Layers = JSON.parse(Deno.readTextFileSync(`${ROOT}/tests/layers.json`));

function graphOf(arrows: Readonly<Record<string, readonly (string | Arrow)[]>>): Graph {
  return new Map(
    Object.entries(arrows).map(([file, to]) => [
      file,
      to.map((each) => typeof each === "string" ? { to: each, typeOnly: false } : each),
    ]),
  );
}

Deno.test("the project keeps to its layers", async () => {
  const graph = await readGraph(ROOT, typeScriptFiles(ROOT));
  deepEqual(judgeArrows(LAYERS, graph), []);
  deepEqual(findCycles(graph), []);
});

Deno.test("the project's files keep to their rooms' words and lengths", () => {
  const files = typeScriptFiles(ROOT);
  notEqual(files.length, 0);
  deepEqual(files.flatMap((file) => judgeWords(LAYERS, file, Deno.readTextFileSync(`${ROOT}/${file}`))), []);
});

const FORBIDDEN_ARROWS = [
  { from: "ffi/libc.ts", to: "mod/ssh/wire.ts" },
  { from: "mod/agent/frame.ts", to: "mod/policy/ask.ts" },
  { from: "mod/policy/ask.ts", to: "mod/agent/frame.ts" },
  { from: "mod/ssh/wire.ts", to: "ffi/secret.ts" },
  { from: "mod/cli/app.ts", to: "mod/daemon/compose.ts" },
  { from: "mod/cli/app.ts", to: "mod/keys/keyring.ts" },
  { from: "mod/cli/app.ts", to: "ffi/libc.ts" },
  { from: "mod/daemon/compose.ts", to: "mod/cli/app.ts" },
  { from: "main.ts", to: "mod/keys/keyring.ts" },
  { from: "mod/keys/keyring.ts", to: "tests/support/temp.ts" },
  { from: "mod/cli/app.ts", to: "tools/build.ts" },
  { from: "mod/keys/sign.ts", to: "ffi/secret_bytes.ts" },
  { from: "mod/control/codec.ts", to: "mod/ssh/public_key.ts" },
  { from: "mod/ssh/wire.ts", to: "node:crypto" },
  { from: "mod/agent/frame.ts", to: "npm:valibot@1.5.0" },
  { from: "mod/keys/sign.ts", to: "npm:/@stricli/core@1.3.0" },
  { from: "mod/nowhere/a.ts", to: "mod/ssh/wire.ts" },
  { from: "mod/ssh/wire.ts", to: "elsewhere.ts" },
] as const;
for (const { from, to } of FORBIDDEN_ARROWS) {
  Deno.test(`judgeArrows() refuses ${from} → ${to}`, () => {
    equal(judgeArrows(LAYERS, graphOf({ [from]: [to] })).length, 1);
  });
}

const ALLOWED_ARROWS = [
  { from: "main.ts", to: "mod/cli/app.ts" },
  { from: "mod/ssh/public_key.ts", to: "npm:/@noble/hashes@2.4.0/sha2.js" },
  { from: "mod/ssh/wire.ts", to: "mod/ssh/base64.ts" },
  { from: "mod/client/unlock.ts", to: "ffi/arena.ts" },
  { from: "ffi/arena.ts", to: "ffi/secret_bytes.ts" },
  { from: "tests/ffi/arena_test.ts", to: "node:crypto" },
] as const;
for (const { from, to } of ALLOWED_ARROWS) {
  Deno.test(`judgeArrows() allows ${from} → ${to}`, () => {
    deepEqual(judgeArrows(LAYERS, graphOf({ [from]: [to] })), []);
  });
}

Deno.test("judgeArrows() allows a room of types only its types", () => {
  const to = "mod/ssh/public_key.ts";
  deepEqual(judgeArrows(LAYERS, graphOf({ "mod/control/codec.ts": [{ to, typeOnly: true }] })), []);
  match(judgeArrows(LAYERS, graphOf({ "mod/control/codec.ts": [to] }))[0] ?? "", /only types from "ssh"/);
});

Deno.test("findCycles() finds each cycle once, type imports included", () => {
  const typed = { to: "a.ts", typeOnly: true };
  const graph = graphOf({
    "r.ts": ["a.ts", "b.ts"],
    "a.ts": ["b.ts"],
    "b.ts": ["c.ts"],
    "c.ts": [typed, "d.ts"],
    "d.ts": [],
  });
  deepEqual(findCycles(graph), ["a.ts → b.ts → c.ts → a.ts"]);
  deepEqual(findCycles(graphOf({ "a.ts": ["b.ts", "c.ts"], "b.ts": ["c.ts"], "c.ts": [] })), []);
});

Deno.test("readGraph() sees static, dynamic and type imports of a planted tree, and the violation in it", async () => {
  using root = makeTempDir("layers");
  root.dir("mod/ssh");
  root.dir("mod/daemon");
  root.write("deno.json", "{}");
  root.write("mod/daemon/d.ts", "export interface D { readonly d: 1 }\nexport const d = 1;\n");
  root.write("mod/ssh/a.ts", 'import type { D } from "../daemon/d.ts";\nexport type A = D;\n');
  root.write(
    "mod/ssh/b.ts",
    'export async function b(): Promise<unknown> {\n  return await import("../daemon/d.ts");\n}\n',
  );
  const graph = await readGraph(root.path, typeScriptFiles(root.path));
  deepEqual(graph.get("mod/ssh/a.ts"), [{ to: "mod/daemon/d.ts", typeOnly: true }]);
  deepEqual(graph.get("mod/ssh/b.ts"), [{ to: "mod/daemon/d.ts", typeOnly: false }]);
  equal(judgeArrows(LAYERS, graph).length, 2);
});

Deno.test("decodeGraph() refuses an import that resolves to nothing", () => {
  const dependencies = [{ specifier: "x", code: { error: "no such thing" } }];
  const info = { modules: [{ specifier: "file:///p/a.ts", dependencies }] };
  let message = "";
  try {
    decodeGraph(info, "/p");
  } catch (error) {
    message = String(error);
  }
  match(message, /Cannot resolve "x" in 'a.ts': no such thing/);
});

const FORBIDDEN_WORDS = [
  { file: "mod/ssh/a.ts", source: "const a = Deno.pid;" },
  { file: "mod/ssh/a.ts", source: "const a = `${Deno.pid}`;" },
  { file: "mod/agent/a.ts", source: "const a = Date.now();" },
  { file: "mod/agent/a.ts", source: "const a = new Date();" },
  { file: "mod/policy/a.ts", source: "const a = performance.now();" },
  { file: "mod/policy/a.ts", source: "const a = Math.random();" },
  { file: "mod/control/a.ts", source: "crypto.getRandomValues(a);" },
  { file: "mod/control/a.ts", source: "setTimeout(a, 1);" },
  { file: "mod/ssh/a.ts", source: 'const a = fetch("x");' },
  { file: "mod/keys/a.ts", source: 'const a = Deno.env.get("HOME");' },
  { file: "main.ts", source: 'const a = Deno.env.get("HOME");' },
  { file: "mod/keys/a.ts", source: 'const a = Deno.dlopen("libc.so.6", {});' },
  { file: "mod/cli/a.ts", source: "Deno.exit(1);" },
  { file: "mod/daemon/a.ts", source: "const a = new PolkitApprover(bus);" },
  { file: "mod/daemon/a.ts", source: "const a =\n  new BitwardenSource(run);" },
  { file: "ffi/a.ts", source: "a;\n".repeat(251) },
] as const;
for (const { file, source } of FORBIDDEN_WORDS) {
  Deno.test(`judgeWords() refuses ${JSON.stringify(source.slice(0, 50))} in ${file}`, () => {
    equal(judgeWords(LAYERS, file, source).length, 1);
  });
}

const ALLOWED_WORDS = [
  { file: "mod/ssh/a.ts", source: '// Deno.pid\n/** Date.now() */\nconst a = "Math.random()" + /Deno/ + `Deno ${1}`;' },
  { file: "mod/config/a.ts", source: 'const a = Deno.env.get("HOME");' },
  { file: "ffi/a.ts", source: 'const a = Deno.dlopen("libc.so.6", {});' },
  { file: "main.ts", source: "Deno.exit(1);" },
  { file: "mod/daemon/compose.ts", source: "const a = new PolkitApprover(bus);" },
  { file: "mod/approval/polkit.ts", source: "class PolkitApprover {}\nconst a = new PolkitApprover(bus);" },
  { file: "ffi/a.ts", source: "a;\n".repeat(250) },
  { file: "tests/a_test.ts", source: "a;\n".repeat(999) },
] as const;
for (const { file, source } of ALLOWED_WORDS) {
  Deno.test(`judgeWords() allows ${JSON.stringify(source.slice(0, 50))} in ${file}`, () => {
    deepEqual(judgeWords(LAYERS, file, source), []);
  });
}

const CODE = [
  { name: "a line comment", source: "a // b\nc", code: "a     \nc" },
  { name: "a block comment over lines", source: "a /* b\n */ c", code: "a     \n    c" },
  { name: "an escaped quote", source: '"a\\"b" + c', code: "       + c" },
  { name: "slashes in a string", source: '"http://a" + b', code: "           + b" },
  { name: "a quote in a regular expression", source: "a(/['\"]/g, b)", code: "a(       , b)" },
  { name: "a division", source: "a / b / c", code: "a / b / c" },
  {
    name: "code within a template, with braces of its own",
    source: "`x${f({ a: `y${b}` })}z`; c",
    code: "    f({ a:     b   })   ; c",
  },
] as const;
for (const { name, source, code } of CODE) {
  Deno.test(`codeOnly() copes with ${name}`, () => {
    equal(codeOnly(source), code);
  });
}

/** Named imports of `node:assert` that compare with `==` in Deno 2.9.6, `node:assert/strict` or not. */
function looseImports(source: string): readonly string[] {
  const names = [...source.matchAll(/import \{([^}]*)\} from "node:assert(?:\/strict)?"/g)].flatMap(([, list = ""]) =>
    list.split(",").map((name) => name.trim())
  );
  return names.filter((name) => /^(not)?(deep)?equal$/i.test(name));
}

Deno.test("tests compare strictly", () => {
  deepEqual(looseImports('import { equal, deepStrictEqual as deepEqual } from "node:assert/strict";'), ["equal"]);
  const files = typeScriptFiles(ROOT).filter((file) => file.startsWith("tests/") && file !== "tests/layers_test.ts");
  notEqual(files.length, 0);
  deepEqual(files.filter((file) => looseImports(Deno.readTextFileSync(`${ROOT}/${file}`)).length > 0), []);
});

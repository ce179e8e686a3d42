import { deepStrictEqual as deepEqual, match, strictEqual as equal, throws } from "node:assert/strict";
import { renameFiles, stamp, withoutMachinePaths } from "../../tools/build/bundle.ts";
import { chooseCompiler } from "../../tools/build/compile.ts";
import { reasonIn } from "../../tools/build/command.ts";

const PATHS = [
  {
    name: "a scoped package's comment",
    line: "// ../../home/u/.cache/deno/npm/registry.example/@noble/curves/2.4.0/ed25519.js",
    clean: "// npm:@noble/curves@2.4.0/ed25519.js",
  },
  {
    name: "a package's key",
    line: '  "../../c/npm/registry.example/valibot/1.5.0/dist/index.mjs"() {',
    clean: '  "npm:valibot@1.5.0/dist/index.mjs"() {',
  },
  { name: "a module of our own", line: "// mod/cli/app.ts", clean: "// mod/cli/app.ts" },
  { name: "a string", line: '  const a = "../npm/x/y/1/z";', clean: '  const a = "../npm/x/y/1/z";' },
] as const;
for (const { name, line, clean } of PATHS) {
  Deno.test(`withoutMachinePaths() on ${name}`, () => {
    equal(withoutMachinePaths(`a\n${line}\nb`), `a\n${clean}\nb`);
  });
}

Deno.test("stamp() goes before everything else in the file to start, and nowhere else", () => {
  const program = [{ name: "bwssh.js", text: "program;\n" }, { name: "chunk-1.js", text: "chunk;\n" }];
  const [start, chunk] = stamp(program, { version: "1", kind: "compiled" });
  match(start?.text ?? "", /^globalThis\[[^\n]*"compiled"\};\nprogram;\n$/);
  deepEqual(chunk, program[1]);
});

Deno.test("renameFiles() numbers files in the order of their imports, whatever they were called", () => {
  const texts = (b: string, c: string): ReadonlyMap<string, string> =>
    new Map([
      [c, `import "./${b}"; const s = "./elsewhere.js";`],
      [b, `export {};`],
      ["main.js", `import { x } from "./${c}"; await import("./${b}");`],
      ["unused.js", ""],
    ]);
  const expected = [
    { name: "bwssh.js", text: 'import { x } from "./chunk-1.js"; await import("./chunk-2.js");' },
    { name: "chunk-1.js", text: 'import "./chunk-2.js"; const s = "./elsewhere.js";' },
    { name: "chunk-2.js", text: "export {};" },
  ];
  deepEqual(renameFiles(texts("b-AB12.js", "c-CD34.js"), "main.js"), expected);
  deepEqual(renameFiles(texts("chunk-1.js", "a.js"), "main.js"), expected);
  throws(() => renameFiles(texts("b.js", "c.js"), "other.js"), /Cannot find 'other.js'/);
});

Deno.test("chooseCompiler() uses DENO_COMPILE only together with DENORT_BIN", () => {
  equal(chooseCompiler((name) => ({ DENO_COMPILE: "/d" })[name]).deno, Deno.execPath());
  equal(chooseCompiler((name) => ({ DENORT_BIN: "/r" })[name]).deno, Deno.execPath());
  equal(chooseCompiler((name) => ({ DENO_COMPILE: "/d", DENORT_BIN: "/r" })[name]).deno, "/d");
});

const REASONS = [
  { stderr: "error: a\n\nCaused by:\n    0: b\n    1: c\n\nStack backtrace:\n   0: <unknown>\n", reason: "c" },
  { stderr: "Download x\nerror: a\n", reason: "a" },
  { stderr: "error: a\nkilled after 30 s", reason: "killed after 30 s" },
  { stderr: "something else\n", reason: "something else" },
  { stderr: "", reason: "no reason given" },
] as const;
for (const { stderr, reason } of REASONS) {
  Deno.test(`reasonIn() finds "${reason}"`, () => {
    equal(reasonIn(stderr), reason);
  });
}

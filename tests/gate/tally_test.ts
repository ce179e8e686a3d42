import { deepStrictEqual as deepEqual, strictEqual as equal } from "node:assert/strict";
import { groupSuites, splitInto } from "../../tools/gate/suites.ts";
import { add, exitCode, readTally, tallyLine } from "../../tools/gate/tally.ts";

const OUTPUTS = [
  { name: "success", code: 0, output: "a ... ok\n\nok | 3 passed (2 steps) | 0 failed (5ms)\n", tally: [3, 0, 0] },
  { name: "failure", code: 1, output: "FAILED | 3 passed | 2 failed (1 step) | 1 ignored (5ms)\n", tally: [3, 2, 1] },
  { name: "skipped tests", code: 0, output: "ok | 0 passed | 0 failed | 4 ignored (5ms)\n", tally: [0, 0, 4] },
  { name: "no test at all", code: 0, output: "ok | 0 passed | 0 failed (0ms)\n", tally: [0, 1, 0] },
  { name: "a process that died", code: 139, output: "a ... ok\n", tally: [0, 1, 0] },
  {
    name: "a process that died after its summary",
    code: 134,
    output: "ok | 3 passed | 0 failed (1ms)\n",
    tally: [3, 1, 0],
  },
  { name: "a process that said nothing", code: 0, output: "", tally: [0, 1, 0] },
  {
    name: "a test that printed a summary of its own",
    code: 1,
    output: "ok | 9 passed | 0 failed\nFAILED | 1 passed | 1 failed (5ms)\n",
    tally: [1, 1, 0],
  },
] as const;
for (const { name, code, output, tally: [passed, failed, skipped] } of OUTPUTS) {
  Deno.test(`readTally() on ${name}`, () => {
    deepEqual(readTally({ code, output }), { passed, failed, skipped });
  });
}

Deno.test("tallyLine() says what everybody reads, and skipped tests only where there are some", () => {
  equal(
    tallyLine(add([{ passed: 1, failed: 0, skipped: 0 }, { passed: 2, failed: 3, skipped: 0 }])),
    "3 passed, 3 failed",
  );
  equal(tallyLine({ passed: 1, failed: 0, skipped: 2 }), "1 passed, 0 failed, 2 skipped");
});

const CODES = [
  { tally: [1, 0, 0], allowSkip: false, code: 0 },
  { tally: [1, 1, 0], allowSkip: false, code: 1 },
  { tally: [0, 0, 0], allowSkip: false, code: 1 },
  { tally: [1, 0, 1], allowSkip: false, code: 1 },
  { tally: [1, 0, 1], allowSkip: true, code: 0 },
  { tally: [1, 1, 1], allowSkip: true, code: 1 },
] as const;
for (const { tally: [passed, failed, skipped], allowSkip, code } of CODES) {
  Deno.test(`exitCode() is ${code} after ${passed}, ${failed}, ${skipped}${allowSkip ? ", skipping allowed" : ""}`, () => {
    equal(exitCode({ passed, failed, skipped }, allowSkip), code);
  });
}

Deno.test("groupSuites() makes a suite of each folder, those on the binary last, and keeps to filters", () => {
  const files = [
    "tests/real/a_test.ts",
    "tests/build/a_test.ts",
    "tests/ssh/x/b_test.ts",
    "tests/ssh/a_test.ts",
    "tests/ffi/a_test.ts",
    "tests/layers_test.ts",
  ];
  deepEqual(groupSuites(files).map(({ name }) => name), ["project", "ffi", "ssh", "build", "real"]);
  deepEqual(groupSuites(files, ["ssh/x", "ffi"]), [
    { name: "ffi", files: ["tests/ffi/a_test.ts"] },
    { name: "ssh", files: ["tests/ssh/x/b_test.ts"] },
  ]);
});

Deno.test("splitInto() deals every file out once, into no empty lane", () => {
  deepEqual(splitInto(2, ["a", "b", "c"]), [["a", "c"], ["b"]]);
  deepEqual(splitInto(2, ["a"]), [["a"]]);
  deepEqual(splitInto(2, []), []);
});

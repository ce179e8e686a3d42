import { strictEqual as equal } from "node:assert/strict";
import fc from "fast-check";
import { durationText, parseDuration } from "../../mod/policy/duration.ts";

const ROWS: readonly (readonly [text: string, seconds: number | undefined])[] = [
  ["90s", 90],
  ["15m", 900],
  ["1h30m", 5400],
  ["2d", 172_800],
  ["1d1h1m1s", 90_061],
  ["0s", 0],
  ["007m", 420],
  ["", undefined],
  ["90", undefined],
  ["m", undefined],
  ["1m1h", undefined],
  ["1m1m", undefined],
  ["-1m", undefined],
  ["+1m", undefined],
  ["1.5h", undefined],
  ["1 h", undefined],
  [" 1h", undefined],
  ["1h\n", undefined],
  ["1H", undefined],
  ["1w", undefined],
  ["1e3s", undefined],
  ["٣m", undefined],
  ["999999999999999999d", undefined],
  [`${"1".repeat(10_000)}s`, undefined],
];

for (const [text, seconds] of ROWS) {
  Deno.test(`parseDuration(${JSON.stringify(text.slice(0, 40))}) is ${seconds}`, () => {
    equal(parseDuration(text), seconds);
  });
}

Deno.test("durationText() is what parseDuration() reads", () => {
  fc.assert(fc.property(fc.nat(), (seconds) => equal(parseDuration(durationText(seconds)), seconds)));
  equal(durationText(59.9), "59s");
  equal(durationText(-5), "0s");
});

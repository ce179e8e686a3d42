import { strictEqual as equal } from "node:assert/strict";
import { EXIT, exitCodeOf, failureText, UsageError } from "../../mod/cli/failure.ts";
import { table } from "../../mod/cli/table.ts";
import { ConfigError } from "../../mod/config/error.ts";
import { ControlError } from "../../mod/control/messages.ts";

Deno.test("table() aligns all columns but the last, and shows no control characters", () => {
  equal(table([["a", "bb", "c"], ["aaa", "b", "\u001b[31mred\u202e"]]), "a    bb  c\naaa  b   ?[31mred?");
  equal(table([]), "");
});

const CODES = [
  [new ControlError("locked", ""), EXIT.locked],
  [new ControlError("no-session", ""), EXIT.locked],
  [new ControlError("not-running", ""), EXIT.notRunning],
  [new ControlError("denied", ""), EXIT.denied],
  [new ControlError("timeout", ""), EXIT.failed],
  [new UsageError("", ""), EXIT.usage],
  [new ConfigError("invalid", []), EXIT.usage],
  [new Error("plain"), EXIT.failed],
  ["a string", EXIT.failed],
  [undefined, EXIT.failed],
] as const;

for (const [error, code] of CODES) {
  const name = error instanceof Error ? `${error.name} ${"code" in error ? error.code : ""}` : String(error);
  Deno.test(`${name} exits with ${code}`, () => equal(exitCodeOf(error), code));
}

Deno.test("failureText() prefixes every line and puts the hint last", () => {
  equal(
    failureText(new ControlError("locked", "One\ntwo\u001b", "bwssh unlock")),
    [
      "bwssh: One",
      "bwssh: two?",
      "bwssh: hint: bwssh unlock",
    ].join("\n"),
  );
  equal(failureText(new Error("plain")), "bwssh: plain");
});

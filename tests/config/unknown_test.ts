import { deepStrictEqual as deepEqual, strictEqual as equal } from "node:assert/strict";
import { nearest, quote } from "../../mod/config/text.ts";
import { load, problems } from "./harness.ts";

const UNKNOWN: readonly (readonly [text: string, problem: string])[] = [
  ["[auth]\naprover = 1", '2 auth.aprover: There is no setting "auth.aprover" | did you mean "auth.approver"?'],
  [
    "[daemon]\nlogLevel = 1",
    '2 daemon.logLevel: There is no setting "daemon.logLevel" | did you mean "daemon.log_level"?',
  ],
  [
    "[daemon]\nlog-level = 1",
    '2 daemon.log-level: There is no setting "daemon.log-level" | did you mean "daemon.log_level"?',
  ],
  ["[ssh]\napprover = 1", '2 ssh.approver: There is no setting "ssh.approver" | "approver" belongs in [auth]'],
  ["auth = { zzz = 1 }", '1 auth.zzz: There is no setting "auth.zzz"'],
  ['[auth]\n"a.b" = 1', '2 auth.a.b: There is no setting "auth.a.b"'],
  ["[auth.zzzzz]", '1 auth.zzzzz: There is no setting "auth.zzzzz"'],
  [
    "\nlog_level = 1",
    '2 log_level: There is no setting "log_level" outside the tables | "log_level" belongs in [daemon]',
  ],
  [
    '"daemon.log_level" = "debug"',
    '1 "daemon.log_level": There is no setting "\\"daemon.log_level\\"" outside the tables',
  ],
  ["# x\n[deamon]", '2 deamon: There is no table "deamon" | did you mean "daemon"?'],
  ["[zzz]\na = 1\nb = 2", '1 zzz: There is no table "zzz"'],
  ["[__proto__]\na = 1", '1 __proto__: There is no table "__proto__"'],
  ["[auth]\n__proto__ = 1", '2 auth.__proto__: There is no setting "auth.__proto__"'],
  ["[auth]\nconstructor = 1", '2 auth.constructor: There is no setting "auth.constructor"'],
  ["[deliver]\nkeys = []", '1 deliver: This version has no table "deliver" yet'],
  ["[ca.x]", '1 ca: This version has no table "ca" yet'],
  ["[infisical]", '1 infisical: This version has no table "infisical" yet'],
  ["auth = 3", '1 auth: "auth" must be a table, found the number 3 | write [auth] above its settings'],
  ["[[auth]]", '1 auth: "auth" must be a table, found a list | write [auth] above its settings'],
  ['[rules]\naction = "deny"', '1 rules: "rules" must be a list of tables | write [[rules]] above each rule'],
  ['[[rule]]\naction = "deny"', '1 rule: There is no setting "rule" outside the tables | did you mean "rules"?'],
];

for (const [text, problem] of UNKNOWN) {
  Deno.test(`an unknown name is refused with its line: ${text.replaceAll("\n", "⏎")}`, async () => {
    deepEqual(await problems(text), [`1.toml:${problem}`]);
  });
}

Deno.test("all problems of all files are reported at once, by file and line", async () => {
  const one = '[[rules]]\naction = "alow"\n[auth]\nx1 = 1\napprover = "x2"\n[zzz]';
  const two = "[daemon]\nlog_level = 5\n[agent]\nallow_add = true";
  deepEqual(
    (await problems([one, two])).map((problem) => problem.split(":", 2).join(":").slice(0, 18)),
    [
      "1.toml:2 rules[1]",
      "1.toml:4 auth.x1",
      "1.toml:5 auth.appr",
      "1.toml:6 zzz",
      "2.toml:2 daemon.lo",
      "2.toml:4 agent.all",
    ].map((text) => text.slice(0, 18)).map((text, index) => index === 0 ? "1.toml:2 rules[1]." : text),
  );
});

Deno.test("a file with very many problems does not fill the screen", async () => {
  const text = `[auth]\n${Array.from({ length: 5000 }, (_, index) => `key_${index} = 1`).join("\n")}`;
  equal((await problems(text)).length, 5000);
  const shown = await load(text).catch((error) => String(error.message));
  equal(String(shown).split("\n").length, 51);
  equal(String(shown).endsWith("and 4950 more problems"), true);
});

Deno.test("nearest() finds typing mistakes and nothing else", () => {
  const names = ["approver", "approval_mode", "mode", "query"];
  for (
    const [written, meant] of [
      ["aprover", "approver"],
      ["appovrer", "approver"], // one letter missing, two swapped
      ["approvalMode", "approval_mode"],
      ["qurey", "query"],
      ["MODE", "mode"],
      ["colour", undefined],
      ["", undefined],
      ["x".repeat(100_000), undefined],
    ]
  ) equal(nearest(written ?? "", names), meant, written);
});

Deno.test("quote() neither ends its quotes nor moves a terminal's cursor", () => {
  equal(quote('a"\\\x1b[2J\u202e\u2028\nb'), '"a\\"\\\\\\u{1b}[2J\\u{202e}\\u{2028}\\u{a}b"');
  equal(quote("😀".repeat(61)), `"${"😀".repeat(60)}…"`);
});

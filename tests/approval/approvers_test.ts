import { match, ok, strictEqual as equal } from "node:assert/strict";
import { parse } from "smol-toml";
import { AbsentApprover } from "../../mod/approval/absent.ts";
import type { Approver } from "../../mod/approval/approver.ts";
import { NoneApprover } from "../../mod/approval/none.ts";
import { askWith, FINGERPRINT, sshsig } from "../policy/asks.ts";

const APPROVERS: readonly (readonly [approver: Approver, reason: string])[] = [
  [new NoneApprover(), "nobody-to-ask"],
  [new AbsentApprover("polkit"), "approver-unavailable"],
  [new AbsentApprover("askpass"), "approver-unavailable"],
  [new AbsentApprover("control"), "approver-unavailable"],
];

for (const [approver, reason] of APPROVERS) {
  Deno.test(`the approver "${approver.name}" denies as ${reason}, with the rule one would have to write`, async () => {
    const answer = await approver.approve(askWith({ signed: sshsig("git") }), new AbortController().signal);
    ok(answer.kind === "deny");
    equal(answer.reason, reason);
    match(answer.detail, approver.name === "none" ? /nobody can be asked/ : new RegExp(`"${approver.name}"`));
    const rule = parse(answer.detail.slice(answer.detail.indexOf("[[rules]]")));
    equal(
      JSON.stringify(rule),
      JSON.stringify({
        rules: [{ action: "allow", keys: [FINGERPRINT], kinds: ["sshsig:git"], exe: ["/usr/bin/ssh"] }],
      }),
    );
  });
}

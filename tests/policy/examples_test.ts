import { strictEqual as equal } from "node:assert/strict";
import { floodLimitsOf, policyOf } from "../../mod/config/policy.ts";
import { decide } from "../../mod/policy/decide.ts";
import { load } from "../config/harness.ts";
import { askWith, bound, type Differences, login, NO_GRANTS, NOW, OTHER, OUR_UID, sshsig, UNBOUND } from "./asks.ts";

const named = (itemName: string): Differences["identity"] & object => ({ itemName, comment: itemName });
const DOCKER = { cgroup: "/system.slice/docker-0123abc.scope", foreignMounts: true };
const AGENT = { cgroup: "/user.slice/user-1000.slice/user@1000.service/app.slice/coding-agent.scope" };
const SSH_KEYGEN = { exe: "/usr/bin/ssh-keygen" };
const GIT = { signed: sshsig("git") };
const BUILD = bound("bastion.example.org", "build.example.org");

/** What somebody asks for, and what becomes of it: the verdict with rule or reason, and how far an answer would count. */
const ROWS: Readonly<Record<string, readonly (readonly [what: string, ask: Differences, outcome: string])[]>> = {
  "shared-workstation.toml": [
    ["a login to production", { identity: named("prod-db") }, "ask: rule 2 once 0"],
    ["the same, forwarded", { identity: named("prod-db"), route: BUILD }, "deny: denied-by-rule"],
    ["a commit", { ...GIT, identity: named("me-git"), peer: SSH_KEYGEN }, "ask: rule 3 app+session 900"],
    ["a commit by another program", { ...GIT, identity: named("me-git") }, "ask: no connection 86400"],
    ["the build host over the bastion", { identity: named("me-git"), route: BUILD }, "ask: rule 4 host 600"],
    [
      "another host over it",
      { identity: named("me-git"), route: bound("bastion.example.org", "x") },
      "deny: forwarded",
    ],
    [
      "the build host over two",
      { identity: named("me-git"), route: bound("bastion.example.org", "x", "build.example.org") },
      "deny: forwarded",
    ],
    ["any other login", { identity: named("me-git") }, "ask: no connection 86400"],
    ["root", { identity: named("me-git"), peer: { uid: 0 } }, "deny: denied-by-rule"],
  ],
  "devcontainer.toml": [
    ["a push from the container", { identity: named("devcontainer"), peer: DOCKER }, "allow: rule 1"],
    ["one as somebody else", {
      identity: named("devcontainer"),
      peer: DOCKER,
      signed: login(undefined, "root"),
    }, "deny: denied-by-rule"],
    ["one to elsewhere", { identity: named("devcontainer"), peer: DOCKER, route: bound("x") }, "deny: denied-by-rule"],
    ["one by an old ssh", { identity: named("devcontainer"), peer: DOCKER, route: UNBOUND }, "deny: unbound-login"],
    ["another key", { peer: DOCKER }, "deny: denied-by-rule"],
    ["a commit", { ...GIT, identity: named("devcontainer"), peer: DOCKER }, "ask: rule 2 connection 86400"],
    ["a file", { signed: sshsig("file"), identity: named("devcontainer"), peer: DOCKER }, "deny: denied-by-rule"],
    ["anything", { signed: OTHER, identity: named("devcontainer"), peer: DOCKER }, "deny: denied-by-rule"],
    ["forwarded from there", { identity: named("devcontainer"), peer: DOCKER, route: BUILD }, "deny: forwarded"],
    ["the laptop's own ssh", {}, "ask: rule 4 app+session 900"],
    ["the laptop's other programs", { peer: { exe: "/opt/x" } }, "ask: no app 300"],
  ],
  "coding-agent.toml": [
    ["its push", { identity: named("coding-agent"), peer: AGENT }, "allow: rule 1"],
    ["its push by another program", {
      identity: named("coding-agent"),
      peer: { ...AGENT, exe: "/tmp/ssh2" },
    }, "deny: denied-by-rule"],
    ["its push to elsewhere", {
      identity: named("coding-agent"),
      peer: AGENT,
      route: bound("evil.example.org"),
    }, "deny: denied-by-rule"],
    ["its push without a bind", {
      identity: named("coding-agent"),
      peer: { ...AGENT, exe: "/usr/bin/python3" },
      route: UNBOUND,
    }, "deny: denied-by-rule"],
    ["its push, forwarded", { identity: named("coding-agent"), peer: AGENT, route: BUILD }, "deny: denied-by-rule"],
    ["another key", { peer: AGENT }, "deny: denied-by-rule"],
    ["a commit", { ...GIT, identity: named("coding-agent"), peer: AGENT }, "deny: denied-by-rule"],
    ["anything", { signed: OTHER, identity: named("coding-agent"), peer: AGENT }, "deny: denied-by-rule"],
    ["its key, used by another program", { identity: named("coding-agent") }, "deny: denied-by-rule"],
    ["what the user does", {}, "ask: no app 300"],
  ],
};

for (const [file, rows] of Object.entries(ROWS)) {
  for (const [what, ask, outcome] of rows) {
    Deno.test(`examples/${file}: ${what}: ${outcome}`, async () => {
      const text = await Deno.readTextFile(new URL(`../../examples/${file}`, import.meta.url));
      const { config } = await load(text);
      const verdict = decide(askWith(ask), policyOf(config, OUR_UID), NO_GRANTS, NOW);
      const words = (by: string): string => by.replace(/ (?:\(|rule ).*$/, "");
      if (verdict.kind === "allow") equal(`allow: ${words(verdict.permission.by)}`, outcome);
      else if (verdict.kind === "deny") equal(`deny: ${verdict.reason}`, outcome);
      else equal(`ask: ${words(verdict.by)} ${verdict.remember.scope} ${verdict.remember.seconds}`, outcome);
    });
  }
}

Deno.test("policyOf() and floodLimitsOf() take their numbers from the configuration", async () => {
  const text = "[auth]\napprover = 'none'\napproval_mode = 'always'\napproval_ttl_seconds = 7\n" +
    "deny_forwarded_by_default = false\nqueue = 30\n[limits]\nrequests_per_exe = 9\nprompts_per_connection = 0\n" +
    "cooldown_after = 3\ncooldown_seconds = 5";
  const { config } = await load(text);
  const { rules, ...rest } = policyOf(config, 7);
  equal(rules, config.rules);
  const expected = { denyForwardedByDefault: false, canAsk: false, approvalMode: "always", approvalTtlSeconds: 7 };
  equal(JSON.stringify(rest), JSON.stringify({ ourUid: 7, ...expected }));
  equal(
    JSON.stringify(floodLimitsOf(config)),
    JSON.stringify({
      requests: { connection: 0, process_key: 0, exe: 9 },
      prompts: { connection: 0, process_key: 30, exe: 60 }, // never fewer than the queue holds
      ...{ queue: 30, cooldownAfter: 3, cooldownSeconds: 5 },
    }),
  );
});

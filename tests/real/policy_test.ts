/**
 * The built program and its written rules: nothing is signed that no rule allows, the log says
 * which rule would, and a configuration that changes what may sign costs the keys.
 *
 * Not for: every combination of rule and ask (`tests/policy/`).
 *
 * @module
 */

import { deepStrictEqual as deepEqual, match, strictEqual as equal } from "node:assert/strict";
import type { LoadReport, ReloadReport, StatusReport } from "../../mod/control/messages.ts";
import { ensureTestTools } from "../../tools/setup.ts";
import { AgentClient, blobOf, loginData, SIGN_FLAGS } from "../support/agent_client.ts";
import { type Daemon, startDaemon } from "../support/bwssh.ts";
import { LogFromNow } from "../support/daemon_log.ts";
import { run } from "../support/process.ts";
import { ANY_SESSION, ScriptedBw } from "../support/scripted_bw.ts";
import { SshSig } from "../support/sshsig.ts";
import { makeTempDir } from "../support/temp.ts";
import { makeTestKeys } from "../support/test_keys.ts";

const tools = await ensureTestTools();

const NONE = '[auth]\napprover = "none"\n';

/** One of `[[rules]]`. */
function rule(action: "allow" | "ask" | "deny", ...lines: readonly string[]): string {
  return ["[[rules]]", `action = "${action}"`, ...lines, ""].join("\n");
}

/** The rule that a refusal's log lines tell to write, as a user would copy it. */
function ruleInLog(log: string): string {
  const indented = log.split("\n").flatMap((line) => /^bwssh: warning: {3}(.*)$/.exec(line)?.[1] ?? []);
  return `${indented.join("\n")}\n`;
}

/** Writes a configuration and has it read. */
async function reload({ home }: Daemon, text: string): Promise<ReloadReport> {
  home.writeConfig(text);
  return JSON.parse((await home.bwsshOk(["reload", "--json"])).text) as ReloadReport;
}

async function unlock({ home }: Daemon): Promise<LoadReport> {
  const { text } = await home.bwsshOk(["unlock", "--session-stdin", "--json"], { stdin: ANY_SESSION });
  return JSON.parse(text) as LoadReport;
}

async function keysHeld({ home }: Daemon): Promise<number> {
  return (await home.bwsshJson(["status"]) as StatusReport).keys;
}

Deno.test({
  name: "written rules over the keys of a vault",
  ignore: tools.programs["ssh-keygen"] === undefined,
  async fn(t): Promise<void> {
    const keys = await makeTestKeys({
      ed25519: { type: "ed25519", comment: "ed25519" },
      ecdsa: { type: "ecdsa", bits: 256, comment: "ecdsa-256" },
    });
    const [one, other] = [keys.ed25519.publicKey, keys.ecdsa.publicKey];
    using bw = new ScriptedBw({ "SSH ed25519": keys.ed25519, "SSH ecdsa": keys.ecdsa });
    const { table } = bw;
    await using dir = makeTempDir("policy");
    await using daemon = await startDaemon({ config: table });
    await unlock(daemon);
    using sshsig = new SshSig(daemon.agentSocket);
    const signs = async (key: string, namespace = "file"): Promise<boolean> =>
      await sshsig.signAndVerify(key, namespace) !== undefined;
    /** Whether the agent signs what ssh would to log in. */
    const logsIn = async (key: string): Promise<boolean> => {
      using raw = await AgentClient.connect(daemon.agentSocket);
      const [algorithm = ""] = key.split(" ");
      return await raw.sign(blobOf(key), loginData("git", blobOf(key), algorithm), SIGN_FLAGS.none) !== undefined;
    };
    /** Signs a certificate for somebody's key in the name of one of ours. */
    const certifies = async (key: string): Promise<boolean> => {
      const [ca, user] = [dir.write("ca.pub", `${key}\n`), dir.write("user.pub", `${other}\n`)];
      const words = ["ssh-keygen", "-q", "-Us", ca, "-I", "somebody", "-n", "root", user];
      return (await run(words, { env: daemon.home.clientEnv })).code === 0;
    };

    await t.step(
      "without a rule and with the default approver nothing is signed, and the log has the rule",
      async () => {
        const log = new LogFromNow(daemon);
        equal(await signs(one), false);
        await log.waitFor(
          /refused sshsig:file with "ed25519" .*: authority-(as-root|unreachable|not-set-up|failed): /,
        );
        await log.waitFor(/kinds = /);
        const suggested = ruleInLog(log.text);
        match(
          suggested,
          /^\[\[rules\]\]\naction = "allow"\nkeys = \["SHA256:[^"]+"\] # SSH ed25519\nkinds = \["sshsig:file"\]\nexe = \["[^"]*ssh-keygen"\]\n(uid = \[0\]\n)?$/,
        );
        deepEqual(await reload(daemon, table + suggested), { changed: ["rules[1]"], dropped: true, warnings: [] });
        deepEqual([await keysHeld(daemon), await signs(one)], [0, false]);
        const report = await unlock(daemon);
        deepEqual([report.keys, report.changed], [2, ["rules[1]"]]);
        equal(await signs(one), true);
      },
    );

    await t.step("a rule is good for its key and its kinds, and for nothing else", async () => {
      deepEqual([await signs(one, "git"), await signs(other), await logsIn(one), await certifies(one)], [
        false,
        false,
        false,
        false,
      ]);
    });

    await t.step("a reload that changes nothing costs nothing", async () => {
      const { home } = daemon;
      deepEqual(JSON.parse((await home.bwsshOk(["reload", "--json"])).text), {
        changed: [],
        dropped: false,
        warnings: [],
      });
      equal(await signs(one), true);
    });

    await t.step(
      "a broken configuration is told with its place, and the old one stays, by command and by signal",
      async () => {
        const good = table + rule("allow");
        daemon.home.writeConfig(`${good}[auth]\naprover = "none"\n`);
        const lines = good.split("\n").length + 1;
        const { code, stderr } = await daemon.bwssh(["reload"]);
        equal(code, 2);
        match(stderr, new RegExp(`^bwssh: \\S+/config\\.toml:${lines}: .*"?auth\\.aprover"?.*approver`, "m"));
        const log = new LogFromNow(daemon);
        daemon.process.kill("SIGHUP");
        await log.waitFor(/error: kept the old configuration: .*approver/);
        deepEqual([await signs(one), await signs(other)], [true, false]);
      },
    );

    await t.step("whoever changes the approver or the program bw gets no key with it", async () => {
      const changes = [
        [NONE + rule("allow"), ["auth.approver", "rules[1]"]],
        [NONE + rule("allow") + `[bitwarden]\nbw_path = "/usr/bin/false"\n`, ["bitwarden.bw_path", "bitwarden"]],
      ] as const;
      const signal = new LogFromNow(daemon);
      daemon.home.writeConfig(table + changes[0][0]);
      daemon.process.kill("SIGHUP");
      await signal.waitFor(/configuration read again, 2 changes of what may sign/);
      deepEqual([await keysHeld(daemon), await signs(one)], [0, false]);
      deepEqual((await unlock(daemon)).changed, changes[0][1]);
      equal(await signs(one), true);
      const report = await reload(daemon, changes[1][0]);
      deepEqual([report.changed.includes("bitwarden.bw_path"), report.dropped], [true, true]);
      deepEqual([await keysHeld(daemon), await signs(one)], [0, false]);
      daemon.home.writeConfig(table + changes[0][0]);
      await daemon.home.bwsshOk(["reload"]);
      const { stderr } = await daemon.home.bwsshOk(["unlock", "--session-stdin"], { stdin: ANY_SESSION });
      match(stderr, /changed since keys were last loaded: bitwarden\.bw_path/);
      equal(await signs(one), true);
    });

    await t.step("the first rule that matches decides, kind by kind", async () => {
      const rules = [
        rule("deny", 'keys = ["ed25519"]', 'kinds = ["auth"]'),
        rule("ask", 'keys = ["ecdsa-*"]', 'kinds = ["sshsig:git"]'),
        rule("allow", 'keys = ["e*"]', 'kinds = ["auth", "sshsig"]'),
        rule("deny"),
      ];
      await reload(daemon, table + NONE + rules.join(""));
      await unlock(daemon);
      const log = new LogFromNow(daemon);
      deepEqual([await logsIn(one), await signs(one), await signs(one, "git")], [false, true, true]);
      deepEqual([await logsIn(other), await signs(other), await signs(other, "git")], [true, true, false]);
      await log.waitFor(
        /refused auth "git" with "ed25519" .*: denied-by-rule: rule 1 \(\S+config\.toml:\d+\) denies it/,
      );
      await log.waitFor(/refused sshsig:git with "ecdsa-256" .*: nobody-to-ask: /);
      await reload(daemon, table + NONE + rules.toReversed().join(""));
      await unlock(daemon);
      deepEqual([await logsIn(other), await signs(one)], [false, false]);
    });

    await t.step("a certificate is issued only where a rule says so in as many words", async () => {
      await reload(daemon, table + NONE + rule("allow"));
      await unlock(daemon);
      const log = new LogFromNow(daemon);
      deepEqual([await certifies(one), await signs(one)], [false, true]);
      await log.waitFor(/refused certificate with "ed25519" .* for ssh-keygen \(pid \d+\): kind-not-allowed: /);
      await reload(daemon, table + NONE + rule("allow", 'kinds = ["certificate"]'));
      await unlock(daemon);
      deepEqual([await certifies(one), await signs(one)], [true, false]);
    });
  },
});

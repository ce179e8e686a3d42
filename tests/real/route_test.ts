/**
 * The built program and the way a request came: OpenSSH's own binds decide what rules with hosts, users and via let
 * through, binds that lie end a connection, and the audit log tells all of it.
 *
 * Not for: every shape of a bind or a rule (`tests/policy/`).
 *
 * @module
 */

import {
  deepStrictEqual as deepEqual,
  match,
  notStrictEqual as notEqual,
  strictEqual as equal,
} from "node:assert/strict";
import type { AuditEntry } from "../../mod/audit/entry.ts";
import { ensureTestTools } from "../../tools/setup.ts";
import { AgentClient, blobOf, loginData, SIGN_FLAGS } from "../support/agent_client.ts";
import { type Daemon, startDaemon } from "../support/bwssh.ts";
import { type HostKey, makeHostKey } from "../support/host_keys.ts";
import { ANSWER, ascii, string } from "../support/raw_client.ts";
import { ANY_SESSION, ScriptedBw } from "../support/scripted_bw.ts";
import { loginName, Sshd } from "../support/sshd.ts";
import { makeTempDir } from "../support/temp.ts";
import { makeTestKey } from "../support/test_keys.ts";
import { base64 } from "../support/vault_crypto.ts";

const tools = await ensureTestTools();

const SSH_AGENT_SUCCESS = 6;
const SSH_AGENTC_EXTENSION = 27;
const NAMED = "named.bwssh.test";

/** A rule that allows. */
function rule(...lines: readonly string[]): string {
  return ["[[rules]]", 'action = "allow"', ...lines, ""].join("\n");
}

/** The session of {@linkcode loginData}, and another. */
const SESSION = new Uint8Array(32).fill(7);
const OTHER_SESSION = new Uint8Array(32).fill(8);

/** The contents of a session-bind@openssh.com for a login. */
function bindOf(host: HostKey, session: Uint8Array, signature: Uint8Array): readonly Uint8Array[] {
  const claim = [host.blob, session, signature].map((part) => string(part));
  return [string(ascii("session-bind@openssh.com")), ...claim, Uint8Array.of(0)];
}

/** Has the configuration read and the keys that this costs loaded again. */
async function use(daemon: Daemon, config: string): Promise<void> {
  daemon.home.writeConfig(config);
  await daemon.home.bwsshOk(["reload"]);
  await daemon.unlock(ANY_SESSION);
}

/** All decisions, oldest first. */
async function decisions({ home }: Daemon): Promise<readonly AuditEntry[]> {
  const { text } = await home.bwsshOk(["log", "--json", "-n", "1000"]);
  return text.split("\n").filter((line) => line !== "").map((line) => JSON.parse(line) as AuditEntry);
}

Deno.test({
  name: "the way a request came",
  ignore: tools.programs.sshd === undefined,
  async fn(t): Promise<void> {
    const key = await makeTestKey({ type: "ed25519", comment: "ed25519" });
    const blob = blobOf(key.publicKey);
    const authorizedKeys = [key.publicKey];
    await using server = await Sshd.start({ authorizedKeys });
    await using bastion = await Sshd.start({ authorizedKeys, hostName: "bastion.bwssh.test" });
    await using dir = makeTempDir("route");
    const host = makeHostKey("ssh-ed25519");
    const knownHosts = [
      server.knownHostsFile,
      bastion.knownHostsFile,
      dir.write("known_hosts", `${NAMED} ssh-ed25519 ${base64(host.blob)}\n`),
    ];
    using bw = new ScriptedBw({ "SSH ed25519": key });
    const base = `${bw.table}[auth]\napprover = "none"\nknown_hosts = ${JSON.stringify(knownHosts)}\n`;
    const user = loginName();
    const users = `users = ["${user}"]`;
    const toServer = rule(`hosts = ["${server.hostName}"]`, users);
    await using daemon = await startDaemon({ config: base + toServer });
    await daemon.unlock(ANY_SESSION);
    const agent = daemon.agentSocket;
    let seen = 0;
    /** What was decided since the last call: the facts of it that a route makes. */
    const decided = async (): Promise<readonly Partial<AuditEntry>[]> => {
      const entries = (await decisions(daemon)).slice(seen);
      seen += entries.length;
      return entries.map(({ verdict, by, kind, user, route, forwarded, key }) => {
        const place = by.replace(/ \(\S+config\.toml:\d+\)$/, "");
        return { verdict, by: place, kind, forwarded, key, ...(user && { user }), ...(route && { route }) };
      });
    };
    const login = { kind: "auth", user, key: key.fingerprint } as const;
    const logsIn = async (): Promise<boolean> => (await server.ssh(["echo in"], { agent })).text === "in\n";

    await t.step("a rule with hosts and users lets ssh log in there, as them, and nowhere else", async () => {
      const here = { ...login, route: [server.hostName], forwarded: false } as const;
      equal(await logsIn(), true);
      deepEqual(await decided(), [{ ...here, verdict: "allow", by: "rule 1" }]);
      const others = [
        rule(`hosts = ["${bastion.hostName}"]`, users),
        rule(`hosts = ["${server.hostName}"]`, `users = ["not-${user}"]`),
      ];
      for (const other of others) {
        await use(daemon, base + other);
        equal(await logsIn(), false, other);
        deepEqual(await decided(), [{ ...here, verdict: "deny", by: "nobody-to-ask" }], other);
      }
    });

    await t.step("a forwarded agent logs in onwards only where a rule names the host that forwards", async () => {
      const onwards = `ssh -F ${server.clientConfig({ agent: "SSH_AUTH_SOCK" })} ${server.hostName} echo in`;
      const there = { ...login, verdict: "allow", by: "rule 1", route: [bastion.hostName], forwarded: false } as const;
      const beyond = { ...login, route: [bastion.hostName, server.hostName], forwarded: true } as const;
      const hop = async (): Promise<string> =>
        (await bastion.ssh([onwards], { agent, config: ["ForwardAgent yes"] })).text;
      const local = rule(`hosts = ["${bastion.hostName}"]`, users);
      for (const via of [undefined, server.hostName]) {
        await use(daemon, base + local + toServer + (via === undefined ? "" : rule(`via = ["${via}"]`)));
        equal(await hop(), "", via);
        deepEqual(await decided(), [there, { ...beyond, verdict: "deny", by: "forwarded" }], via);
      }
      await use(daemon, base + local + rule(`via = ["${bastion.hostName}"]`, `hosts = ["${server.hostName}"]`));
      equal(await hop(), "in\n");
      deepEqual(await decided(), [there, { ...beyond, verdict: "allow", by: "rule 2" }]);
    });

    await t.step("the same host can forward and be the destination", async () => {
      await use(daemon, base + toServer + rule(`via = ["${server.hostName}"]`));
      const onwards = `ssh -F ${server.clientConfig({ agent: "SSH_AUTH_SOCK" })} ${server.hostName} echo in`;
      equal((await server.ssh([onwards], { agent, config: ["ForwardAgent yes"] })).text, "in\n");
      deepEqual((await decided()).map(({ by, route, forwarded }) => [by, route, forwarded]), [
        ["rule 1", [server.hostName], false],
        ["rule 2", [server.hostName, server.hostName], true],
      ]);
    });

    await t.step("a login is signed for the session that its host proved, and for no other", async () => {
      await use(daemon, base + rule(`hosts = ["${NAMED}"]`, users));
      const data = loginData(user, blob, "ssh-ed25519");
      const stranger = makeHostKey("ssh-ed25519");
      const good = bindOf(host, SESSION, host.sign(SESSION));
      const swapped = bindOf(host, OTHER_SESSION, host.sign(OTHER_SESSION));
      const forged = bindOf(host, SESSION, stranger.sign(SESSION));
      const unsigned = bindOf(host, SESSION, host.sign(OTHER_SESSION));
      const [bound, refused] = [SSH_AGENT_SUCCESS, ANSWER.extensionFailure];
      const named = { route: [NAMED], forwarded: false } as const;
      const cases = [
        { binds: [good], answers: [bound], by: "rule 1", more: named },
        { binds: [], answers: [], by: "nobody-to-ask", more: { forwarded: "unknown" } },
        { binds: [swapped], answers: [bound], by: "bind-mismatch", more: named },
        { binds: [forged], answers: [refused], by: "route-poisoned", more: { forwarded: true } },
        { binds: [unsigned], answers: [refused], by: "route-poisoned", more: { forwarded: true } },
        { binds: [forged, good], answers: [refused, refused], by: "route-poisoned", more: { forwarded: true } },
        { binds: [good, swapped], answers: [bound, refused], by: "route-poisoned", more: { forwarded: true } },
      ] as const;
      for (const [at, { binds, answers, by, more }] of cases.entries()) {
        const verdict = by === "rule 1" ? "allow" : "deny";
        using raw = await AgentClient.connect(agent);
        const types: (number | undefined)[] = [];
        for (const bind of binds) types.push((await raw.request(SSH_AGENTC_EXTENSION, ...bind))[0]);
        deepEqual(types, answers, `answers of case ${at}`);
        const signature = await raw.sign(blob, data, SIGN_FLAGS.none);
        equal(signature !== undefined, verdict === "allow", `case ${at}`);
        deepEqual(await decided(), [{ ...login, verdict, by, ...more }], `case ${at}`);
      }
    });

    await t.step("why tells the last refusal, and log verify whether a byte of the log was changed", async () => {
      const why = (await daemon.home.bwsshOk(["why"])).text;
      match(why, /^refused +\d{4}-\d\d-\d\dT/);
      match(why, /^reason +route-poisoned$/m);
      match(why, /^forwarded +true$/m);
      match(why, /a bind follows one that was made for a login/);
      const last = (await decisions(daemon)).findLast(({ verdict }) => verdict === "deny");
      deepEqual(await daemon.home.bwsshJson(["why"]), last);
      const verified = await daemon.bwssh(["log", "verify"]);
      deepEqual([
        verified.code,
        /^\d+ entries, unbroken; head [0-9a-f]{64}\nthe end is what the running daemon wrote\n$/.test(verified.text),
      ], [0, true]);
      equal(Number.parseInt(verified.text), seen);
      const path = `${daemon.home.env["XDG_STATE_HOME"]}/bwssh/audit.jsonl`;
      const text = Deno.readTextFileSync(path);
      const changed = text.replace(/(?<="user":")./, (letter) => letter === "x" ? "y" : "x");
      notEqual(changed, text);
      Deno.writeTextFileSync(path, changed);
      const { code, text: said } = await daemon.bwssh(["log", "verify"]);
      deepEqual([code, said.startsWith("broken at entry 2: it does not follow from the line before")], [1, true], said);
    });
  },
});

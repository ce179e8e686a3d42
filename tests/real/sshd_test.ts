/**
 * The loopback sshd and the programs that log in to it: what the tests of the agent rely on.
 *
 * @module
 */

import {
  deepStrictEqual as deepEqual,
  match,
  notStrictEqual as notEqual,
  strictEqual as equal,
} from "node:assert/strict";
import { ensureTestTools } from "../../tools/setup.ts";
import { until } from "../support/deadline.ts";
import { Git } from "../support/git.ts";
import { runOk } from "../support/process.ts";
import { HOST_KEY_TYPES } from "../support/sshd_setup.ts";
import { Sshd } from "../support/sshd.ts";
import { makeTempDir } from "../support/temp.ts";
import { makeTestKeys } from "../support/test_keys.ts";

const tools = await ensureTestTools();
const ignore = tools.programs.sshd === undefined || tools.programs.git === undefined;

Deno.test({
  name: "a loopback sshd",
  ignore,
  async fn(t): Promise<void> {
    const { friend, stranger } = await makeTestKeys({ friend: { type: "ed25519" }, stranger: { type: "ed25519" } });
    await using dir = makeTempDir("client");
    await using server = await Sshd.start({ authorizedKeys: [friend.publicKey] });
    const asFriend = { identityFiles: [dir.write("friend", friend.revealPrivateText())] };
    const asStranger = { identityFiles: [dir.write("stranger", stranger.revealPrivateText())] };

    await t.step("lets a known key in, to a home of its own", async () => {
      const { code, text, stderr } = await server.ssh(["pwd -P >&2; echo $HOME; exit 7"], asFriend);
      deepEqual([code, text.trim()], [7, server.home], stderr);
      await server.waitForLog(new RegExp(`Accepted publickey .*${friend.fingerprint.replaceAll("+", "\\+")}`));
    });

    await t.step("keeps an unknown key and nobody's key out", async () => {
      for (const client of [asStranger, {}]) {
        const { code, stderr } = await server.ssh(["true"], client);
        equal(code, 255);
        match(stderr, /Permission denied \(publickey\)/);
      }
    });

    await t.step("shows each of its host keys, and another one is refused", async () => {
      for (const [at, type] of HOST_KEY_TYPES.entries()) {
        const algorithms = server.hostKeys[at]?.split(" ")[0] ?? "";
        const config = [`HostKeyAlgorithms ${type === "rsa" ? "rsa-sha2-512" : algorithms}`];
        equal((await server.ssh(["true"], { ...asFriend, config })).code, 0, type);
      }
      const wrong = dir.write("wrong_hosts", `${server.hostName} ${stranger.publicKey}\n`);
      const { code, stderr } = await server.ssh(["true"], { ...asFriend, config: [`UserKnownHostsFile ${wrong}`] });
      equal(code, 255);
      match(stderr, /Host key verification failed/);
    });

    await t.step("changes who may come in while it runs", async () => {
      server.authorize(stranger.publicKey);
      equal((await server.ssh(["true"], asStranger)).code, 0);
      server.authorizeNobody();
      notEqual((await server.ssh(["true"], asFriend)).code, 0);
      server.authorize(friend.publicKey);
    });

    await t.step("serves sftp and scp", async () => {
      const config = server.clientConfig(asFriend);
      const file = dir.write("sent", "some content\n");
      const options = { env: server.clientEnv, stdin: `put ${file} ${server.homePath("by-sftp")}\n` };
      await runOk(["sftp", "-q", "-F", config, "-b", "-", server.hostName], options);
      const target = `${server.hostName}:${server.homePath("by-scp")}`;
      await runOk(["scp", "-q", "-F", config, file, target], { env: server.clientEnv });
      for (const name of ["by-sftp", "by-scp"]) equal(Deno.readTextFileSync(server.homePath(name)), "some content\n");
    });

    await t.step("serves git", async () => {
      const git = new Git(server, asFriend);
      const url = await git.serve(server, "project.git");
      await git.run(["clone", "--quiet", url, dir.join("one")]);
      await git.commit(dir.join("one"), "file", "first\n");
      await git.run(["push", "--quiet", "origin", "HEAD:main"], dir.join("one"));
      await git.run(["clone", "--quiet", url, dir.join("two")]);
      equal(Deno.readTextFileSync(dir.join("two", "file")), "first\n");
    });
  },
});

Deno.test({
  name: "a loopback sshd forwards an agent only where it may",
  ignore,
  async fn(): Promise<void> {
    const { key } = await makeTestKeys({ key: { type: "ed25519" } });
    await using dir = makeTempDir("client");
    const identityFiles = [dir.write("key", key.revealPrivateText())];
    const client = { identityFiles, config: ["ForwardAgent yes"], agent: dir.join("agent.sock") };
    // ssh only asks for forwarding where somebody listens.
    await using _agent = listenAndHangUp(client.agent);
    for (const allowAgentForwarding of [true, false]) {
      await using server = await Sshd.start({ authorizedKeys: [key.publicKey], allowAgentForwarding });
      const { text, stderr } = await server.ssh(["echo ${SSH_AUTH_SOCK:-none}"], client);
      equal(text.trim() !== "none", allowAgentForwarding, stderr);
    }
  },
});

Deno.test({
  name: "a loopback sshd ends with its connections and leaves nothing",
  ignore,
  async fn(): Promise<void> {
    const { key } = await makeTestKeys({ key: { type: "ed25519" } });
    await using dir = makeTempDir("client");
    const client = { identityFiles: [dir.write("key", key.revealPrivateText())] };
    const server = await Sshd.start({ authorizedKeys: [key.publicKey] });
    const session = server.ssh(["echo $$ > $HOME/pid; exec sleep 300"], client);
    const pidFile = server.homePath("pid");
    const pid = await until(() => read(pidFile)?.trim() || undefined, 10_000, "the session's pid");
    match(read(`/proc/${pid}/cmdline`) ?? "", /sleep/);
    await server[Symbol.asyncDispose]();
    equal((await session).code, 255);
    equal(read(pidFile), undefined);
    // Empty for a process that has ended and that nobody has waited for.
    equal(read(`/proc/${pid}/cmdline`) ?? "", "");
  },
});

function listenAndHangUp(path: string): AsyncDisposable {
  const listener = Deno.listen({ transport: "unix", path });
  const listening = (async () => {
    for await (const connection of listener) connection.close();
  })();
  return {
    [Symbol.asyncDispose](): Promise<void> {
      listener.close();
      return listening;
    },
  };
}

function read(path: string): string | undefined {
  try {
    return Deno.readTextFileSync(path);
  } catch {
    return undefined; // not there, or a process that ends just now
  }
}

/**
 * The built program under OpenSSH's own clients, git and rsync, with keys of every type from a real vault: what works,
 * and what an agent of this kind refuses.
 *
 * Not for: who may sign what (`policy_test.ts`).
 *
 * @module
 */

import { deepStrictEqual as deepEqual, match, ok, strictEqual as equal } from "node:assert/strict";
import { createPublicKey, verify } from "node:crypto";
import { bwProgram, ensureTestTools } from "../../tools/setup.ts";
import { AgentClient, allStrings, blobOf, SIGN_FLAGS } from "../support/agent_client.ts";
import { bitwardenTable, startDaemon } from "../support/bwssh.ts";
import { LogFromNow } from "../support/daemon_log.ts";
import { Git } from "../support/git.ts";
import { LoggedIn } from "../support/logged_in.ts";
import { run, runOk, type RunResult } from "../support/process.ts";
import { type SshClientOptions, Sshd } from "../support/sshd.ts";
import { SshSig } from "../support/sshsig.ts";
import { makeTempDir } from "../support/temp.ts";
import { makeTestKey } from "../support/test_keys.ts";
import { base64 } from "../support/vault_crypto.ts";
import type { IdentityExpectation } from "../support/vault_fixture.ts";

const tools = await ensureTestTools();
const { sshd, git, rsync } = tools.programs;

/** One key of every type, and the signature algorithms it has in SSH (RFC 8709, 5656, 8332). */
const ALGORITHMS = {
  "ed25519": ["ssh-ed25519"],
  "ecdsa-256": ["ecdsa-sha2-nistp256"],
  "ecdsa-384": ["ecdsa-sha2-nistp384"],
  "ecdsa-521": ["ecdsa-sha2-nistp521"],
  "rsa-2048": ["rsa-sha2-256", "rsa-sha2-512"],
} as const;
type Slug = keyof typeof ALGORITHMS;
const SLUGS = Object.keys(ALGORITHMS) as readonly Slug[];

const NONE = '[auth]\napprover = "none"\n';
const LOGINS_AND_SIGNATURES = `${NONE}[[rules]]\naction = "allow"\n`;
const ANYTHING_ELSE = `${NONE}[ssh]\nallow_rsa_sha1 = true\n[[rules]]\naction = "allow"\nkinds = ["other"]\n`;
const FILE = "some content\n";

/** Whether a signature blob is RSA with SHA-1 over some data, judged without any of our code (RFC 4253 §6.6). */
function isRsaSha1(signature: Uint8Array, publicKey: string, data: Uint8Array): boolean {
  const [name, bytes = new Uint8Array(0)] = allStrings(signature);
  const [, e = new Uint8Array(0), n = new Uint8Array(0)] = allStrings(blobOf(publicKey));
  const number = (value: Uint8Array): string =>
    base64(value).replaceAll("+", "-").replaceAll("/", "_").replaceAll("=", "");
  const unsigned = n[0] === 0 ? n.subarray(1) : n;
  const key = createPublicKey({ key: { kty: "RSA", e: number(e), n: number(unsigned) }, format: "jwk" });
  return new TextDecoder().decode(name) === "ssh-rsa" && verify("RSA-SHA1", data, key, bytes);
}

Deno.test({
  name: "OpenSSH's programs with keys of a real vault",
  ignore: tools.bw === undefined || sshd === undefined || git === undefined || rsync === undefined,
  async fn(t): Promise<void> {
    await using vault = await LoggedIn.start(bwProgram(tools), { only: SLUGS });
    const keys = Object.fromEntries(vault.fixture.identities().map(({ slug, expect }) => [slug, expect])) as Readonly<
      Record<Slug, IdentityExpectation>
    >;
    const table = bitwardenTable(vault.account);
    await using daemon = await startDaemon({ bw: vault.account, config: table + LOGINS_AND_SIGNATURES });
    await daemon.unlock(vault.session);
    const agent = daemon.agentSocket;
    const agentEnv = daemon.home.clientEnv;
    await using dir = makeTempDir("client");
    const authorizedKeys = SLUGS.map((slug) => keys[slug].publicKey);
    await using server = await Sshd.start({ authorizedKeys });
    await using bastion = await Sshd.start({ authorizedKeys, hostName: "bastion.bwssh.test" });
    const client: SshClientOptions = { agent };
    const publicFile = (slug: Slug): string => dir.write(`${slug}.pub`, `${keys[slug].publicKey}\n`);
    const sshAdd = (...words: readonly string[]): Promise<RunResult> => run(["ssh-add", ...words], { env: agentEnv });

    await t.step("ssh logs in by every type of key and every algorithm of it", async () => {
      for (const slug of SLUGS) {
        for (const algorithm of ALGORITHMS[slug]) {
          const only = ["IdentitiesOnly yes", `PubkeyAcceptedAlgorithms ${algorithm}`, "LogLevel DEBUG3"];
          const log = new LogFromNow(daemon);
          const { code, text, stderr } = await server.ssh(["echo in"], {
            ...client,
            identityFiles: [publicFile(slug)],
            config: only,
          });
          deepEqual([code, text], [0, "in\n"], slug);
          match(stderr, new RegExp(`signing using ${algorithm} `));
          const named = keys[slug].fingerprint.replaceAll("+", "\\+");
          await log.waitFor(new RegExp(`signed auth ".+" with "${slug}" ${named} for ssh \\(pid \\d+\\): rule 1`));
        }
      }
    });

    await t.step("scp, sftp and rsync copy files", async () => {
      const config = server.clientConfig(client);
      const file = dir.write("sent", FILE);
      const options = { env: server.clientEnv };
      const at = (name: string): string => `${server.hostName}:${server.homePath(name)}`;
      await runOk(["scp", "-q", "-F", config, file, at("by-scp")], options);
      const batch = `put ${file} ${server.homePath("by-sftp")}\n`;
      await runOk(["sftp", "-q", "-F", config, "-b", "-", server.hostName], { ...options, stdin: batch });
      await runOk(["rsync", "-e", `ssh -F ${config}`, file, at("by-rsync")], options);
      for (const name of ["scp", "sftp", "rsync"]) {
        equal(Deno.readTextFileSync(server.homePath(`by-${name}`)), FILE, name);
      }
    });

    await t.step("git clones, pushes and pulls, and signs commits that verify", async () => {
      const user = new Git(server, client);
      const url = await user.serve(server, "project.git");
      await user.run(["clone", "--quiet", url, dir.join("one")]);
      const signing = ["-c", "gpg.format=ssh", "-c", `user.signingkey=${publicFile("ed25519")}`];
      Deno.writeTextFileSync(dir.join("one", "file"), FILE);
      await user.run(["add", "file"], dir.join("one"));
      await user.run([...signing, "commit", "--quiet", "-S", "-m", "Signed"], dir.join("one"));
      await user.run(["push", "--quiet", "origin", "HEAD:main"], dir.join("one"));
      await user.run(["clone", "--quiet", url, dir.join("two")]);
      await user.commit(dir.join("one"), "file", "changed\n");
      await user.run(["push", "--quiet", "origin", "HEAD:main"], dir.join("one"));
      const allowed = dir.write("allowed", `author@bwssh.test namespaces="git" ${keys.ed25519.publicKey}\n`);
      const checked = await user.run(
        ["-c", `gpg.ssh.allowedSignersFile=${allowed}`, "verify-commit", "HEAD"],
        dir.join("two"),
      );
      match(checked.stderr, /Good "git" signature for author@bwssh\.test with ED25519 key SHA256:/);
      await user.run(["pull", "--quiet"], dir.join("two"));
      equal(Deno.readTextFileSync(dir.join("two", "file")), "changed\n");
    });

    await t.step("ssh-keygen signs with every type of key, and the signature verifies", async () => {
      using sshsig = new SshSig(agent);
      for (const slug of SLUGS) {
        match(await sshsig.signAndVerify(keys[slug].publicKey) ?? "refused", /^Good "file" signature with /, slug);
      }
    });

    await t.step("ProxyJump logs in twice", async () => {
      const blocks = [
        server.clientConfig({ ...client, config: [`ProxyJump ${bastion.hostName}`] }),
        bastion.clientConfig(client),
      ];
      const config = dir.write("jump", blocks.map((file) => Deno.readTextFileSync(file)).join("\n"));
      const log = new LogFromNow(daemon);
      const { text } = await runOk(["ssh", "-F", config, server.hostName, "echo $SSH_CONNECTION"], {
        env: server.clientEnv,
      });
      match(text, /^127\.0\.0\.1 /);
      equal(log.text.match(/signed auth/g)?.length, 2, log.text);
    });

    await t.step("a forwarded agent lists and signs nothing", async () => {
      const forwarding = { ...client, config: ["ForwardAgent yes"] };
      const onwards = server.clientConfig({ agent: "SSH_AUTH_SOCK" });
      const listed = await bastion.ssh(["ssh-add -L"], forwarding);
      equal(listed.text.trim().split("\n").length, SLUGS.length, listed.stderr);
      const log = new LogFromNow(daemon);
      const login = await bastion.ssh([`ssh -F ${onwards} ${server.hostName} true`], forwarding);
      equal(login.code, 255);
      match(login.stderr, /Permission denied/);
      await log.waitFor(/refused auth ".*" with .* for ssh \(pid \d+\): forwarded: The connection was forwarded/);
      const sign = `echo text | ssh-keygen -Y sign -n file -f ${publicFile("ed25519")}`;
      equal((await bastion.ssh([sign], forwarding)).code, 255);
      await log.waitFor(/refused sshsig:file with "ed25519" .* for ssh \(pid \d+\): forwarded: /);
    });

    await t.step("ssh-add can neither add, remove nor lock", async () => {
      const key = dir.write("other", (await makeTestKey({ type: "ed25519" })).revealPrivateText());
      const askpass = dir.write("askpass", "#!/bin/sh\necho secret\n", 0o700);
      const before = (await sshAdd("-L")).text;
      const log = new LogFromNow(daemon);
      const attempts: readonly (readonly [readonly string[], RegExp, RegExp])[] = [
        [[key], /Could not add identity .*: agent refused operation/, /SSH_AGENTC_ADD_IDENTITY is not supported/],
        [["-t", "60", key], /agent refused operation/, /SSH_AGENTC_ADD_ID_CONSTRAINED is not supported/],
        [["-d", publicFile("ed25519")], /agent refused operation/, /SSH_AGENTC_REMOVE_IDENTITY is not supported/],
        [["-D"], /Failed to remove all identities/, /SSH_AGENTC_REMOVE_ALL_IDENTITIES is not supported/],
        [["-x"], /Failed to lock agent/, /SSH_AGENTC_LOCK is not supported/],
      ];
      for (const [words, said, logged] of attempts) {
        const env = { ...agentEnv, SSH_ASKPASS: askpass, SSH_ASKPASS_REQUIRE: "force" };
        const { code, stderr } = await run(["ssh-add", ...words], { env });
        equal(code, 1, words[0]);
        match(stderr, said);
        await log.waitFor(logged);
      }
      equal((await sshAdd("-L")).text, before);
    });

    await t.step(
      "RSA with SHA-1, and data of no known kind, are signed only where the configuration says so",
      async () => {
        const { publicKey } = keys["rsa-2048"];
        const data = new TextEncoder().encode("neither a login nor a signature");
        const signSha1 = async (): Promise<Uint8Array | undefined> => {
          using raw = await AgentClient.connect(agent);
          return await raw.sign(blobOf(publicKey), data, SIGN_FLAGS.none);
        };
        const log = new LogFromNow(daemon);
        equal(await signSha1(), undefined);
        const who = `refused other with "rsa-2048" .* \\(pid ${Deno.pid}\\)`;
        await log.waitFor(new RegExp(`${who}: rsa-sha1: .*\`allow_rsa_sha1 = true\` in \\[ssh\\]`));
        equal((await sshAdd("-T", publicFile("ed25519"))).code, 1);
        await log.waitFor(/refused other with "ed25519" .* for ssh-add \(pid \d+\): kind-not-allowed: /);
        daemon.home.writeConfig(table + ANYTHING_ELSE);
        await daemon.home.bwsshOk(["reload"]);
        await daemon.unlock(vault.session);
        const signature = await signSha1();
        ok(signature !== undefined && isRsaSha1(signature, publicKey, data));
        for (const slug of SLUGS) equal((await sshAdd("-T", publicFile(slug))).code, 0, slug);
      },
    );
  },
});

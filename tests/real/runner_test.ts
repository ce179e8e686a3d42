/**
 * A machine that exists for one job: an empty home, `bw` with an API key, git over ssh by a key from the vault, and
 * nothing of bwssh left when the job is done. Runs the configuration of `examples/`.
 *
 * Not for: what single commands do (`bitwarden_test.ts`, `lifecycle_test.ts`).
 *
 * @module
 */

import { deepStrictEqual as deepEqual, match, strictEqual as equal } from "node:assert/strict";
import { bwProgram, ensureTestTools } from "../../tools/setup.ts";
import { bwsshBinary } from "../support/binary.ts";
import { endDetached, processesMentioning } from "../support/detached.ts";
import { Git } from "../support/git.ts";
import { baseEnv, run } from "../support/process.ts";
import { Sshd } from "../support/sshd.ts";
import { makeTempDir, type TempDir } from "../support/temp.ts";
import { makeTestKeys, type TestKey } from "../support/test_keys.ts";
import { ITEM_TYPE, type PlainItem } from "../support/vault_items.ts";
import { idOf } from "../support/vault_places.ts";
import { VaultServer } from "../support/vault_server.ts";

const tools = await ensureTestTools();
const EXAMPLE = new URL("../../examples/headless-git.toml", import.meta.url);
/** Logging in, unlocking and listing, each by a `bw` of its own, on a busy machine. */
const JOB = 180_000;

/** The job, as it would stand in a pipeline. */
const SCRIPT = `
set -eu
bw config server "$SERVER" && bw login --apikey
bwssh daemon
bwssh unlock --password-file "$PASSWORD_FILE"
bwssh status --json > "$OUT/status.json"
eval "$(bwssh env)"
git clone --quiet "$REPOSITORY" "$OUT/work"
cd "$OUT/work"
echo new > file
git add file
git commit --quiet -S -m "By the runner"
git push --quiet
ssh-add -l > "$OUT/listed"
ssh-add -T "$OUT/deploy.pub" 2> "$OUT/refused" && exit 99
cd /
bwssh stop
`;

function item(name: string, key: TestKey): PlainItem {
  const sshKey = { privateKey: key.revealPrivateText(), publicKey: key.publicKey, keyFingerprint: key.fingerprint };
  return { id: idOf(name), type: ITEM_TYPE.ssh, name, sshKey };
}

/** Every file, socket and link below a directory, as paths from there. */
function filesBelow(directory: string, prefix = ""): readonly string[] {
  return [...Deno.readDirSync(directory)].flatMap(({ name, isDirectory }) =>
    isDirectory ? filesBelow(`${directory}/${name}`, `${prefix}${name}/`) : [`${prefix}${name}`]
  );
}

/** `bw` and `bwssh` in a directory for PATH. */
async function programs(dir: TempDir): Promise<string> {
  const bin = dir.dir("bin");
  dir.write("bin/bw", `#!/bin/sh\nexec ${bwProgram(tools).words.join(" ")} "$@"\n`, 0o700);
  await Deno.symlink(await bwsshBinary(), `${bin}/bwssh`);
  return bin;
}

Deno.test({
  name: "an ephemeral runner with an empty home, and nothing left behind",
  ignore: tools.bw === undefined || tools.programs.sshd === undefined || tools.programs.git === undefined,
  async fn(): Promise<void> {
    const keys = await makeTestKeys({
      deploy: { type: "ed25519", comment: "deploy-push" },
      signing: { type: "ecdsa", bits: 256, comment: "deploy-signing" },
      private: { type: "ed25519", comment: "deploy-but-not-by-name" },
    });
    const items = [item("deploy-push", keys.deploy), item("deploy-signing", keys.signing), item("My", keys.private)];
    await using vault = await VaultServer.start({ items });
    await using server = await Sshd.start({ authorizedKeys: [keys.deploy.publicKey] });
    await using dir = makeTempDir("runner");
    const url = await new Git(server, {}).serve(server, "project.git");
    using _left = endDetached(dir.path);
    const [home, out, tmp] = [dir.dir("home"), dir.dir("out"), dir.dir("tmp")];
    dir.dir("home", ".config", "bwssh", "config.d");
    dir.write("home/.config/bwssh/config.toml", Deno.readTextFileSync(EXAMPLE));
    dir.write("home/.config/bwssh/config.d/10-runner.toml", "[agent]\nlist_when_locked = false\n");
    dir.write("out/deploy.pub", `${keys.deploy.publicKey}\n`);
    const base = baseEnv(home);
    const env = {
      ...base,
      PATH: `${await programs(dir)}:${base["PATH"]}`,
      TMPDIR: tmp,
      BWSSH_RUNTIME_DIR: `${tmp}/bwssh`,
      NODE_EXTRA_CA_CERTS: vault.authorityFile,
      SERVER: vault.url,
      BW_CLIENTID: vault.account.clientId,
      BW_CLIENTSECRET: vault.account.clientSecret,
      PASSWORD_FILE: dir.write("password", `${vault.account.password}\n`),
      OUT: out,
      REPOSITORY: url,
      GIT_SSH_COMMAND: `ssh -F ${server.clientConfig({ agent: "SSH_AUTH_SOCK" })}`,
      ...gitSettings({
        "user.name": "Runner",
        "user.email": "runner@bwssh.test",
        "init.defaultBranch": "main",
        "gpg.format": "ssh",
        "user.signingKey": dir.write("out/signing.pub", `${keys.signing.publicKey}\n`),
      }),
    };
    const { code, text, stderr } = await run(["sh", "-c", SCRIPT], { env, deadline: JOB });
    equal(code, 0, `${text}\n${stderr}`);
    match(text, /2 keys loaded\n$/);
    match(
      Deno.readTextFileSync(`${out}/listed`),
      /^256 SHA256:\S+ deploy-push .*\n256 SHA256:\S+ deploy-signing .*\n$/,
    );
    match(Deno.readTextFileSync(`${out}/refused`), /agent refused operation/);

    // What was pushed is there, and its signature verifies.
    const author = new Git(server, {});
    const allowed = dir.write("allowed", `runner@bwssh.test ${keys.signing.publicKey}\n`);
    const words = ["-c", `gpg.ssh.allowedSignersFile=${allowed}`, "verify-commit", "main"];
    match((await author.run(words, server.homePath("project.git"))).stderr, /Good "git" signature for runner@/);

    const { pid } = JSON.parse(Deno.readTextFileSync(`${out}/status.json`)) as { readonly pid: number };
    deepEqual([isRunning(pid), processesMentioning(home)], [false, []]);
    deepEqual(filesBelow(tmp), []);
    const ours = /^\.config\/(Bitwarden CLI\/|bwssh\/(config\.toml|config\.d\/10-runner\.toml)$)/;
    // The self-extracting kind keeps what it has unpacked: the program itself, not what it has done.
    const program = /^\.cache\/bwssh\/bin\//;
    // What was decided is meant to outlive the daemon.
    const audit = ".local/state/bwssh/audit.jsonl";
    deepEqual(filesBelow(home).filter((path) => !ours.test(path) && !program.test(path)), [audit]);
  },
});

/** git-config(1): settings by environment. */
function gitSettings(settings: Readonly<Record<string, string>>): Readonly<Record<string, string>> {
  const pairs = Object.entries(settings).flatMap(([key, value], at) => [
    [`GIT_CONFIG_KEY_${at}`, key],
    [`GIT_CONFIG_VALUE_${at}`, value],
  ]);
  return {
    GIT_CONFIG_NOSYSTEM: "1",
    GIT_CONFIG_COUNT: String(Object.keys(settings).length),
    ...Object.fromEntries(pairs),
  };
}

function isRunning(pid: number): boolean {
  try {
    return Deno.statSync(`/proc/${pid}/exe`).isFile;
  } catch {
    return false;
  }
}

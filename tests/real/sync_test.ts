/**
 * The built program and the real `bw` when things change and go wrong: syncing, a server that errs or is silent, a bw
 * that is missing, hangs, or is logged out; and what a locked daemon still does.
 *
 * Not for: which keys are offered (`bitwarden_test.ts`).
 *
 * @module
 */

import {
  deepStrictEqual as deepEqual,
  match,
  notStrictEqual as notEqual,
  ok,
  strictEqual as equal,
} from "node:assert/strict";
import type { KeyReport, LoadReport, StatusReport } from "../../mod/control/messages.ts";
import { bwProgram, ensureTestTools } from "../../tools/setup.ts";
import { BwAccount } from "../support/bw.ts";
import { bitwardenTable, BwsshHome, type Daemon, startDaemon } from "../support/bwssh.ts";
import { LogFromNow } from "../support/daemon_log.ts";
import { json } from "../support/https_server.ts";
import { LoggedIn } from "../support/logged_in.ts";
import { run, type RunResult } from "../support/process.ts";
import { SshSig } from "../support/sshsig.ts";
import { makeTempDir } from "../support/temp.ts";
import type { IdentityExpectation } from "../support/vault_fixture.ts";
import type { PlainItem } from "../support/vault_items.ts";

const tools = await ensureTestTools();

const UNLOCK = { deadline: 60_000 } as const;
/** How long a silent server is waited for: long against a listing on a busy machine; the other steps fill the time. */
const PATIENCE = 30;
const POLICY = '[auth]\napprover = "none"\n[[rules]]\naction = "allow"\n';

function config(account: BwAccount, ...lines: readonly string[]): string {
  return `${bitwardenTable(account, lines)}${POLICY}`;
}

function keyOf(vault: LoggedIn, slug: string): IdentityExpectation {
  const { expect } = vault.fixture.item(slug);
  if (expect.kind !== "identity") throw new TypeError(`Fixture item "${slug}" is no key`);
  return expect;
}

async function listed({ home }: Daemon): Promise<readonly string[]> {
  const { text } = await run(["ssh-add", "-L"], { env: home.clientEnv });
  return text.split("\n").filter((line) => line.startsWith("ssh-")).map((line) =>
    line.split(" ").slice(0, 2).join(" ")
  );
}

async function statusOf({ home }: Daemon): Promise<StatusReport> {
  return await home.bwsshJson(["status"]) as StatusReport;
}

/** Exit code, and the two lines that a failed command leaves: what happened, and the next thing to type. */
function story({ code, text, stderr }: RunResult): readonly [number, string, string, string] {
  const [first = "", second = "", ...rest] = stderr.trimEnd().split("\n");
  return [code, text + rest.join("\n"), first, second];
}

/** Unlocks a daemon of its own and says how that failed. */
async function failedUnlock(bw: BwAccount, text: string, session: Uint8Array): Promise<ReturnType<typeof story>> {
  await using daemon = await startDaemon({ bw, config: text });
  const failed = story(await daemon.bwssh(["unlock", "--session-stdin"], { stdin: session, ...UNLOCK }));
  deepEqual([(await statusOf(daemon)).state, await listed(daemon)], ["locked", []]);
  return failed;
}

/** Every way in which `bwssh unlock` fails because of `bw`: distinct, and with the next command to type. */
async function everyFailedUnlock(vault: LoggedIn): Promise<void> {
  await using dir = makeTempDir("failures");
  await using stranger = new BwAccount(vault.server, bwProgram(tools));
  const { account, session } = vault;
  const wrong = session.slice().fill(0x41, 0, 86);
  const script = (words: string): string => dir.write("bw", `#!/bin/sh\n${words}\n`, 0o700);
  const custom = (words: readonly string[], seconds = 30): string =>
    `[bitwarden]\nbw_path = ${JSON.stringify(words)}\ntimeout_seconds = ${seconds}\n`;

  const [code, out, what, hint] = await failedUnlock(account, config(account), wrong);
  deepEqual([code, out, hint], [3, "", "bwssh: hint: run `bwssh unlock` again"]);
  match(what, /vault is locked, which is also what it says of a session that is no longer valid/);

  const loggedOut = await failedUnlock(stranger, config(stranger), session);
  deepEqual(loggedOut.slice(0, 2), [1, ""]);
  match(loggedOut[2], /bw is not logged in/);
  match(loggedOut[3], /hint: run `BITWARDENCLI_APPDATA_DIR=\S+ bw login`, then `bwssh unlock`/);

  const absent = await failedUnlock(account, custom([dir.join("nothing")]), session);
  equal(absent[0], 1);
  match(absent[2], /Cannot find the program ".*\/nothing"/);
  match(absent[3], /hint: install the Bitwarden CLI .* or set `bw_path`/);

  const hanging = await failedUnlock(account, custom([script("exec sleep 1000")], 1), session);
  equal(hanging[0], 1);
  match(hanging[2], /bw gave no complete answer within 1 s/);
  match(hanging[3], /hint: check the network/);

  const chatty = await failedUnlock(account, custom([script("echo Hello")]), session);
  equal(chatty[0], 1);
  match(chatty[2], /what bw printed is not the JSON that was expected/);

  const malformed = await failedUnlock(account, config(account), session.subarray(1));
  equal(malformed[0], 1);
  match(malformed[2], /Cannot use this as a session/);
  match(malformed[3], /hint: .*bw unlock --raw/);
}

Deno.test({
  name: "a real vault that changes, and its server that fails",
  ignore: tools.bw === undefined,
  async fn(t): Promise<void> {
    await using vault = await LoggedIn.start(bwProgram(tools), {
      only: ["ed25519", "tagged", "reprompt", "in-folder"],
    });
    const { account, server, session } = vault;
    const [ed25519, tagged, reprompt, inFolder] = ["ed25519", "tagged", "reprompt", "in-folder"].map((slug) =>
      keyOf(vault, slug)
    ) as [IdentityExpectation, IdentityExpectation, IdentityExpectation, IdentityExpectation];
    const removed = vault.fixture.contents.items.find(({ id }) => id === vault.fixture.item("tagged").id) as PlainItem;
    server.remove(vault.fixture.item("in-folder").id);
    const later = vault.fixture.contents.items.find(({ id }) => id === vault.fixture.item("in-folder").id) as PlainItem;
    await account.runOk(["sync"], { session });
    await using daemon = await startDaemon({ bw: account, config: config(account) });
    using sshsig = new SshSig(daemon.agentSocket);
    await daemon.unlock(session);
    const keys = [ed25519, tagged, reprompt].map(({ publicKey }) => publicKey).toSorted();
    deepEqual((await listed(daemon)).toSorted(), keys);

    await using patient = account.clone();
    await using waiting = await startDaemon({
      bw: patient,
      config: config(patient, `timeout_seconds = ${PATIENCE}`),
    });
    let silence: Promise<RunResult> | undefined;

    await t.step("a server that is silent does not keep anybody from signing", async () => {
      await waiting.unlock(session);
      using _fault = server.inject({ on: /^GET \/api\/(sync|accounts)/, reply: { kind: "black-hole" } });
      server.clearRequests();
      silence = waiting.bwssh(["sync"], { deadline: 3 * PATIENCE * 1000 });
      silence.catch(() => undefined); // it is waited for further down
      await server.waitForRequest(/^GET \/api\/accounts\/revision-date$/, UNLOCK.deadline);
      using sshsig = new SshSig(waiting.agentSocket);
      match(await sshsig.signAndVerify(ed25519.publicKey) ?? "", /^Good/);
    });

    await t.step("a re-prompt item is listed and never signs", async () => {
      const log = new LogFromNow(daemon);
      equal(await sshsig.signAndVerify(reprompt.publicKey), undefined);
      await log.waitFor(/refused sshsig:file with .*: re-prompt-item: The vault asks for the master password/);
      match(await sshsig.signAndVerify(ed25519.publicKey) ?? "", /^Good "file" signature/);
    });

    await t.step("syncs at the same time are one, and bring what was added and drop what was removed", async () => {
      server.put(later);
      server.remove(removed.id);
      const before = vault.calls(account).length;
      const syncs = await Promise.all([1, 2, 3].map(() => daemon.home.bwsshOk(["sync", "--json"], UNLOCK)));
      deepEqual(vault.calls(account).slice(before), ["sync --nointeraction", "list items --nointeraction"]);
      for (const { text } of syncs) deepEqual([(JSON.parse(text) as LoadReport).keys, text], [3, syncs[0]?.text]);
      const now = [ed25519, inFolder, reprompt].map(({ publicKey }) => publicKey).toSorted();
      deepEqual((await listed(daemon)).toSorted(), now);
      equal(await sshsig.signAndVerify(tagged.publicKey), undefined);
    });

    await t.step("a server that errs costs the news and not the keys", async () => {
      using _fault = server.inject({ on: /^GET \/api\/(sync|accounts)/, reply: json({ message: "Broken" }, 500) });
      const { text, stderr } = await daemon.home.bwsshOk(["sync"], UNLOCK);
      equal(text, "3 keys loaded\n");
      match(stderr, /warning: Cannot sync the vault with the server: the server answered with an error; run/);
      match((await statusOf(daemon)).lastError ?? "", /the server answered with an error/);
      match(await sshsig.signAndVerify(ed25519.publicKey) ?? "", /^Good/);
    });

    await t.step("bw that is missing, hangs, chatters or is logged out: each failure has its name", async () => {
      await everyFailedUnlock(vault);
    });

    await t.step("a server that refuses the account logs bw out, and the keys stay until lock", async () => {
      await using own = account.clone();
      await using daemon = await startDaemon({ bw: own, config: config(own) });
      using sshsig = new SshSig(daemon.agentSocket);
      await daemon.unlock(session);
      using _fault = server.inject({ on: /^GET \/api\/(sync|accounts)/, reply: json({ message: "No" }, 401) });
      const [code, out, what, hint] = story(await daemon.bwssh(["sync"], UNLOCK));
      deepEqual([code, out], [1, ""]);
      match(what, /the server, or a proxy in its place, refused the account's token/);
      match(hint, /hint: run `BITWARDENCLI_APPDATA_DIR=\S+ bw login`, then `bwssh unlock`/);
      match(await sshsig.signAndVerify(ed25519.publicKey) ?? "", /^Good/);
      deepEqual([(await statusOf(daemon)).keys, (await statusOf(daemon)).state], [3, "unlocked"]);
    });

    await t.step("a locked daemon lists and does not sign, and after a restart as well", async () => {
      const before = await listed(daemon);
      await daemon.home.bwsshOk(["lock"]);
      deepEqual([await listed(daemon), (await statusOf(daemon)).keys], [before, 0]);
      const log = new LogFromNow(daemon);
      equal(await sshsig.signAndVerify(ed25519.publicKey), undefined);
      await log.waitFor(
        /refused sshsig:file with .*SHA256:.* for ssh-keygen \(pid \d+\): locked: its vault is locked; run `bwssh unlock`/,
      );
      deepEqual(story(await daemon.bwssh(["sync"])), [
        3,
        "",
        "bwssh: The vault is locked",
        "bwssh: hint: bwssh unlock",
      ]);
      await daemon.stop();
      await using second = await daemon.home.start();
      deepEqual(await listed(second), before);
      const reports = await second.home.bwsshJson(["keys"]) as readonly KeyReport[];
      deepEqual(reports.map(({ usable }) => usable), [false, false, false]);
      equal(await sshsig.signAndVerify(ed25519.publicKey), undefined);
    });

    await t.step("nothing is listed or kept on disk where the configuration says so", async () => {
      const quiet = `${config(account)}[agent]\nlist_when_locked = false\n`;
      using home = await BwsshHome.create({ bw: account, config: quiet });
      await using daemon = await home.start();
      await daemon.unlock(session);
      notEqual((await listed(daemon)).length, 0);
      await home.bwsshOk(["lock"]);
      deepEqual(await listed(daemon), []);
      deepEqual(cachedFiles(`${home.path}/cache/bwssh`), []);
    });

    await t.step("a server that is silent is given up, and costs the news and not the keys", async () => {
      ok(silence !== undefined);
      const { code, text, stderr } = await silence;
      deepEqual([code, text], [0, "3 keys loaded\n"], stderr);
      match(stderr, /warning: Cannot sync .*: bw gave no complete answer within 30 s .*; check the network/);
      using sshsig = new SshSig(waiting.agentSocket);
      match(await sshsig.signAndVerify(ed25519.publicKey) ?? "", /^Good/);
    });
  },
});

/** What is in the cache besides the unpacked program, which only one kind of binary has. */
function cachedFiles(directory: string): readonly string[] {
  try {
    return [...Deno.readDirSync(directory)].map(({ name }) => name).filter((name) => name !== "bin");
  } catch (error) {
    if (error instanceof Deno.errors.NotFound) return [];
    throw error;
  }
}

/**
 * The built program with the real `bw` and a vault of really encrypted items: ways to unlock, which keys are offered
 * and what is said of those that are not.
 *
 * Not for: syncing, failures and locking (`sync_test.ts`).
 *
 * @module
 */

import { deepStrictEqual as deepEqual, doesNotMatch, match, ok, strictEqual as equal } from "node:assert/strict";
import type { KeyReport, LoadReport, ProblemReport, StatusReport } from "../../mod/control/messages.ts";
import { bwProgram, ensureTestTools } from "../../tools/setup.ts";
import type { BwAccount } from "../support/bw.ts";
import { bitwardenTable, BwsshHome, type Daemon, startDaemon } from "../support/bwssh.ts";
import { LoggedIn } from "../support/logged_in.ts";
import { runOk, type RunResult } from "../support/process.ts";
import { makeTempDir } from "../support/temp.ts";
import { Terminal } from "../support/terminal.ts";
import { makeTestKey } from "../support/test_keys.ts";
import type { FixtureItem, VaultFixture } from "../support/vault_fixture.ts";
import { ITEM_TYPE, type PlainItem } from "../support/vault_items.ts";
import { COLLECTION, FOLDER, idOf, ORGANIZATION } from "../support/vault_places.ts";
import { ROWS } from "../support/vault_rows.ts";

const tools = await ensureTestTools();

/** Everything but two more sizes of RSA, which take seconds to make. */
const SLUGS = ROWS.map(({ slug }) => slug).filter((slug) => slug !== "rsa-3072" && slug !== "rsa-4096");
/** As hostile as a name can be: it moves the cursor, turns the text round, and begins a line of authorized_keys. */
const HOSTILE = "a\u001b[2Jb\u0007\u0000\u202Ec\u2028d\nssh-ed25519 AAAA\r\te <b>\u0085";
/** What a terminal or a reader could obey. */
const UNPRINTABLE = /[^\P{C}\n]|\p{Zl}|\p{Zp}/u;
const EVERYTHING = 'query = "type:ssh OR type:note OR type:field"';
const UNLOCK = { deadline: 60_000 } as const;

function config(account: BwAccount, ...lines: readonly string[]): string {
  return `${bitwardenTable(account, lines)}[auth]\napprover = "none"\n`;
}

/** What `status --json` should say of items that are keys and cannot be used, by identity. */
const WHY = {
  empty: /could not be decrypted/,
  garbage: /Cannot (find|read) (a|the) private key/,
  unsupported: /Cannot use the private key: (DSA|SSH agents have no Ed448)/,
  passphrase: /protected by a passphrase/,
} as const;

function byIdentity(one: readonly unknown[], other: readonly unknown[]): number {
  return String(one[0]).localeCompare(String(other[0]));
}

/** `[identity, fingerprint, reprompt]` of the keys the fixture has for an agent. */
function expectedKeys(items: readonly FixtureItem[]): readonly (readonly unknown[])[] {
  return items.flatMap(({ id, expect }) =>
    expect.kind === "identity" && !expect.optIn ? [[`${id}#${expect.slot}`, expect.fingerprint, expect.reprompt]] : []
  ).toSorted(byIdentity);
}

function seenKeys(keys: readonly KeyReport[]): readonly (readonly unknown[])[] {
  return keys.map(({ identity, fingerprint, reprompt }) => [identity, fingerprint, reprompt]).toSorted(byIdentity);
}

async function listed(daemon: Daemon): Promise<readonly KeyReport[]> {
  return await daemon.home.bwsshJson(["keys"]) as readonly KeyReport[];
}

function checkProblem({ item, message, used }: ProblemReport, fixtureItem: FixtureItem | undefined): void {
  ok(fixtureItem !== undefined, item);
  const { expect, name, slug } = fixtureItem;
  equal(item, name, slug);
  if (expect.kind === "identity") {
    deepEqual([used, expect.claimLies], [true, true], slug);
    match(message, new RegExp(`belongs to ${expect.fingerprint.replaceAll("+", "\\+")}, which is used`), slug);
    return;
  }
  ok(expect.kind === "problem" && expect.why !== "nothing", slug);
  equal(used, false, slug);
  match(message, WHY[expect.why], slug);
}

/** Two items that nothing but their name makes dangerous: a key without a comment of its own, and a broken one. */
async function hostileItems(): Promise<readonly [PlainItem, PlainItem]> {
  const key = await makeTestKey({ type: "ed25519", form: "pkcs8" });
  const item = (slug: string, privateKey: string): PlainItem => ({
    id: idOf(slug),
    type: ITEM_TYPE.ssh,
    name: HOSTILE,
    sshKey: { privateKey, publicKey: null, keyFingerprint: null },
  });
  return [item("hostile", key.revealPrivateText()), item("hostile broken", "no key")];
}

/** The names of the items that a query takes. */
async function chosen(daemon: Daemon, vault: LoggedIn, account: BwAccount, ...lines: string[]): Promise<string[]> {
  daemon.home.writeConfig(config(account, ...lines));
  await daemon.bwssh(["reload"]);
  await daemon.unlock(vault.session);
  return (await listed(daemon)).map(({ item }) => item);
}

function names(fixture: VaultFixture, wanted: (slug: string) => boolean): string[] {
  return fixture.identities().filter(({ slug }) => wanted(slug)).map(({ name }) => name);
}

Deno.test({
  name: "keys of a real vault",
  ignore: tools.bw === undefined,
  async fn(t): Promise<void> {
    const hostile = await hostileItems();
    await using vault = await LoggedIn.start(bwProgram(tools), { only: SLUGS, logins: 30, more: hostile });
    const { fixture, account } = vault;
    await using daemon = await startDaemon({ bw: account, config: config(account, EVERYTHING) });
    const hostileIds: readonly string[] = hostile.map(({ id }) => `${id}#key`);
    let unlocked: RunResult | undefined;

    await t.step("are loaded by one run of bw, with the session in no argument", async () => {
      const before = vault.calls(account).length;
      unlocked = await daemon.unlock(vault.session);
      deepEqual(vault.calls(account).slice(before), ["list items --nointeraction"]);
      equal(unlocked.text, `${expectedKeys(fixture.items).length + 1} keys loaded\n`);
      match(unlocked.stderr, /hint: ssh-keygen -p/);
    });

    await t.step("are those of the fixture, one by one", async () => {
      const keys = await listed(daemon);
      deepEqual(
        seenKeys(keys.filter(({ identity }) => !hostileIds.includes(identity))),
        expectedKeys(fixture.items),
      );
      const { text } = await runOk(["ssh-add", "-L"], { env: daemon.home.clientEnv });
      const blobs = text.trim().split("\n").map((line) => line.split(" ").slice(0, 2).join(" "));
      deepEqual(blobs.toSorted(), keys.map(({ publicKey }) => publicKey.split(" ").slice(0, 2).join(" ")).toSorted());
    });

    await t.step("are named where they cannot be used, and where their public half is a lie", async () => {
      const { problems } = await daemon.home.bwsshJson(["status"]) as StatusReport;
      const ours = problems.filter(({ identity }) => !hostileIds.includes(identity));
      for (const problem of ours) {
        const id = problem.identity.slice(0, problem.identity.indexOf("#"));
        checkProblem(problem, fixture.items.find((item) => item.id === id));
      }
      const wanted = fixture.items.filter(({ expect }) =>
        expect.kind === "problem" || (expect.kind === "identity" && expect.claimLies)
      );
      deepEqual(ours.map(({ item }) => item).toSorted(), wanted.map(({ name }) => name).toSorted());
    });

    await t.step("have names that are byte-exact in JSON and harmless on a terminal", async () => {
      const keys = await listed(daemon);
      const { problems } = await daemon.home.bwsshJson(["status"]) as StatusReport;
      deepEqual(
        [...keys, ...problems].filter(({ identity }) => hostileIds.includes(identity)).map(({ item }) => item),
        [HOSTILE, HOSTILE],
      );
      for (const { id, name } of fixture.identities()) {
        equal(keys.find(({ identity }) => identity.startsWith(`${id}#`))?.item, name || id);
      }
      for (const result of [await daemon.bwssh(["keys"]), await daemon.bwssh(["status"]), unlocked]) {
        const shown = `${result?.text}${result?.stderr}`;
        match(shown, /a(\?|\\u001b)\[2Jb/);
        doesNotMatch(shown, UNPRINTABLE);
      }
      doesNotMatch(daemon.log, UNPRINTABLE);
    });

    await t.step("are taken with a session from a file and from the environment", async () => {
      await using dir = makeTempDir("session");
      const file = dir.write("session", new Uint8Array([...vault.session, 0x0a]));
      const session = new TextDecoder().decode(vault.session);
      const ways = [
        { words: ["--session-file", file], env: {} },
        { words: ["--session-env", "MY_SESSION"], env: { MY_SESSION: session } },
      ];
      for (const { words, env } of ways) {
        await daemon.home.bwsshOk(["lock"]);
        const { text } = await daemon.home.bwsshOk(["unlock", "--json", ...words], { env, ...UNLOCK });
        equal((JSON.parse(text) as LoadReport).keys, expectedKeys(fixture.items).length + 1, words[0]);
      }
    });

    await t.step("are chosen by a query", async () => {
      const queries: readonly (readonly [query: string, wanted: (slug: string) => boolean])[] = [
        ['ecdsa 256 OR name:"ssh *-line"', (slug) => /^ecdsa-256|-line$/.test(slug)],
        [`folder:${FOLDER.id} OR tag:ssh OR field:"Private key"`, (slug) => /^in-folder|^tagged|^field/.test(slug)],
        [
          `type:ssh (folder:${FOLDER.name} OR collection:"${COLLECTION.name}" OR org:${ORGANIZATION.id})`,
          (slug) => slug.startsWith("in-"),
        ],
        ["(type:ssh OR type:note) AND NOT (name:ssh* OR NOT key)", (slug) => slug === "note"],
      ];
      for (const [query, wanted] of queries) {
        const items = await chosen(daemon, vault, account, `query = ${JSON.stringify(query)}`);
        deepEqual(items.toSorted(), names(fixture, wanted).toSorted(), query);
      }
    });

    await t.step(
      "are chosen one by one, in the order of the configuration, attachments only where wanted",
      async () => {
        const slugs = ["tagged", "attachment", "note", "ed25519"];
        const lines = ['mode = "explicit"', `item_ids = ${JSON.stringify([...slugs, "nowhere"].map(idOf))}`];
        const order = (...present: string[]): string[] => present.map((slug) => fixture.item(slug).name);
        deepEqual(await chosen(daemon, vault, account, ...lines), order("tagged", "note", "ed25519"));
        const { problems } = await daemon.home.bwsshJson(["status"]) as StatusReport;
        deepEqual(
          problems.map(({ identity }) => identity),
          ["attachment", "nowhere"].map((slug) => `${idOf(slug)}#key`),
        );
        deepEqual(await chosen(daemon, vault, account, ...lines, "attachments = true"), order(...slugs));
      },
    );

    await t.step("are loaded with the master password, read by bw alone", async () => {
      const { password } = vault.server.account;
      await using dir = makeTempDir("password");
      const file = dir.write("password", `${password}\n`);
      const only = `item_ids = ["${idOf("ed25519")}"]`;
      const ways: readonly (readonly [words: string, unlock: (home: BwsshHome) => Promise<string>])[] = [
        ["unlock --raw --nointeraction --passwordfile " + file, async (home) => {
          return (await home.bwsshOk(["unlock", "--password-file", file], UNLOCK)).text;
        }],
        ["unlock --raw --nointeraction --passwordenv MY_PASSWORD", async (home) => {
          const env = { MY_PASSWORD: password };
          return (await home.bwsshOk(["unlock", "--password-env", "MY_PASSWORD"], { env, ...UNLOCK })).text;
        }],
        ["unlock --raw", async (home) => {
          await using terminal = new Terminal(home.argv(["unlock"]), { env: home.env });
          await terminal.waitFor(/Master password/, UNLOCK.deadline);
          await terminal.type(`${password}\r`);
          equal((await terminal.ended(UNLOCK.deadline)).code, 0, terminal.screen);
          equal(terminal.screen.includes(password), false);
          return terminal.screen;
        }],
      ];
      await Promise.all(ways.map(async ([words, unlock]) => {
        await using own = account.clone();
        await using daemon = await startDaemon({ bw: own, config: config(own, 'mode = "explicit"', only) });
        match(await unlock(daemon.home), /1 key loaded/);
        deepEqual(vault.calls(own), [words, "list items --nointeraction"]);
      }));
    });
  },
});

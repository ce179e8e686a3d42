/**
 * The Bitwarden source against the real `bw` and a vault of really encrypted items.
 *
 * @module
 */

import { deepStrictEqual as deepEqual, ok, rejects, strictEqual as equal } from "node:assert/strict";
import { parseQuery } from "../../mod/source/bitwarden/query.ts";
import { DEFAULT_QUERY } from "../../mod/source/bitwarden/query_tree.ts";
import type { Selection } from "../../mod/source/bitwarden/collector.ts";
import { type FoundKey, type ItemProblem, type KeyReceiver, SourceError } from "../../mod/source/source.ts";
import { bwProgram, ensureTestTools } from "../../tools/setup.ts";
import { BwAccount } from "../support/bw.ts";
import { peekText } from "../support/heap_memory.ts";
import { json } from "../support/https_server.ts";
import { SourceBench, type SourceOptions } from "../support/source_bench.ts";
import { sha256 } from "../support/vault_crypto.ts";
import { makeVaultFixture } from "../support/vault_fixture.ts";
import { COLLECTION, FOLDER, ORGANIZATION } from "../support/vault_places.ts";
import { VaultServer } from "../support/vault_server.ts";

const tools = await ensureTestTools();
const signal = new AbortController().signal;

const SSH = [
  "ed25519",
  "ecdsa-256",
  "crlf",
  "no-claim",
  "in-folder",
  "in-collection",
  "tagged",
  "own-item-key",
  "reprompt",
];
const NAMES = ["name-quotes", "name-nul", "name-escape", "name-emoji", "name-empty"];
const ELSEWHERE = ["note", "field", "attachment"];
const NOT_OFFERED = ["archived", "deleted", "plain-note", "no-key", "damaged"];

/** Keeps ids and digests; no key of it is ever printed. */
class Receiver implements KeyReceiver {
  readonly keys = new Map<string, Omit<FoundKey, "material"> & { readonly digest: string }>();
  readonly problems: ItemProblem[] = [];
  take({ material, ...key }: FoundKey): void {
    this.keys.set(key.identityId, { ...key, digest: sha256(peekText(material)) });
    material.wipe();
  }
  problem(problem: ItemProblem): void {
    this.problems.push(problem);
  }
}

const byQuery = (query: string): Selection => ({ mode: "query", query: parseQuery(query), collectionIds: [] });

async function codeOf(work: Promise<unknown>): Promise<string> {
  let code = "(none)";
  await rejects(work, (error: unknown) => {
    ok(error instanceof SourceError, String(error));
    code = error.code;
    return true;
  });
  return code;
}

Deno.test({
  name: "the Bitwarden source with the real bw",
  ignore: tools.bw === undefined,
  async fn(t): Promise<void> {
    const fixture = await makeVaultFixture({ only: [...SSH, ...NAMES, ...ELSEWHERE, ...NOT_OFFERED], logins: 40 });
    const idOf = (slug: string): string => fixture.item(slug).id;
    const keyIds = (...slugs: readonly string[]): readonly string[] => slugs.map((slug) => `${idOf(slug)}#key`).sort();
    await using server = await VaultServer.start(fixture.contents);
    await using account = new BwAccount(server, bwProgram(tools));
    await account.configureServer();
    const session = await account.login();
    await using bench = new SourceBench();
    const selection: Selection = { mode: "query", query: DEFAULT_QUERY, collectionIds: [] };

    /** Reads with a fresh source. */
    const read = async (options: SourceOptions): Promise<Receiver> => {
      using source = bench.source(account, session, options);
      const receiver = new Receiver();
      await bench.drive(source.read(receiver, signal));
      return receiver;
    };

    await t.step("reads every SSH-key item in one call, byte for byte, and names the broken ones", async () => {
      using source = bench.source(account, session, { selection });
      const receiver = new Receiver();
      const outcome = await bench.drive(source.read(receiver, signal));
      equal(outcome.calls, 1);
      deepEqual(outcome.warnings, []);
      deepEqual([...receiver.keys.keys()].sort(), keyIds(...SSH, ...NAMES));
      for (const slug of [...SSH, ...NAMES].filter((each) => each !== "crlf")) {
        const key = receiver.keys.get(`${idOf(slug)}#key`);
        equal(key?.digest, sha256(fixture.revealKey(slug).revealPrivateText()), slug);
        equal(key?.itemName, fixture.item(slug).name || idOf(slug), slug);
        equal(key?.reprompt, slug === "reprompt", slug);
      }
      deepEqual(receiver.problems.map((problem) => problem.identityId).sort(), keyIds("no-key", "damaged"));
    });

    await t.step("finds keys in notes, hidden fields and attachments", async () => {
      const query = byQuery("type:note OR type:field OR type:attachment");
      const receiver = await read({ selection: query, attachments: true });
      const expected = ELSEWHERE.map((slug) => {
        const { expect } = fixture.item(slug);
        ok(expect.kind === "identity");
        return [`${idOf(slug)}#${expect.slot}`, sha256(fixture.revealKey(slug).revealPrivateText().trimEnd())];
      });
      const found = [...receiver.keys].map(([id, { digest }]) => [id, digest]);
      // Of a note and a field only the key itself is taken, of a file all of it.
      const whole = sha256(fixture.revealKey("attachment").revealPrivateText());
      deepEqual(
        found.sort(),
        expected.map(([id, digest]) => [id, id?.includes("#attachment:") ? whole : digest]).sort(),
      );
      deepEqual(receiver.problems, []);
    });

    await t.step("selects by folder, collection, organization and field", async () => {
      const query =
        `type:ssh (folder:"${FOLDER.name}" OR collection:"${COLLECTION.name}" OR org:${ORGANIZATION.id} OR tag:ssh)`;
      const receiver = await read({ selection: byQuery(query) });
      deepEqual([...receiver.keys.keys()].sort(), keyIds("in-folder", "in-collection", "tagged"));
    });

    await t.step("offers explicit items in their order", async () => {
      const ids = ["tagged", "note", "archived", "ed25519"].map(idOf);
      const receiver = await read({ selection: { mode: "explicit", itemIds: ids } });
      deepEqual([...receiver.keys.keys()], [`${ids[0]}#key`, `${ids[1]}#notes`, `${ids[3]}#key`]);
      deepEqual(receiver.problems.map(({ identityId }) => identityId), [`${ids[2]}#key`]);
    });

    await t.step("says what fails", async () => {
      const wrong = session.slice().fill(0x41, 0, 86);
      using locked = bench.source(account, wrong, { selection });
      equal(await codeOf(bench.drive(locked.read(new Receiver(), signal))), "locked");
      await using nobody = new BwAccount(server, bwProgram(tools));
      using loggedOut = bench.source(nobody, session, { selection });
      equal(await codeOf(bench.drive(loggedOut.read(new Receiver(), signal))), "logged-out");
      using other = bench.source(account, session, { selection, words: ["/bin/echo"] });
      equal(await codeOf(bench.drive(other.read(new Receiver(), signal))), "not-json");
      using silent = bench.source(account, session, { selection, words: ["/bin/true"] });
      equal(await codeOf(bench.drive(silent.read(new Receiver(), signal))), "empty-output");
      const missing = [...account.words.slice(0, -1), "/nonexistent/bw.js"];
      using broken = bench.source(account, session, { selection, words: missing });
      ok(
        ["bw-runtime", "bw-crashed", "failed"].includes(await codeOf(bench.drive(broken.read(new Receiver(), signal)))),
      );
    });

    await t.step("syncs, and lists what bw knows when the sync fails", async () => {
      using source = bench.source(account, session, { selection });
      const [added] = fixture.contents.items.filter(({ id }) => id === idOf("ed25519"));
      ok(added !== undefined);
      server.put({ ...added, name: "Renamed" });
      const receiver = new Receiver();
      const { kind, calls, warnings } = await bench.drive(source.sync(receiver, signal));
      deepEqual([kind, calls, warnings], ["loaded", 2, []]);
      equal(receiver.keys.get(`${idOf("ed25519")}#key`)?.itemName, "Renamed");

      using _fault = server.inject({
        on: /^GET \/api\/(sync|accounts)/,
        reply: json({ message: "Out of order" }, 500),
      });
      const again = new Receiver();
      const failed = await bench.drive(source.sync(again, signal));
      deepEqual(failed.warnings.map(({ code }) => code), ["server-error"]);
      equal(again.keys.size, SSH.length + NAMES.length);
    });

    await t.step("gives up on a server that never answers, and still lists", async () => {
      using source = bench.source(account, session, { selection, deadlineMs: 20_000 });
      using _fault = server.inject({ on: /^GET \/api\/(sync|accounts)/, reply: { kind: "black-hole" } });
      const receiver = new Receiver();
      const { warnings } = await bench.drive(source.sync(receiver, signal));
      deepEqual(warnings.map(({ code }) => code), ["timeout"]);
      equal(receiver.keys.size, SSH.length + NAMES.length);
    });

    await t.step("sees that the server logged bw out", async () => {
      await using copy = account.clone();
      using source = bench.source(copy, session, { selection });
      server.tokens.revoke();
      equal(await codeOf(bench.drive(source.sync(new Receiver(), signal))), "logged-out-by-server");
    });

    await t.step("tells an unreachable server from others", async () => {
      using _fault = server.inject({ on: /^GET \/api\/(sync|accounts)/, reply: { kind: "drop" } });
      using source = bench.source(account, session, { selection });
      const receiver = new Receiver();
      const { warnings } = await bench.drive(source.sync(receiver, signal));
      deepEqual(warnings.map(({ code }) => code), ["server-unreachable"]);
      equal(receiver.keys.size, SSH.length + NAMES.length);
    });

    await t.step("leaves nothing in locked memory", async () => {
      await bench.settle();
      equal(bench.arena.status().used, 0);
    });
  },
});

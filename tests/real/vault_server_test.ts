/**
 * The test vault against the real `bw`: what the other tests rely on when they use both.
 *
 * @module
 */

import { deepStrictEqual as deepEqual, match, ok, strictEqual as equal } from "node:assert/strict";
import { bwProgram, ensureTestTools } from "../../tools/setup.ts";
import { BwAccount } from "../support/bw.ts";
import { json } from "../support/https_server.ts";
import { sha256 } from "../support/vault_crypto.ts";
import { makeVaultFixture } from "../support/vault_fixture.ts";
import type { PlainItem } from "../support/vault_items.ts";
import { COLLECTION, FOLDER, idOf, ORGANIZATION } from "../support/vault_places.ts";
import { ATTACHMENT_NAME } from "../support/vault_rows.ts";
import { VaultServer } from "../support/vault_server.ts";

const tools = await ensureTestTools();

Deno.test({
  name: "the real bw with a password against the test vault",
  ignore: tools.bw === undefined,
  async fn(t): Promise<void> {
    const fixture = await makeVaultFixture({ logins: 10 });
    await using server = await VaultServer.start(fixture.contents);
    await using bw = new BwAccount(server, bwProgram(tools));
    await bw.configureServer();
    const session = await bw.login();

    await t.step("lists exactly the fixture's items, in clear", async () => {
      const listed = await bw.json(["list", "items"], { session });
      ok(Array.isArray(listed));
      const present = fixture.contents.items.filter(({ archived, deleted }) => !archived && !deleted);
      deepEqual(sorted(listed.map(viewOfListed)), sorted(present.map(viewOfPlain)));
    });

    await t.step("lists folders, collections and organisations", async () => {
      const kinds = ["folders", "collections", "organizations"];
      const lists = await Promise.all(kinds.map((kind) => bw.json(["list", kind], { session })));
      deepEqual(lists.map(namesAndIds), [[FOLDER, { id: "", name: "No Folder" }], [COLLECTION], [{
        id: ORGANIZATION.id,
        name: ORGANIZATION.name,
      }]]);
    });

    await t.step("gets an attachment byte for byte", async () => {
      const words = ["get", "attachment", ATTACHMENT_NAME, "--itemid", idOf("attachment"), "--raw"];
      const { text } = await bw.runOk(words, { session });
      equal(sha256(text), sha256(fixture.revealKey("attachment").revealPrivateText()));
    });

    await t.step("sees a changed and a removed item after a sync", async () => {
      const [changed] = fixture.contents.items.filter(({ id }) => id === idOf("ed25519"));
      ok(changed !== undefined);
      server.put({ ...changed, name: "Renamed" });
      server.remove(idOf("rsa-2048"));
      await bw.runOk(["sync"], { session });
      const listed = namesAndIds(await bw.json(["list", "items"], { session }));
      equal(listed.find(({ id }) => id === changed.id)?.name, "Renamed");
      equal(listed.find(({ id }) => id === idOf("rsa-2048")), undefined);
    });

    await t.step("fails a sync on a server error and stays logged in", async () => {
      using _fault = server.inject({
        on: /^GET \/api\/(sync|accounts)/,
        reply: json({ message: "Out of order" }, 500),
      });
      const { code, stderr } = await bw.run(["sync", "--force"], { session });
      equal(code, 1);
      match(stderr, /Syncing failed: Out of order/);
      equal((await bw.run(["unlock", "--check"], { session })).code, 0);
    });

    await t.step("waits for a server that never answers", async () => {
      using _fault = server.inject({ on: /^GET \/api\/(sync|accounts)/, reply: { kind: "black-hole" } });
      server.clearRequests();
      await using hanging = bw.start(["sync"], { session });
      await server.waitForRequest(/^GET \/api\/accounts\/revision-date$/);
      equal(hanging.status, undefined);
    });

    await t.step("loses its login by a 401, without harm to a copy", async () => {
      await using copy = bw.clone();
      server.tokens.revoke();
      const { code } = await copy.run(["sync"], { session });
      equal(code, 1);
      equal((await copy.run(["login", "--check"], { session })).code, 1);
      equal((await bw.run(["unlock", "--check"], { session })).code, 0);
    });
  },
});

Deno.test({
  name: "the real bw with an API key against the test vault",
  ignore: tools.bw === undefined,
  async fn(t): Promise<void> {
    const fixture = await makeVaultFixture({ only: ["ed25519"] });
    await using server = await VaultServer.start(fixture.contents);
    await using bw = new BwAccount(server, bwProgram(tools));
    await bw.configureServer();

    await t.step("is refused with a wrong password or secret", async () => {
      const env = { WRONG: "wrong", BW_CLIENTID: server.account.clientId, BW_CLIENTSECRET: "wrong" };
      const login = await bw.run(["login", server.account.email, "--passwordenv", "WRONG", "--raw"], { env });
      deepEqual([login.code, login.text], [1, ""]);
      match(login.stderr, /Invalid master password/);
      const apiKey = await bw.run(["login", "--apikey"], { env });
      equal(apiKey.code, 1);
      match(apiKey.stderr, /client_id or client_secret is incorrect/);
    });

    await t.step("is logged in and locked, then unlocked by the password only", async () => {
      await bw.loginApiKey();
      match((await bw.run(["unlock", "--check"])).stderr, /Vault is locked/);
      const wrong = await bw.run(["unlock", "--passwordenv", "WRONG", "--raw"], { env: { WRONG: "wrong" } });
      deepEqual([wrong.code, wrong.text], [1, ""]);
      const session = await bw.unlockRaw();
      equal(session.length, 88);
      equal((await bw.run(["unlock", "--check"], { session })).code, 0);
    });
  },
});

/** What of an item is compared. Secrets only as digests, so that a failing test prints none. */
interface ItemView {
  readonly id: unknown;
  readonly [part: string]: unknown;
}

function viewOfListed(item: Readonly<Record<string, unknown>>): ItemView {
  const { id, type, name, notes, folderId, organizationId, collectionIds, reprompt } = item;
  const login = item["login"] as Readonly<Record<string, unknown>> | undefined;
  const sshKey = item["sshKey"] as Readonly<Record<string, unknown>> | undefined;
  const fields = item["fields"] as readonly Readonly<Record<string, unknown>>[];
  const attachments = item["attachments"] as readonly Readonly<Record<string, unknown>>[];
  return {
    ...{ id, type, name, folderId, organizationId, collectionIds, reprompt },
    notes: digest(notes),
    login: login === undefined ? undefined : [login["username"], digest(login["password"]), login["uris"]],
    sshKey: sshKey === undefined ? undefined : digest(sshKey["privateKey"]),
    claim: sshKey?.["publicKey"],
    fields: fields.map((field) => [field["type"], field["name"], digest(field["value"])]),
    attachments: attachments.map(({ id, fileName }) => ({ id, fileName })),
  };
}

function viewOfPlain(item: PlainItem): ItemView {
  const { id, type, name, notes, folderId, organizationId, collectionIds = [], reprompt = false } = item;
  const { login, fields = [], attachments = [] } = item;
  // What cannot be decrypted, and what is not there, is printed as empty strings.
  const sshKey = item.damaged === true || item.sshKey === null ? { privateKey: "", publicKey: "" } : item.sshKey;
  return {
    ...{ id, type, name, folderId, organizationId, collectionIds, reprompt: reprompt ? 1 : 0 },
    notes: digest(notes),
    login: login === undefined ? undefined : [login.username, digest(login.password), [{ uri: login.uri }]],
    sshKey: sshKey === undefined ? undefined : digest(sshKey.privateKey),
    claim: sshKey?.publicKey ?? (sshKey === undefined ? undefined : ""),
    fields: fields.map((field) => [field.type, field.name, digest(field.value)]),
    attachments: attachments.map(({ id, fileName }) => ({ id, fileName })),
  };
}

function digest(value: unknown): string | undefined {
  return typeof value === "string" ? sha256(value) : undefined;
}

function sorted(views: readonly ItemView[]): readonly ItemView[] {
  return views.toSorted((a, b) => String(a.id).localeCompare(String(b.id)));
}

function namesAndIds(list: unknown): readonly { readonly id: unknown; readonly name: unknown }[] {
  ok(Array.isArray(list));
  return list.map(({ id, name }) => ({ id, name }));
}

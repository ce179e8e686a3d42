import { deepStrictEqual as deepEqual, ok, strictEqual as equal } from "node:assert/strict";
import type { Selection } from "../../mod/source/bitwarden/collector.ts";
import { DEFAULT_QUERY } from "../../mod/source/bitwarden/query_tree.ts";
import {
  A,
  B,
  bench,
  byQuery,
  C,
  codeOf,
  D,
  explicit,
  list,
  never,
  PEM,
  SESSION,
  ssh,
} from "../support/bitwarden_bench.ts";

Deno.test("load() takes one call of bw, whatever the number of keys", async () => {
  using on = bench({ "list items": list(...Array.from({ length: 300 }, (_, at) => ssh(A, `key ${at}`))) });
  await on.source.load(on.receiver, never);
  deepEqual(on.runner.words, ["list items --nointeraction"]);
  equal(on.receiver.keys.length, 300);
});

Deno.test("read() hands over what the item says", async () => {
  using on = bench({ "list items": list(ssh(A, "laptop", { reprompt: 1 }), { type: 1, name: "login", id: B }) });
  const outcome = await on.source.read(on.receiver, never);
  deepEqual(outcome, { calls: 1, items: 2, warnings: [] });
  deepEqual(on.receiver.keys, [{
    identityId: `${A}#key`,
    itemName: "laptop",
    comment: "laptop",
    claimedPublicKey: "ssh-ed25519 AAAA laptop",
    reprompt: true,
  }]);
  deepEqual(on.receiver.materials, [`${PEM} laptop`]);
  deepEqual(on.receiver.problems, []);
});

Deno.test("read() gives the session in the environment only, and the rest as configured", async () => {
  using on = bench({ "list items": list() }, { dataDir: "/srv/bw" });
  await on.source.read(on.receiver, never);
  const [call] = on.runner.calls;
  equal(call?.session, `BW_SESSION=${SESSION}`);
  deepEqual(call?.command.argv, ["/opt/bw", "list", "items", "--nointeraction"]);
  deepEqual(call?.command.env, { PATH: "/usr/bin" });
  equal(call?.command.deadlineMs, 30_000);
  deepEqual(on.memory.published, []);
});

Deno.test("read() names keys by their place in the item", async () => {
  const note = { type: 2, name: "note", id: B, notes: PEM };
  const login = { type: 1, name: "login", id: C, fields: [{ type: 1, name: "deploy", value: PEM }] };
  using on = bench({ "list items": list(note, login) }, { selection: byQuery("type:note OR type:field") });
  await on.source.read(on.receiver, never);
  deepEqual(on.receiver.keys.map(({ identityId, comment }) => [identityId, comment]), [
    [`${B}#notes`, "note"],
    [`${C}#field:deploy`, "login/deploy"],
  ]);
});

Deno.test("read() shows an item whose name cannot be read by its id", async () => {
  using on = bench({ "list items": list(ssh(A, ""), ssh(B, "x", { sshKey: null, name: null })) });
  await on.source.read(on.receiver, never);
  equal(on.receiver.keys[0]?.itemName, A);
  deepEqual(on.receiver.problems.map(({ identityId, itemName }) => [identityId, itemName]), [[`${B}#key`, B]]);
});

Deno.test("read() leaves out archived and deleted items, and items the query does not want", async () => {
  const items = [
    ssh(A, "gone work", { deletedDate: "2026-01-01" }),
    ssh(B, "old work", { archivedDate: "2026-01-01" }),
    ssh(C, "broken other", { sshKey: null }),
    ssh(D, "work key"),
  ];
  using on = bench({ "list items": list(...items) }, { selection: byQuery("work") });
  await on.source.read(on.receiver, never);
  deepEqual(on.receiver.ids, [`${D}#key`]);
  deepEqual(on.receiver.problems, []);
});

Deno.test("read() restricts a query to collections", async () => {
  const items = [ssh(A, "a", { collectionIds: ["X1"] }), ssh(B, "b", { collectionIds: ["y"] }), ssh(C, "c")];
  const selection: Selection = { mode: "query", query: DEFAULT_QUERY, collectionIds: ["x1", "z"] };
  using on = bench({ "list items": list(...items) }, { selection });
  await on.source.read(on.receiver, never);
  deepEqual(on.receiver.ids, [`${A}#key`]);
});

Deno.test("read() looks up names at one call per kind, and only then", async () => {
  const script = {
    "list folders": list({ name: "Work", object: "folder", id: "F1" }, { name: "No Folder", object: "folder", id: "" }),
    "list organizations": list({ object: "organization", id: "o1", name: "Acme", status: 2 }),
    "list items": list(
      ssh(A, "a", { folderId: "f1" }),
      ssh(B, "b", { organizationId: "o1" }),
      ssh(C, "c", { folderId: "f2" }),
    ),
  };
  using on = bench(script, { selection: byQuery("folder:Work OR folder:Play OR org:Acme") });
  const { calls, warnings } = await on.source.read(on.receiver, never);
  deepEqual(on.runner.words.map((words) => words.replace(" --nointeraction", "")), [
    "list folders",
    "list organizations",
    "list items",
  ]);
  equal(calls, 3);
  deepEqual(on.receiver.ids, [`${A}#key`, `${B}#key`]);
  deepEqual(warnings.map(({ code }) => code), ["place-unknown"]);
  ok(/"Play", which is none of the folders/.test(warnings[0]?.message ?? ""));
  ok(
    !on.memory.published.includes("Acme") && !on.memory.published.includes("No Folder"),
    "place names stay in locked memory",
  );
});

Deno.test("read() finds items in no folder by the name bw has for it", async () => {
  const script = {
    "list folders": list({ name: "No Folder", id: "" }),
    "list items": list(ssh(A, "a", { folderId: "f1" }), ssh(B, "b", { folderId: null })),
  };
  using on = bench(script, { selection: byQuery('folder:"No Folder"') });
  await on.source.read(on.receiver, never);
  deepEqual(on.receiver.ids, [`${B}#key`]);
});

for (const text of ["{}", '"x"', "null", "7", '[{"id":1,"name":[{"id":"x"}]}] x']) {
  Deno.test(`read() refuses ${text} as a list of folders`, async () => {
    using on = bench({ "list folders": { stdout: text } }, { selection: byQuery("folder:Work") });
    equal(await codeOf(on.source.read(on.receiver, never)), "not-json");
  });
}

Deno.test("read() offers explicit items in the order of the configuration, others not at all", async () => {
  const items = list(ssh(A, "a"), ssh(B, "b"), { type: 2, name: "n", id: C, notes: PEM }, ssh(D, "d"));
  using on = bench({ "list items": items }, { selection: explicit(C, A.toUpperCase(), D, A) });
  await on.source.read(on.receiver, never);
  deepEqual(on.receiver.ids, [`${C}#notes`, `${A}#key`, `${D}#key`]);
  deepEqual(on.receiver.problems, []);
});

Deno.test("read() says of each explicit item why it cannot be had", async () => {
  const items = list(
    ssh(A, "a", { deletedDate: "x" }),
    { type: 1, name: "login", id: B },
    ssh(C, "c", { sshKey: null }),
  );
  using on = bench({ "list items": items }, { selection: explicit(D, A, B, C) });
  await on.source.read(on.receiver, never);
  deepEqual(on.receiver.ids, []);
  deepEqual(on.receiver.problems.map(({ identityId, itemName }) => [identityId, itemName]), [
    [`${D}#key`, D],
    [`${A}#key`, "a"],
    [`${B}#key`, B],
    [`${C}#key`, "c"],
  ]);
  const said = on.receiver.problems.map(({ message }) => message);
  for (
    const [at, words] of [
      /not among the items/,
      /in the trash or archived/,
      /holds no private key/,
      /not printed by bw/,
    ].entries()
  ) {
    ok(words.test(said[at] ?? ""), said[at]);
  }
  ok(on.receiver.problems.every(({ hint }) => hint !== undefined));
});

Deno.test("read() wipes explicit items when the listing breaks off", async () => {
  const { stdout = "" } = list(ssh(A, "a"), ssh(B, "b"));
  using on = bench({ "list items": { stdout: stdout.slice(0, -4) } }, { selection: explicit(A, B) });
  equal(await codeOf(on.source.read(on.receiver, never)), "not-json");
  deepEqual(on.receiver.ids, []);
});

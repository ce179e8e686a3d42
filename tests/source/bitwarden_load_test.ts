import { deepStrictEqual as deepEqual, ok, strictEqual as equal } from "node:assert/strict";
import { BitwardenSource } from "../../mod/source/bitwarden/bitwarden_source.ts";
import type { Selection } from "../../mod/source/bitwarden/collector.ts";
import { DEFAULT_QUERY } from "../../mod/source/bitwarden/query_tree.ts";
import type { CommandEnd } from "../../mod/source/command.ts";
import type { SourceError } from "../../mod/source/source.ts";
import {
  A,
  B,
  bench,
  byQuery,
  C,
  codeOf,
  COMPLETE,
  D,
  explicit,
  failed,
  list,
  never,
  PEM,
  Receiver,
  SESSION,
  ssh,
} from "../support/bitwarden_bench.ts";
import { HeapMemory } from "../support/heap_memory.ts";
import { type Scripted, ScriptedRunner } from "../support/scripted_runner.ts";

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

const LISTINGS: readonly { readonly name: string; readonly play: Scripted; readonly code: string }[] = [
  { name: "nothing with exit code 0", play: {}, code: "empty-output" },
  { name: "a blank line with exit code 0", play: { stdout: "\n" }, code: "empty-output" },
  { name: "nothing with exit code 1", play: { end: failed("Vault is locked.") }, code: "locked" },
  { name: "half an answer with exit code 0", play: { stdout: COMPLETE.slice(0, 50) }, code: "not-json" },
  {
    name: "half an answer and a crash",
    play: { stdout: COMPLETE.slice(0, 50), end: failed("x\n    at y:1") },
    code: "bw-crashed",
  },
  {
    name: "half an answer and a kill",
    play: { stdout: "[", end: { kind: "signalled", signal: 9, stderr: "" } },
    code: "killed",
  },
  {
    name: "half an answer within the deadline",
    play: { stdout: "[", end: { kind: "deadline", stderr: "" } },
    code: "timeout",
  },
  { name: "a paragraph", play: { stdout: "Your vault is locked." }, code: "not-json" },
  { name: "debugging output before the JSON", play: { stdout: `[debug] x\n${COMPLETE}` }, code: "not-json" },
  { name: "something after the JSON", play: { stdout: `${COMPLETE}x` }, code: "not-json" },
  { name: "an object", play: { stdout: '{"success":true,"data":[]}' }, code: "not-json" },
  { name: "no process", play: { end: { kind: "not-started", code: "ENOENT", path: "/opt/bw" } }, code: "bw-absent" },
  { name: "no login", play: { end: failed("You are not logged in.") }, code: "logged-out" },
];

for (const { name, play, code } of LISTINGS) {
  Deno.test(`read() fails with ${code} when bw gives ${name}`, async () => {
    using on = bench({ "list items": play });
    equal(await codeOf(on.source.read(on.receiver, never)), code);
  });
}

Deno.test("read() takes a complete answer although bw then fails, and says so", async () => {
  for (const end of [failed("You are not logged in."), { kind: "deadline", stderr: "" } as const]) {
    // A runner that cannot stop the child in time: the sink's answer is not heeded.
    const memory = new HeapMemory();
    const runner = new ScriptedRunner(memory, () => ({ stdout: COMPLETE, step: 20 }));
    const stubborn = {
      run: async (...[command, sink]: Parameters<ScriptedRunner["run"]>): Promise<CommandEnd> => {
        await runner.run(command, (chunk) => {
          sink(chunk);
          return "more";
        });
        return end;
      },
    };
    using source = new BitwardenSource({
      runner: stubborn,
      memory,
      words: ["/opt/bw"],
      env: {},
      dataDir: undefined,
      deadlineMs: 1000,
      selection: { mode: "query", query: DEFAULT_QUERY, collectionIds: [] },
      attachments: false,
    });
    source.setSession(memory.of(SESSION));
    const receiver = new Receiver();
    const { warnings } = await source.read(receiver, never);
    equal(receiver.keys.length, 1);
    equal(warnings.length, 1);
    ok(
      /^bw could list the items of the vault, and then failed: /.test(warnings[0]?.message ?? ""),
      warnings[0]?.message,
    );
  }
});

Deno.test("read() stops listening at the last bracket", async () => {
  using on = bench({ "list items": { stdout: `${COMPLETE}\n`, step: COMPLETE.length, end: failed("never seen") } });
  const { warnings } = await on.source.read(on.receiver, never);
  deepEqual(warnings, []);
});

Deno.test("read() reports a full arena by name", async () => {
  using on = bench({ "list items": list(ssh(A, "a")) });
  on.memory.limit = on.memory.live + 100;
  const end = await on.source.read(on.receiver, never).then(() => "loaded", (error: SourceError) => error.code);
  // The listing's own chunks do not fit either, which the scripted runner throws as the real one would.
  equal(end, "no-memory");
});

Deno.test("read() takes 5,000 items in locked memory that does not grow with them", async () => {
  const peaks: number[] = [];
  for (const count of [50, 5000]) {
    const items = Array.from(
      { length: count },
      (_, at) =>
        at % 10 === 0 ? ssh(A, `key ${at}`) : {
          type: 1,
          name: `login ${at}`,
          id: B,
          notes: "x".repeat(200),
          login: { username: "u", password: "p".repeat(40) },
        },
    );
    using on = bench({ "list items": { stdout: JSON.stringify(items), step: 4096 } });
    const { items: seen } = await on.source.read(on.receiver, never);
    deepEqual([seen, on.receiver.keys.length], [count, count / 10]);
    peaks.push(on.memory.peak);
  }
  ok((peaks[1] ?? 0) <= (peaks[0] ?? 0) + 16, peaks.join());
  ok((peaks[1] ?? 0) < 16_384, peaks.join());
});

Deno.test("nothing of a vault is published but ids, and names and public halves of what is offered", async () => {
  const items = list(
    ssh(A, "key name", { notes: "SECRET", fields: [{ type: 0, name: "SECRET", value: "SECRET" }] }),
    {
      type: 1,
      name: "SECRET",
      id: B,
      login: { password: "SECRET" },
      fields: [{ type: 1, name: "SECRET", value: "SECRET" }],
    },
  );
  using on = bench({ "list items": items });
  await on.source.read(on.receiver, never);
  deepEqual(new Set(on.memory.published), new Set([A, B, "key name", "ssh-ed25519 AAAA key name"]));
});

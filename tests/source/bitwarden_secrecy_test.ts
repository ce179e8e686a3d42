import { deepStrictEqual as deepEqual, ok, strictEqual as equal } from "node:assert/strict";
import fc from "fast-check";
import { openArena } from "../../ffi/arena.ts";
import { openLibc } from "../../ffi/libc.ts";
import { ITEM_KEYS } from "../../mod/source/bitwarden/item_reader.ts";
import { ID, LOGIN, NOTE, PEM, PUBLIC, read, SSH_ITEM } from "../support/bitwarden_items.ts";
import { HeapMemory } from "../support/heap_memory.ts";

const SPIED_FIELDS = [
  { type: 0, name: "SECRET field name", value: "SECRET field value" },
  { type: 1, name: "SECRET hidden name", value: "SECRET hidden value" },
  { type: 0, name: "tag", value: "SECRET tag" },
];
/** A vault in which every value says what it is, so that whatever becomes a string can be told. */
const SPIED = [
  {
    ...LOGIN,
    name: "SECRET login name",
    notes: "SECRET notes",
    folderId: "folder-1",
    collectionIds: ["collection-1"],
    fields: SPIED_FIELDS,
    attachments: [{ id: "SECRET-attachment", fileName: "SECRET file", size: "1" }],
    passwordHistory: [{ password: "SECRET old password", lastUsedDate: "x" }],
  },
  { ...NOTE, name: "SECRET note name", notes: "SECRET text" },
  {
    ...SSH_ITEM,
    notes: "SECRET notes",
    sshKey: { privateKey: "SECRET key", publicKey: PUBLIC, keyFingerprint: "SECRET" },
  },
  { ...NOTE, name: "Note with key", notes: `SECRET ${PEM}` },
];

Deno.test("ItemReader makes strings of allow-listed public values only", () => {
  const memory = new HeapMemory();
  read(JSON.stringify(SPIED), { memory, attachments: true, fields: [{ name: "tag", value: "x" }] });
  deepEqual(memory.published.filter((text) => /SECRET|PRIVATE|hunter2|alice|example/.test(text)), []);
  deepEqual(
    new Set(memory.published),
    new Set([ID, "collection-1", SSH_ITEM.folderId, "SSH ed25519", PUBLIC, "Note with key"]),
  );
});

Deno.test("ItemReader names what it has no locked memory for, and goes on", () => {
  const memory = new HeapMemory();
  memory.limit = 20_000;
  const big = { ...SSH_ITEM, sshKey: { privateKey: "x".repeat(30_000), publicKey: PUBLIC } };
  const seen = read(JSON.stringify([big, SSH_ITEM]), { memory, step: 500 });
  ok(/key: Its private key found no room in locked memory/.test(seen[0]?.problems.join() ?? ""));
  deepEqual(seen[1]?.keys, [["key", PEM, PUBLIC]]);
});

Deno.test("ItemReader needs no more locked memory for 5,000 items than for 5", () => {
  const crowd = (count: number): string => {
    const items = Array.from(
      { length: count },
      (_, at) => at % 5 === 0 ? SSH_ITEM : { ...LOGIN, fields: SPIED_FIELDS },
    );
    return JSON.stringify(items);
  };
  const peaks = [5, 5000].map((count) => {
    const memory = new HeapMemory();
    equal(read(crowd(count), { memory, step: 65_536 }).length, count);
    return memory.peak;
  });
  // The chunk itself is counted too: the small vault is smaller than one.
  ok((peaks[1] ?? 0) <= 2 * 65_536 + 16_384, `peak ${peaks[1]}`);
});

Deno.test("ItemReader survives any vault-shaped document and leaks nothing", () => {
  using libc = openLibc();
  using arena = openArena(libc, { requireLocked: false });
  const leaf = fc.oneof(fc.constantFrom(PEM, ID, "", "id_rsa", 5, 2, 1, 0, true, null), fc.string({ unit: "binary" }));
  const nested = fc.letrec((tie) => ({
    value: fc.oneof(
      { maxDepth: 4 },
      leaf,
      fc.array(tie("value"), { maxLength: 3 }),
      fc.dictionary(fc.constantFrom(...ITEM_KEYS), tie("value"), { maxKeys: 8, noNullPrototype: true }),
    ),
  })).value;
  const items = fc.array(fc.dictionary(fc.constantFrom(...ITEM_KEYS), nested, { noNullPrototype: true }), {
    maxLength: 4,
  });
  fc.assert(
    fc.property(items, fc.integer({ min: 1, max: 200 }), (vault, step) => {
      const seen = read(JSON.stringify(vault), {
        memory: arena,
        step,
        attachments: true,
        fields: [{ name: "", value: "" }],
      });
      equal(seen.length, vault.length);
      equal(arena.status().used, 0);
      for (const { item } of seen) for (const { slot } of item.keys) ok(item.name !== undefined && slot !== "");
    }),
    { numRuns: 100 },
  );
});

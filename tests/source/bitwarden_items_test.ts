import { deepEqual, equal, ok, throws } from "node:assert/strict";
import fc from "fast-check";
import { openArena } from "../../ffi/arena.ts";
import { openLibc } from "../../ffi/libc.ts";
import type { SecretMemory } from "../../ffi/secret.ts";
import { ITEM_KEYS, ItemReader, type ReaderOptions } from "../../mod/source/bitwarden/item_reader.ts";
import { findPrivateKeys } from "../../mod/source/bitwarden/key_text.ts";
import { JsonTokenizer } from "../../mod/source/bitwarden/tokenizer.ts";
import { type VaultItem, wipeItem } from "../../mod/source/bitwarden/vault_item.ts";
import { HeapMemory, peekText } from "../support/heap_memory.ts";

const ID = "0b8f5b3e-9a53-4c0e-8d2e-3a6b5c7d8e9f";
/** Marked like a key and none: the reader looks at markers only. */
const PEM = "-----BEGIN OPENSSH PRIVATE KEY-----\nbm90IGEga2V5\n-----END OPENSSH PRIVATE KEY-----\n";
const CUT = PEM.trimEnd();
const PUBLIC = "ssh-ed25519 AAAA demo";

interface Seen {
  readonly id: string;
  readonly name: string;
  readonly keys: readonly (readonly [slot: string, material: string, claimed: string | undefined])[];
  readonly problems: readonly string[];
  readonly item: VaultItem;
}

interface Reading extends Partial<ReaderOptions> {
  readonly memory?: SecretMemory;
  /** Bytes per chunk. */
  readonly step?: number;
}

/** Reads a listing and tells what came of it. */
function read(
  json: string,
  { memory = new HeapMemory(), step = 7, fields = [], attachments = false }: Reading = {},
): Seen[] {
  const seen: Seen[] = [];
  const live = memory instanceof HeapMemory ? memory.live : 0;
  {
    using reader = new ItemReader(memory, { fields, attachments }, (item) => {
      seen.push({
        id: item.id,
        name: item.name,
        keys: item.keys.map(({ slot, material, claimedPublicKey }) => [slot, peekText(material), claimedPublicKey]),
        problems: item.problems.map(({ slot, message }) => `${slot}: ${message}`),
        item,
      });
      wipeItem(item);
    });
    const tokenizer = new JsonTokenizer(reader, ITEM_KEYS);
    const bytes = new TextEncoder().encode(json);
    for (let at = 0; at < bytes.length; at += step) {
      using writer = memory.writer(step);
      writer.appendPublic(bytes.subarray(at, at + step));
      using chunk = writer.finish();
      tokenizer.push(chunk);
    }
    tokenizer.end();
  }
  if (memory instanceof HeapMemory) equal(memory.live, live, "bytes left in locked memory");
  return seen;
}

function readOne(item: unknown, options: Reading = {}): Seen {
  const [only, ...others] = read(JSON.stringify([item]), options);
  ok(only !== undefined && others.length === 0);
  return only;
}

const SSH_ITEM = {
  type: 5,
  name: "SSH ed25519",
  favorite: false,
  reprompt: 0,
  id: ID,
  collectionIds: [],
  object: "item",
  folderId: "11111111-2222-4333-8444-555555555555",
  fields: [],
  sshKey: { privateKey: PEM, publicKey: PUBLIC, keyFingerprint: "SHA256:abc" },
  passwordHistory: [],
  creationDate: "2026-11-22T03:20:46.760Z",
  revisionDate: "2026-11-22T03:20:46.760Z",
  attachments: [],
};

Deno.test("ItemReader reads an SSH-key item as bw 2026.9 prints it", () => {
  const seen = readOne(SSH_ITEM);
  deepEqual(seen.keys, [["key", PEM, PUBLIC]]);
  deepEqual(seen.problems, []);
  const { id, name, type, reprompt, leftOut, folderId, organizationId, collectionIds, holds } = seen.item;
  deepEqual({ id, name, type, reprompt, leftOut, folderId, organizationId, collectionIds, holds: [...holds] }, {
    id: ID,
    name: "SSH ed25519",
    type: 5,
    reprompt: false,
    leftOut: false,
    folderId: SSH_ITEM.folderId,
    organizationId: "",
    collectionIds: [],
    holds: ["key"],
  });
});

Deno.test("ItemReader takes null for absent, as bw 2024.12 and 2025.12 print it", () => {
  const old = {
    ...SSH_ITEM,
    organizationId: null,
    folderId: null,
    notes: null,
    deletedDate: null,
    archivedDate: null,
    passwordHistory: null,
    fields: null,
    attachments: null,
    collectionIds: null,
    reprompt: null,
    sshKey: { privateKey: PEM, publicKey: null, keyFingerprint: null },
  };
  const seen = readOne(old, { attachments: true });
  deepEqual(seen.keys, [["key", PEM, undefined]]);
  equal(seen.item.leftOut, false);
  equal(seen.item.reprompt, false);
  equal(seen.item.folderId, "");
});

Deno.test("ItemReader does not rely on the order of keys", () => {
  const entries = Object.entries(SSH_ITEM);
  fc.assert(
    fc.property(
      fc.shuffledSubarray(entries, { minLength: entries.length }),
      fc.integer({ min: 1, max: 64 }),
      (order, step) => {
        const seen = readOne(Object.fromEntries(order), { step });
        deepEqual([seen.name, seen.keys, seen.problems], ["SSH ed25519", [["key", PEM, PUBLIC]], []]);
      },
    ),
    { numRuns: 60 },
  );
});

Deno.test("ItemReader gives the same items for every size of chunk", () => {
  const text = JSON.stringify([SSH_ITEM, { ...SSH_ITEM, name: 'quote " newline \n NUL \0 ESC \u001b é😀 <b>' }]);
  for (let step = 1; step < 40; step++) {
    deepEqual(read(text, { step }).map((seen) => seen.name), [
      "SSH ed25519",
      'quote " newline \n NUL \0 ESC \u001b é😀 <b>',
    ]);
  }
});

Deno.test("ItemReader preserves a private key byte for byte", () => {
  for (const text of ["\r\nA\r\nB", "no final newline", "é\u0000\u001b😀", " ", "\ufeff-----BEGIN"]) {
    const seen = readOne({ ...SSH_ITEM, sshKey: { privateKey: text, publicKey: "" } });
    deepEqual(seen.keys.map(([, material]) => material), [text]);
    deepEqual(seen.item.keys.map((key) => key.claimedPublicKey), [undefined]);
  }
});

const BROKEN = [
  { name: "no sshKey at all", change: { sshKey: undefined }, problem: /^key: Its private key was not printed by bw$/ },
  { name: "a null sshKey", change: { sshKey: null }, problem: /was not printed by bw/ },
  { name: "an sshKey that is a string", change: { sshKey: PEM }, problem: /was not printed by bw/ },
  { name: "an sshKey that is a list", change: { sshKey: [{ privateKey: PEM }] }, problem: /was not printed by bw/ },
  { name: "a null private key", change: { sshKey: { privateKey: null } }, problem: /was not printed by bw/ },
  { name: "a private key that is a number", change: { sshKey: { privateKey: 7 } }, problem: /was not printed by bw/ },
  {
    name: "three empty strings",
    change: { sshKey: { privateKey: "", publicKey: "", keyFingerprint: "" } },
    problem: /could not be decrypted by bw/,
  },
  {
    name: "the word of older CLIs for what they cannot decrypt",
    change: { sshKey: { privateKey: "[error: cannot decrypt]", publicKey: "[error: cannot decrypt]" } },
    problem: /could not be decrypted by bw/,
  },
  {
    name: "a private key past 64 KiB",
    change: { sshKey: { privateKey: "x".repeat(65_537), publicKey: PUBLIC } },
    problem: /more than 64 KiB/,
  },
  { name: "no id", change: { id: undefined }, problem: /^key: It has no usable id$/ },
  { name: "an id that could be an option", change: { id: "--output" }, problem: /It has no usable id/ },
  { name: "an id past any UUID", change: { id: "a".repeat(65) }, problem: /It has no usable id/ },
] as const;

for (const { name, change, problem } of BROKEN) {
  Deno.test(`ItemReader names an SSH-key item with ${name} and offers nothing of it`, () => {
    const [broken, good] = read(JSON.stringify([{ ...SSH_ITEM, ...change }, { ...SSH_ITEM, name: "next" }]), {
      step: 999,
    });
    equal(broken?.name, "SSH ed25519");
    deepEqual(broken?.keys, []);
    equal(broken?.problems.length, 1);
    ok(problem.test(broken?.problems[0] ?? ""), broken?.problems[0]);
    ok((broken?.item.problems[0]?.hint ?? "").length > 0);
    deepEqual(good?.keys, [["key", PEM, PUBLIC]]);
  });
}

Deno.test("ItemReader takes a private key of exactly 64 KiB", () => {
  const text = "x".repeat(65_536);
  deepEqual(readOne({ ...SSH_ITEM, sshKey: { privateKey: text } }, { step: 60_000 }).keys, [["key", text, undefined]]);
});

Deno.test("ItemReader refuses an item that says something twice", () => {
  const text = JSON.stringify(SSH_ITEM);
  const twice = [
    text.replace('"type":5', '"type":5,"type":5'),
    text.replace('"name":', '"n\\u0061me":"other","name":'),
    text.replace('"privateKey":', '"privateKey":"other","privateKey":'),
    text.replace('"sshKey":', '"sshKey":null,"sshKey":'),
    text.replace('"reprompt":0', '"reprompt":1,"reprompt":0'),
    text.replace('"id":', '"id":"00000000-0000-0000-0000-000000000000","id":'),
  ];
  for (const [at, item] of twice.entries()) {
    ok(item !== text, `case ${at}`);
    const [seen] = read(`[${item}]`);
    deepEqual(seen?.keys, [], `case ${at}`);
    deepEqual(seen?.problems, ["key: It has a property twice"], `case ${at}`);
  }
  const [fine] = read(`[${text.replace('"favorite":', '"favorite":1,"favorite":')}]`);
  equal(fine?.keys.length, 1, "what nobody reads may stand twice");
});

const LEFT_OUT = [
  { change: { deletedDate: "2026-11-22T03:20:46.760Z" }, leftOut: true },
  { change: { archivedDate: "2026-11-22T03:20:46.760Z" }, leftOut: true },
  { change: { deletedDate: "" }, leftOut: true },
  { change: { archivedDate: 0 }, leftOut: true },
  { change: { deletedDate: {} }, leftOut: true },
  { change: { archivedDate: true }, leftOut: true },
  { change: { deletedDate: null, archivedDate: null }, leftOut: false },
] as const;

for (const { change, leftOut } of LEFT_OUT) {
  Deno.test(`ItemReader says ${leftOut} of leaving out ${JSON.stringify(change)}`, () => {
    equal(readOne({ ...SSH_ITEM, ...change }).item.leftOut, leftOut);
  });
}

for (const [value, expected] of [[0, false], [1, true], [null, false], [false, false]] as const) {
  Deno.test(`ItemReader reads the re-prompt flag ${value} as ${expected}`, () => {
    equal(readOne({ ...SSH_ITEM, reprompt: value }).item.reprompt, expected);
  });
}

for (const value of [2, 0.5, true, "0", "", {}, [0]]) {
  Deno.test(`ItemReader takes a re-prompt flag it does not know (${JSON.stringify(value)}) for yes`, () => {
    equal(readOne({ ...SSH_ITEM, reprompt: value }).item.reprompt, true);
  });
}

const NOTE = { type: 2, name: "Note", id: ID, notes: `my key:\n${PEM}keep it`, secureNote: { type: 0 } };
const LOGIN = {
  type: 1,
  name: "Login",
  id: ID,
  notes: PEM,
  login: { username: "alice", password: "hunter2", uris: [{ uri: "https://example.org" }], totp: null },
};

Deno.test("ItemReader cuts the private key out of a secure note's text", () => {
  const seen = readOne(NOTE);
  deepEqual(seen.keys, [["notes", CUT, undefined]]);
  deepEqual([...seen.item.holds], ["notes"]);
});

Deno.test("ItemReader looks at the notes of secure notes only", () => {
  for (const item of [LOGIN, { ...SSH_ITEM, notes: PEM, sshKey: { privateKey: "other" } }, { ...LOGIN, type: 4 }]) {
    ok(readOne(item).keys.every(([slot]) => slot !== "notes"));
    const { type, ...rest } = item;
    ok(readOne({ ...rest, type }).keys.every(([slot]) => slot !== "notes"), "with the type last");
  }
});

Deno.test("ItemReader says so when a note holds two keys, and uses the first", () => {
  const seen = readOne({ ...NOTE, notes: `${PEM}\n-----BEGIN RSA PRIVATE KEY-----\nx\n-----END RSA PRIVATE KEY-----` });
  deepEqual(seen.keys, [["notes", CUT, undefined]]);
  deepEqual(seen.problems, ["notes: Its text holds 2 private keys, and only the first is used"]);
});

Deno.test("ItemReader says so when a note is too long to be looked at", () => {
  const seen = readOne({ ...NOTE, notes: PEM + "x".repeat(70_000) }, { step: 5000 });
  deepEqual(seen.keys, []);
  ok(/notes: Its text has more than 64 KiB/.test(seen.problems.join()));
});

Deno.test("ItemReader finds keys in hidden fields of any item, each with an id of its own", () => {
  const fields = [
    { type: 1, name: "deploy", value: PEM },
    { type: 1, name: "pin", value: "1234" },
    { type: 0, name: "visible", value: PEM },
    { value: PEM, name: "deploy", type: 1 },
    { type: 1, name: "deploy", value: PEM },
    { type: 1, name: null, value: PEM },
    { type: 1, name: "a\u0000b\u202ec\nd", value: PEM },
    { type: 1, name: "no permission", value: null },
    { type: 3, name: "linked", value: null },
    { type: "1", name: "ill-typed", value: PEM },
    { name: "untyped", value: PEM },
    "not a field",
  ];
  const seen = readOne({ ...LOGIN, fields });
  deepEqual(seen.keys.map(([slot]) => slot), [
    "field:deploy",
    "field:deploy#2",
    "field:deploy#3",
    "field:",
    "field:a\ufffdb\ufffdc\ufffdd",
  ]);
  ok(seen.keys.every(([, material]) => material === CUT));
  equal(seen.name, "Login");
  deepEqual([...seen.item.holds], ["field"]);
});

Deno.test("ItemReader holds no more than sixteen field keys of one item", () => {
  const fields = Array.from({ length: 40 }, (_, at) => ({ type: 1, name: `k${at}`, value: PEM }));
  equal(readOne({ ...LOGIN, fields }).keys.length, 16);
});

Deno.test("ItemReader tests visible fields by value and hidden ones by name only", () => {
  const tests = [
    { name: "tag", value: "ssh" },
    { name: "tag", value: undefined },
    { name: "secret", value: "hunter2" },
    { name: "secret", value: undefined },
    { name: "on", value: "true" },
    { name: "absent", value: undefined },
    { name: "empty", value: "" },
    { name: "ill", value: "x" },
  ];
  const fields = [
    { type: 0, name: "tag", value: "other" },
    { name: "tag", value: "ssh", type: 0 },
    { type: 1, name: "secret", value: "hunter2" },
    { type: 2, name: "on", value: "true" },
    { type: 0, name: "empty", value: "" },
    { type: null, name: "ill", value: "x" },
  ];
  const { item } = readOne({ ...SSH_ITEM, fields }, { fields: tests });
  deepEqual(tests.filter((test) => item.passes(test)).map((test) => `${test.name}=${test.value}`), [
    "tag=ssh",
    "tag=undefined",
    "secret=undefined",
    "on=true",
    "empty=",
  ]);
  ok(
    !readOne(SSH_ITEM, { fields: tests }).item.passes(tests[0] ?? { name: "", value: "" }),
    "carried to the next item",
  );
});

const ATTACHMENTS = [
  { id: "a1", fileName: "id_ed25519", size: "411", sizeName: "411 B", url: "https://example.org/a" },
  { id: "a2", fileName: "id_ed25519.pub", size: "99" },
  { id: "a3", fileName: "ID_RSA", size: "1" },
  { id: "a4", fileName: "id_", size: "1" },
  { id: "a5", fileName: "id_rsa-2 copy", size: "1" },
  { id: "a6", fileName: "../id_rsa", size: "1" },
  { id: "--output", fileName: "id_rsa", size: "1" },
  { id: null, fileName: "id_rsa", size: "1" },
  { size: null, fileName: "id_Work-2_x", id: "B7.x" },
  { id: "a8", fileName: null, size: "1" },
];

Deno.test("ItemReader lists attachments named like private keys when told to", () => {
  const { item, name } = readOne({ ...LOGIN, attachments: ATTACHMENTS }, { attachments: true });
  deepEqual(item.attachments, [
    { id: "a1", fileName: "id_ed25519", size: 411 },
    { id: "B7.x", fileName: "id_Work-2_x", size: undefined },
  ]);
  equal(name, "Login");
  deepEqual(readOne({ ...LOGIN, attachments: ATTACHMENTS }).item.attachments, []);
});

for (const text of ["{}", '{"success":false,"message":"x"}', "null-ish", '"x"', "7", "[7]", '["x"]', "[[]]"]) {
  Deno.test(`ItemReader refuses ${text} as a listing`, () => {
    throws(() => read(text), SyntaxError);
  });
}

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
    new Set([ID, "folder-1", "collection-1", SSH_ITEM.folderId, "SSH ed25519", PUBLIC, "Note with key"]),
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

const MARKERS = [
  { name: "one of each label", text: `a${PEM}b`, found: [CUT] },
  { name: "a PKCS#8 key", text: "-----BEGIN PRIVATE KEY-----\nx\n-----END PRIVATE KEY-----", found: 1 },
  {
    name: "an encrypted key",
    text: "-----BEGIN ENCRYPTED PRIVATE KEY-----\nx\n-----END ENCRYPTED PRIVATE KEY-----",
    found: 1,
  },
  { name: "a PKCS#1 key", text: "-----BEGIN RSA PRIVATE KEY-----\nx\n-----END RSA PRIVATE KEY-----", found: 1 },
  { name: "a SEC1 key", text: "-----BEGIN EC PRIVATE KEY-----\nx\n-----END EC PRIVATE KEY-----", found: 1 },
  { name: "a key on one line", text: CUT.replaceAll("\n", "\\n"), found: 1 },
  {
    name: "a certificate before a key",
    text: `-----BEGIN CERTIFICATE-----\nx\n-----END CERTIFICATE-----\n${PEM}`,
    found: [CUT],
  },
  {
    name: "a key without an end",
    text: "x -----BEGIN PRIVATE KEY-----\nabc",
    found: ["-----BEGIN PRIVATE KEY-----\nabc"],
  },
  { name: "another label's end", text: "-----BEGIN PRIVATE KEY-----\nabc\n-----END RSA PRIVATE KEY-----", found: 1 },
  { name: "PuTTY's format", text: "PuTTY-User-Key-File-3: ssh-ed25519\n", found: 1 },
  {
    name: "a PGP key",
    text: "-----BEGIN PGP PRIVATE KEY BLOCK-----\nx\n-----END PGP PRIVATE KEY BLOCK-----",
    found: 0,
  },
  { name: "a public key", text: "-----BEGIN PUBLIC KEY-----\nx\n-----END PUBLIC KEY-----", found: 0 },
  { name: "words about keys", text: "the PRIVATE KEY is -----BEGIN nowhere", found: 0 },
  { name: "nothing", text: "", found: 0 },
] as const;

for (const { name, text, found } of MARKERS) {
  Deno.test(`findPrivateKeys() in ${name}`, () => {
    using secret = new HeapMemory().of(text);
    const cuts = findPrivateKeys(secret).map(({ start, end }) => peekText(secret.view(start, end)));
    if (typeof found === "number") equal(cuts.length, found);
    else deepEqual(cuts, found);
  });
}

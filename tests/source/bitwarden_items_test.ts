import { deepStrictEqual as deepEqual, ok, strictEqual as equal, throws } from "node:assert/strict";
import fc from "fast-check";
import { ID, PEM, PUBLIC, read, readOne, SSH_ITEM } from "../support/bitwarden_items.ts";

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

for (const text of ["{}", '{"success":false,"message":"x"}', "null-ish", '"x"', "7", "[7]", '["x"]', "[[]]"]) {
  Deno.test(`ItemReader refuses ${text} as a listing`, () => {
    throws(() => read(text), SyntaxError);
  });
}

import { deepStrictEqual as deepEqual, ok, strictEqual as equal } from "node:assert/strict";
import { findPrivateKeys } from "../../mod/source/bitwarden/key_text.ts";
import { CUT, LOGIN, NOTE, PEM, readOne, SSH_ITEM } from "../support/bitwarden_items.ts";
import { HeapMemory, peekText } from "../support/heap_memory.ts";

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

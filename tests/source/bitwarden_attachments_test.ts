import { deepStrictEqual as deepEqual, ok, strictEqual as equal } from "node:assert/strict";
import { A, B, bench, byQuery, C, explicit, failed, FILE, list, never, PEM, ssh } from "../support/bitwarden_bench.ts";
import { type Scripted } from "../support/scripted_runner.ts";

Deno.test("read() fetches attachments only when told to, raw, by id, one after the other", async () => {
  const items = list(
    ssh(A, "a", { attachments: [FILE, { id: "att2", fileName: "id_rsa", size: "900" }] }),
    { type: 1, name: "login", id: B, attachments: [FILE] },
    { type: 1, name: "other", id: C, attachments: [{ id: "att3", fileName: "photo.jpg", size: "1" }] },
  );
  const script = {
    "list items": items,
    [`get attachment att1 --itemid ${A} --raw`]: { stdout: `${PEM}1`, step: 10 },
    [`get attachment att2 --itemid ${A} --raw`]: { stdout: `${PEM}2` },
    [`get attachment att1 --itemid ${B} --raw`]: { stdout: `${PEM}3` },
  };
  using on = bench(script, { selection: byQuery("type:ssh OR type:attachment"), attachments: true });
  const { calls } = await on.source.read(on.receiver, never);
  equal(calls, 4);
  equal(on.runner.most, 1);
  deepEqual(on.receiver.keys.map(({ identityId, comment }) => [identityId, comment]), [
    [`${A}#key`, "a"],
    [`${A}#attachment:att1`, "a/id_ed25519"],
    [`${A}#attachment:att2`, "a/id_rsa"],
    [`${B}#attachment:att1`, "login/id_ed25519"],
  ]);
  deepEqual(on.receiver.materials.slice(1), [`${PEM}1`, `${PEM}2`, `${PEM}3`]);

  using off = bench({ "list items": items }, { selection: byQuery("type:ssh OR type:attachment") });
  await off.source.read(off.receiver, never);
  deepEqual(off.receiver.ids, [`${A}#key`]);
});

Deno.test("read() puts an explicit item's attachments in its place", async () => {
  const script = {
    "list items": list(ssh(A, "a"), ssh(B, "b", { attachments: [FILE] })),
    [`get attachment att1 --itemid ${B} --raw`]: { stdout: PEM },
  };
  using on = bench(script, { selection: explicit(B, A), attachments: true });
  await on.source.read(on.receiver, never);
  deepEqual(on.receiver.ids, [`${B}#key`, `${B}#attachment:att1`, `${A}#key`]);
});

const BAD_FILES: readonly {
  readonly name: string;
  readonly size?: string;
  readonly get: Scripted;
  readonly message: RegExp;
}[] = [
  { name: "absent", get: { end: failed("Attachment `att1` was not found.") }, message: /does not have it/ },
  { name: "premium", get: { end: failed("Premium status is required to use this feature.") }, message: /premium/ },
  { name: "empty", get: {}, message: /no complete answer/ },
  { name: "cut off", get: { stdout: PEM, end: failed("boom", 1) }, message: /does not know/ },
  { name: "too long", get: { stdout: "x".repeat(65_537), step: 1000 }, message: /more than 64 KiB/ },
  {
    name: "too long by its entry",
    size: "1000000",
    get: { end: failed("not to be called", 99) },
    message: /more than 64 KiB/,
  },
];

for (const { name, size = "411", get, message } of BAD_FILES) {
  Deno.test(`read() names an attachment that is ${name}, and loads the others`, async () => {
    const attachments = [{ ...FILE, size }, { id: "att2", fileName: "id_rsa", size: "1" }];
    const script = {
      "list items": list(ssh(A, "a", { attachments })),
      [`get attachment att1 --itemid ${A} --raw`]: get,
      [`get attachment att2 --itemid ${A} --raw`]: { stdout: PEM },
    };
    using on = bench(script, { attachments: true });
    await on.source.read(on.receiver, never);
    deepEqual(on.receiver.ids, [`${A}#key`, `${A}#attachment:att2`]);
    equal(on.receiver.problems.length, 1);
    equal(on.receiver.problems[0]?.identityId, `${A}#attachment:att1`);
    ok(message.test(on.receiver.problems[0]?.message ?? ""), on.receiver.problems[0]?.message);
    equal(on.runner.calls.length, size === "411" ? 3 : 2);
  });
}

Deno.test("read() gives attachments up when the server is gone, instead of waiting for each", async () => {
  const script = {
    "list items": list(ssh(A, "a", { attachments: [FILE] }), ssh(B, "b", { attachments: [FILE] })),
    [`get attachment att1 --itemid ${A} --raw`]: { end: { kind: "deadline", stderr: "" } as const },
  };
  using on = bench(script, { attachments: true });
  await on.source.read(on.receiver, never);
  deepEqual(on.receiver.ids, [`${A}#key`, `${B}#key`]);
  deepEqual(on.receiver.problems.map(({ identityId }) => identityId), [`${A}#attachment:att1`, `${B}#attachment:att1`]);
});

import { deepStrictEqual as deepEqual, ok, strictEqual as equal, throws } from "node:assert/strict";
import { openArena } from "../../ffi/arena.ts";
import { openLibc } from "../../ffi/libc.ts";
import { type Secret, SecretMemoryError } from "../../ffi/secret.ts";
import { bytesOf } from "../../ffi/secret_bytes.ts";

const PUBLIC = new TextEncoder();

/** Runs `body` on a fresh arena and demands that it gave everything back. */
function withArena(body: (arena: ReturnType<typeof openArena>) => void): void {
  using libc = openLibc();
  using arena = openArena(libc, { requireLocked: false });
  body(arena);
  equal(arena.status().used, 0, "bytes still handed out");
}

function secretOf(arena: ReturnType<typeof openArena>, text: string): Secret {
  using writer = arena.writer(1 << 16);
  writer.appendPublic(PUBLIC.encode(text));
  return writer.finish();
}

Deno.test("allocate() gives zeroed bytes that do not overlap, and takes them back in any order", () => {
  withArena((arena) => {
    const secrets = Array.from({ length: 200 }, (_, i) => arena.allocate(1 + (i * 37) % 900));
    for (const [i, secret] of secrets.entries()) {
      ok(bytesOf(secret).every((byte) => byte === 0));
      bytesOf(secret).fill(1 + i % 255);
    }
    for (const [i, secret] of secrets.entries()) ok(bytesOf(secret).every((byte) => byte === 1 + i % 255));
    for (const secret of secrets.filter((_, i) => i % 3 === 0)) secret.wipe();
    for (const secret of secrets.filter((_, i) => i % 3 !== 0).reverse()) secret.wipe();
    const { mapped } = arena.status();
    using _whole = arena.allocate(mapped);
    equal(arena.status().mapped, mapped, "the free ranges were not joined again");
  });
});

Deno.test("wipe() zeroes the bytes and ends the secret and its views", () => {
  withArena((arena) => {
    const secret = secretOf(arena, "not a real secret");
    const live = bytesOf(secret);
    const view = secret.view(4, 8);
    secret.wipe();
    secret.wipe();
    ok(live.every((byte) => byte === 0));
    throws(() => secret.uint8(0), /after it was wiped/);
    throws(() => view.uint8(0), /after it was wiped/);
    throws(() => view.publicCopy(), /after it was wiped/);
  });
});

Deno.test("a secret answers questions and shows nothing of itself", () => {
  withArena((arena) => {
    using secret = secretOf(arena, "-----BEGIN\u0001\u0002\u0003\u0004");
    equal(secret.indexOf("BEGIN"), 5);
    equal(secret.indexOf("END"), -1);
    equal(secret.uint32(10), 0x01020304);
    ok(secret.equals(PUBLIC.encode("-----BEGIN\u0001\u0002\u0003\u0004")));
    ok(!secret.equals(PUBLIC.encode("-----BEGIN\u0001\u0002\u0003\u0005")));
    using copy = secret.copy(0, 5);
    deepEqual([...copy.publicCopy()], [45, 45, 45, 45, 45]);
    throws(() => secret.uint8(14), RangeError);
    throws(() => secret.view(3, 15), RangeError);
    throws(() => secret.uint32(12), RangeError);
    equal(JSON.stringify({ secret }), '{"secret":"[secret]"}');
    equal(`${secret}${Deno.inspect(secret)}`, "[secret][secret]");
  });
});

Deno.test("a writer refuses more than its cap and can be used again", () => {
  withArena((arena) => {
    using writer = arena.writer(600);
    for (let i = 0; i < 600; i++) writer.push(i % 251);
    throws(() => writer.push(0), (error) => error instanceof SecretMemoryError && error.code === "too-large");
    using full = writer.finish();
    ok(full.publicCopy().every((byte, i) => byte === i % 251) && full.length === 600);
    writer.push(9);
    writer.reset();
    using empty = writer.finish();
    equal(empty.length, 0);
  });
});

const BASE64 = [
  { text: "", hex: "" },
  { text: "AA==", hex: "00" },
  { text: "AA", hex: "00" },
  { text: "/+8=", hex: "ffef" },
  { text: " YWJj\r\nZGVm\n", hex: "616263646566" },
  { text: "YWJ", hex: "6162" },
  { text: "A", hex: undefined },
  { text: "AA=", hex: undefined },
  { text: "AA==AA", hex: undefined },
  { text: "A*AA", hex: undefined },
  { text: "AAA====", hex: undefined },
] as const;

for (const { text, hex } of BASE64) {
  Deno.test(`decodeBase64() of ${JSON.stringify(text)} is ${hex ?? "refused"}`, () => {
    withArena((arena) => {
      using source = secretOf(arena, text);
      using decoded = arena.decodeBase64(source);
      const bytes = decoded === undefined ? undefined : [...decoded.publicCopy()];
      equal(bytes?.map((byte) => byte.toString(16).padStart(2, "0")).join(""), hex);
    });
  });
}

Deno.test("wipeAll() ends every secret, and the arena stays usable", () => {
  withArena((arena) => {
    const one = arena.allocate(10);
    arena.wipeAll();
    throws(() => one.uint8(0), /after it was wiped/);
    using _two = arena.allocate(10);
  });
});

Deno.test("the arena's pages lie between two that nobody can touch", () => {
  withArena((arena) => {
    using secret = arena.allocate(16);
    const start = BigInt(Deno.UnsafePointer.value(Deno.UnsafePointer.of(bytesOf(secret))));
    const maps = Deno.readTextFileSync("/proc/self/maps").trim().split("\n").map((line) => {
      const [, from = "", to = "", rights = ""] = /^([0-9a-f]+)-([0-9a-f]+) (....)/.exec(line) ?? [];
      return { from: BigInt(`0x${from}`), to: BigInt(`0x${to}`), rights };
    });
    const ours = maps.find(({ from, to }) => from <= start && start < to);
    ok(ours !== undefined);
    equal(ours.rights.slice(0, 3), "rw-");
    equal(maps.find(({ to }) => to === ours.from)?.rights.slice(0, 3), "---");
    equal(maps.find(({ from }) => from === ours.to)?.rights.slice(0, 3), "---");
  });
});

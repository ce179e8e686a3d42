import { deepStrictEqual as deepEqual, rejects, strictEqual as equal } from "node:assert/strict";
import { CryptoError } from "../../ffi/crypto/errors.ts";
import { Turns } from "../../ffi/crypto/turns.ts";

/** Starts jobs that end when told to, and records the order in which they begin. */
function recorder(turns: Turns<string>): {
  readonly begun: string[];
  start(lane: string, name: string): Promise<string>;
  end(name: string): Promise<void>;
} {
  const begun: string[] = [];
  const ends = new Map<string, () => void>();
  return {
    begun,
    start: (lane, name) =>
      turns.run(lane, async (slot) => {
        begun.push(name);
        await new Promise<void>((resolve) => ends.set(name, resolve));
        return `${name} in ${slot}`;
      }),
    async end(name): Promise<void> {
      ends.get(name)?.();
      for (let i = 0; i < 10; i++) await Promise.resolve(); // microtasks only: no clock is involved
    },
  };
}

Deno.test("run() begins as many jobs as there are slots, and gives each its own", async () => {
  using turns = new Turns(["one", "two"]);
  const { begun, start, end } = recorder(turns);
  const results = [start("a", "a1"), start("a", "a2"), start("a", "a3")];
  await end("nobody");
  deepEqual(begun, ["a1", "a2"]);
  equal(turns.waiting, 1);
  await end("a1");
  deepEqual(begun, ["a1", "a2", "a3"]);
  await end("a2");
  await end("a3");
  deepEqual((await Promise.all(results)).map((text) => text.slice(0, 5)), ["a1 in", "a2 in", "a3 in"]);
  equal(new Set((await Promise.all(results)).slice(0, 2).map((text) => text.slice(6))).size, 2);
});

Deno.test("run() lets lanes take turns: a flood delays another lane by one job", async () => {
  using turns = new Turns(["only"]);
  const { begun, start, end } = recorder(turns);
  const flood = Array.from({ length: 5 }, (_, i) => start("flood", `f${i}`));
  const others = [start("a", "a0"), start("a", "a1"), start("b", "b0")];
  await end("nobody");
  for (const name of ["f0", "f1", "a0", "b0", "f2", "a1", "f3", "f4"]) {
    equal(begun.at(-1), name);
    await end(name);
  }
  await Promise.all([...flood, ...others]);
  equal(turns.waiting, 0);
});

Deno.test("run() gives the slot back when a job fails", async () => {
  using turns = new Turns(["only"]);
  await rejects(turns.run("a", () => Promise.reject(new RangeError("no"))), RangeError);
  equal(await turns.run("a", (slot) => Promise.resolve(slot)), "only");
});

Deno.test("run() refuses more than 4,096 who wait", async () => {
  const turns = new Turns(["only"]);
  const { start, end } = recorder(turns);
  const first = start("a", "a");
  const waiting = Array.from({ length: 4096 }, (_, i) => start(`lane ${i % 7}`, `w${i}`));
  await rejects(start("b", "b"), hasCode("busy"));
  turns[Symbol.dispose]();
  for (const one of await Promise.allSettled(waiting)) equal(one.status, "rejected");
  await end("a");
  equal(await first, "a in only", "what ran was disturbed");
  await rejects(start("b", "b"), hasCode("closed"));
});

function hasCode(code: CryptoError["code"]): (error: unknown) => boolean {
  return (error) => error instanceof CryptoError && error.code === code;
}

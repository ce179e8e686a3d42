import { deepStrictEqual as deepEqual, match, ok, strictEqual as equal } from "node:assert/strict";
import { BoundedMap } from "../../mod/policy/bounded_map.ts";
import { FloodGuard, type FloodLimits, MOST_COUNTERS } from "../../mod/policy/flood.ts";
import { later } from "../../mod/policy/moment.ts";
import { fingerprintOf } from "../../mod/ssh/public_key.ts";
import { askWith, blobOf, type Differences, NOW } from "./asks.ts";

const NONE = { connection: 0, process_key: 0, exe: 0 };
const OFF: FloodLimits = { requests: NONE, prompts: NONE, queue: 4, cooldownAfter: 0, cooldownSeconds: 300 };

/** Another of each: connection, process, key, program. */
const OTHERS: Readonly<Record<string, Differences>> = {
  connection: { connection: 18 },
  pid: { peer: { pid: 1 } },
  start: { peer: { startTime: 1n } },
  key: { identity: { fingerprint: fingerprintOf(blobOf(9)) } },
  device: { peer: { exeFile: { device: 1, inode: 1234, deleted: false } } },
  inode: { peer: { exeFile: { device: 66_307, inode: 1, deleted: false } } },
  path: { peer: { exe: "/elsewhere" } },
};

const SCOPES: readonly (readonly [scope: keyof typeof NONE, free: readonly string[]])[] = [
  ["connection", ["connection"]],
  ["process_key", ["pid", "start", "key"]],
  ["exe", ["device", "inode"]],
];

for (const [scope, free] of SCOPES) {
  for (const what of ["requests", "prompts"] as const) {
    Deno.test(`FloodGuard limits ${what} of one ${scope}, and counts others apart`, () => {
      const guard = new FloodGuard({ ...OFF, [what]: { ...NONE, [scope]: 3 } });
      const count = (differences: Differences = {}, after = 0): string | undefined => {
        const now = later(NOW, after);
        return (what === "requests"
          ? guard.request(askWith(differences), now)
          : guard.prompt(askWith(differences), 0, now))
          ?.reason;
      };
      deepEqual([count(), count(), count(), count(), count()], [
        ...[undefined, undefined, undefined],
        ...["rate-limited", "rate-limited"],
      ]);
      deepEqual(Object.keys(OTHERS).filter((name) => count(OTHERS[name]) === undefined), free);
      // A third of a minute later there is room for one more, and what was denied took none of it.
      deepEqual([count({}, 19_999), count({}, 20_001), count({}, 20_002)], ["rate-limited", undefined, "rate-limited"]);
      equal(count({}, 600_000), undefined);
    });
  }
}

Deno.test("FloodGuard counts for all or none", () => {
  const guard = new FloodGuard({ ...OFF, requests: { connection: 1, process_key: 0, exe: 2 } });
  equal(guard.request(askWith(), NOW), undefined);
  for (let count = 0; count < 9; count++) equal(guard.request(askWith(), NOW)?.reason, "rate-limited");
  equal(guard.request(askWith({ connection: 18 }), NOW), undefined); // those nine did not use up the program's two
  equal(guard.request(askWith({ connection: 19 }), NOW)?.reason, "rate-limited");
});

Deno.test("FloodGuard without limits counts nothing and costs nothing", () => {
  const guard = new FloodGuard(OFF);
  const ask = askWith();
  const started = performance.now();
  for (let count = 0; count < 100_000; count++) equal(guard.request(ask, NOW), undefined);
  equal(guard.size, 0);
  ok(performance.now() - started < 5000);
});

Deno.test("FloodGuard forgets a connection that closed", () => {
  const guard = new FloodGuard({ ...OFF, requests: { ...NONE, connection: 1 }, prompts: { ...NONE, connection: 1 } });
  guard.request(askWith(), NOW);
  guard.prompt(askWith(), 0, NOW);
  equal(guard.size, 2);
  guard.closed(17);
  equal(guard.size, 0);
});

Deno.test("FloodGuard has a longest queue", () => {
  const guard = new FloodGuard(OFF);
  deepEqual([0, 3, 4, 5].map((waiting) => guard.prompt(askWith(), waiting, NOW)?.reason), [
    ...[undefined, undefined],
    ...["queue-full", "queue-full"],
  ]);
});

const COOLING: FloodLimits = { ...OFF, cooldownAfter: 2 };

Deno.test("after two refused or ignored prompts a program is not asked about for five minutes", () => {
  const guard = new FloodGuard(COOLING);
  const reason = (differences: Differences, after: number): string | undefined =>
    guard.prompt(askWith(differences), 0, later(NOW, after))?.reason;
  guard.answered(askWith(), "refused", NOW);
  equal(reason({}, 0), undefined);
  guard.answered(askWith({ connection: 18, peer: { pid: 9 } }), "ignored", later(NOW, 1000));
  equal(reason({}, 1000), "cooldown");
  equal(reason({ connection: 19, peer: { pid: 10 }, identity: { id: "x" } }, 1000), "cooldown");
  equal(reason({ peer: { session: 1 } }, 1000), undefined);
  equal(reason(OTHERS["inode"] ?? {}, 1000), undefined);
  equal(reason({}, 300_999), "cooldown");
  match(
    guard.prompt(askWith(), 0, later(NOW, 250_500))?.detail ?? "",
    /refused or ignored .* 2 times; .* another 51 s$/,
  );
  equal(reason({}, 301_000), undefined);
  // It begins anew: one more refusal is the first.
  guard.answered(askWith(), "refused", later(NOW, 301_000));
  equal(reason({}, 301_000), undefined);
  equal(guard.request(askWith(), later(NOW, 1000)), undefined); // what no person is asked about is not held up
});

Deno.test("an approval in between, or a long time, makes the next refusal the first", () => {
  const guard = new FloodGuard(COOLING);
  guard.answered(askWith(), "refused", NOW);
  guard.answered(askWith(), "approved", NOW);
  guard.answered(askWith(), "refused", NOW);
  equal(guard.prompt(askWith(), 0, NOW), undefined);
  guard.answered(askWith(), "refused", later(NOW, 300_000));
  equal(guard.prompt(askWith(), 0, later(NOW, 300_000)), undefined);
  guard.answered(askWith(), "refused", later(NOW, 300_001));
  equal(guard.prompt(askWith(), 0, later(NOW, 300_001))?.reason, "cooldown");
});

Deno.test("a client that hangs up was not refused", () => {
  const guard = new FloodGuard(COOLING);
  for (let count = 0; count < 9; count++) guard.answered(askWith(), "withdrawn", NOW);
  equal(guard.prompt(askWith(), 0, NOW), undefined);
});

Deno.test("hiding what it is gains a program nothing: all of those share a cooldown", () => {
  const guard = new FloodGuard(COOLING);
  const hidden = (pid: number) => askWith({ peer: { pid, exe: undefined, exeFile: undefined, session: 0 } });
  guard.answered(hidden(1), "refused", NOW);
  guard.answered(hidden(2), "refused", NOW);
  equal(guard.prompt(hidden(3), 0, NOW)?.reason, "cooldown");
});

Deno.test("FloodGuard takes other numbers and keeps what it counted", () => {
  const guard = new FloodGuard(OFF);
  guard.answered(askWith(), "refused", NOW);
  guard.limits = { ...COOLING, cooldownAfter: 1 };
  equal(guard.prompt(askWith(), 0, NOW)?.reason, "cooldown");
  guard.limits = OFF;
  equal(guard.prompt(askWith(), 0, NOW), undefined);
});

Deno.test("FloodGuard's memory is bounded", () => {
  const guard = new FloodGuard({ ...COOLING, requests: { connection: 1, process_key: 1, exe: 1 } });
  for (let count = 0; count < 3 * MOST_COUNTERS; count++) {
    const exeFile = { device: 1, inode: count, deleted: false };
    const ask = askWith({ connection: count, peer: { pid: count + 1, exeFile } });
    guard.request(ask, NOW);
    guard.answered(ask, "refused", NOW);
  }
  equal(guard.size, 2 * MOST_COUNTERS);
});

Deno.test("BoundedMap drops what was written longest ago", () => {
  const map = new BoundedMap<number>(2);
  map.set("a", 1);
  map.set("b", 2);
  map.set("a", 3);
  map.set("c", 4);
  deepEqual([map.get("a"), map.get("b"), map.get("c"), map.size], [3, undefined, 4, 2]);
  map.delete("a");
  equal(map.size, 1);
});

import { deepStrictEqual as deepEqual, ok, strictEqual as equal, throws } from "node:assert/strict";
import { BitwardenSource } from "../../mod/source/bitwarden/bitwarden_source.ts";
import type { CommandEnd, CommandRunner } from "../../mod/source/command.ts";
import {
  A,
  bench,
  codeOf,
  COMPLETE,
  explicit,
  failed,
  FILE,
  list,
  never,
  OTHER_SESSION,
  Receiver,
  SESSION,
  ssh,
} from "../support/bitwarden_bench.ts";
import type { Scripted } from "../support/scripted_runner.ts";

Deno.test("sync() is one sync and then one listing", async () => {
  using on = bench({ "sync": { stdout: "Syncing complete." }, "list items": list(ssh(A, "a")) });
  const outcome = await on.source.sync(on.receiver, never);
  deepEqual(outcome, { kind: "loaded", calls: 2, items: 1, warnings: [] });
  deepEqual(on.runner.words, ["sync --nointeraction", "list items --nointeraction"]);
});

const FAILED_SYNCS: readonly { readonly end: CommandEnd; readonly code: string }[] = [
  {
    end: failed("Syncing failed: FetchError: request to https://x failed, reason: connect ECONNREFUSED"),
    code: "server-unreachable",
  },
  { end: { kind: "deadline", stderr: "" }, code: "timeout" },
  { end: failed('Syncing failed: {"statusCode":503}'), code: "server-error" },
  { end: { kind: "signalled", signal: 15, stderr: "" }, code: "killed" },
];

for (const { end, code } of FAILED_SYNCS) {
  Deno.test(`sync() lists after a sync that failed with ${code}, and reports it`, async () => {
    using on = bench({ "sync": { end }, "list items": list(ssh(A, "a")) });
    const { warnings } = await on.source.sync(on.receiver, never);
    deepEqual(on.receiver.ids, [`${A}#key`]);
    deepEqual(warnings.map((warning) => warning.code), [code]);
    ok(/^Cannot sync the vault with the server: /.test(warnings[0]?.message ?? ""));
  });
}

Deno.test("sync() sees that the server logged bw out", async () => {
  const loggedOut = { end: failed("You are not logged in.") };
  using on = bench({ "sync": { end: failed("Syncing failed: whatever") }, "list items": loggedOut });
  equal(await codeOf(on.source.sync(on.receiver, never)), "logged-out-by-server");
  using before = bench({ "sync": loggedOut, "list items": loggedOut });
  equal(await codeOf(before.source.sync(before.receiver, never)), "logged-out");
});

Deno.test("sync() asked for twice at once runs once, and says so to the second", async () => {
  const gate = Promise.withResolvers<void>();
  using on = bench({ "sync": { until: gate.promise }, "list items": list(ssh(A, "a")) });
  const second = new Receiver();
  const both = [on.source.sync(on.receiver, never), on.source.sync(second, never), on.source.sync(second, never)];
  gate.resolve();
  const [first, ...joined] = await Promise.all(both);
  equal(on.runner.calls.length, 2);
  equal(first?.kind, "loaded");
  deepEqual(joined.map(({ kind, items }) => [kind, items]), [["joined", 1], ["joined", 1]]);
  deepEqual([on.receiver.ids.length, second.ids.length], [1, 0]);
  await on.source.sync(second, never);
  equal(on.runner.calls.length, 4, "a later sync runs again");
  equal(second.ids.length, 1);
});

Deno.test("sync() that joined fails with the one it joined, and the next one starts anew", async () => {
  let broken = true;
  using on = bench((args) =>
    args.startsWith("sync") ? {} : broken ? { end: failed("Vault is locked.") } : list(ssh(A, "a"))
  );
  const codes = await Promise.all([0, 1].map(() => codeOf(on.source.sync(on.receiver, never))));
  deepEqual(codes, ["locked", "locked"]);
  broken = false;
  await on.source.sync(on.receiver, never);
  equal(on.receiver.ids.length, 1);
});

Deno.test("sync() that joined can be left without ending the one that runs", async () => {
  const gate = Promise.withResolvers<void>();
  using on = bench({ "sync": { until: gate.promise }, "list items": list(ssh(A, "a")) });
  const first = on.source.sync(on.receiver, never);
  const leaving = new AbortController();
  const left = codeOf(on.source.sync(new Receiver(), leaving.signal));
  leaving.abort();
  equal(await left, "aborted");
  gate.resolve();
  equal((await first).kind, "loaded");
});

Deno.test("an abort ends the call and the load, at whatever point", async () => {
  const items = list(ssh(A, "a", { attachments: [FILE] }));
  for (const stage of ["sync", "list items", "get attachment"]) {
    const abort = new AbortController();
    const hang = new Promise(() => {});
    using on = bench((args) => {
      const play = args.startsWith("list items") ? { ...items, step: 30 } : { stdout: "x" };
      if (!args.startsWith(stage)) return play;
      queueMicrotask(() => abort.abort());
      return { ...play, until: hang };
    }, { attachments: true });
    equal(await codeOf(on.source.sync(on.receiver, abort.signal)), "aborted", stage);
  }
});

const LATE: readonly Scripted[] = [
  { stdout: COMPLETE },
  { end: failed("Vault is locked.") },
  { end: { kind: "signalled", signal: 15, stderr: "" } },
];

for (const [at, play] of LATE.entries()) {
  Deno.test(`an abort counts, however the call ends (${at})`, async () => {
    const abort = new AbortController();
    using on = bench((args) => {
      if (args.startsWith("list items")) abort.abort();
      return play;
    });
    // A runner that does not notice.
    const deaf = {
      run: (...[command, sink]: Parameters<CommandRunner["run"]>): Promise<CommandEnd> =>
        on.runner.run({ ...command, signal: never }, sink),
    };
    using source = new BitwardenSource({ ...on.settings, runner: deaf });
    source.setSession(on.memory.of(SESSION));
    equal(await codeOf(source.read(on.receiver, abort.signal)), "aborted");
  });
}

Deno.test("an abort before the start runs nothing", async () => {
  using on = bench({});
  equal(await codeOf(on.source.read(on.receiver, AbortSignal.abort())), "aborted");
  deepEqual(on.runner.calls, []);
});

Deno.test("forgetSession() wipes the session, ends what uses it, and leaves nothing to call with", async () => {
  const hang = new Promise(() => {});
  using on = bench({ "list items": { stdout: COMPLETE, step: 30, until: hang } }, { selection: explicit(A) });
  ok(on.source.hasSession);
  const loading = codeOf(on.source.read(on.receiver, never));
  await on.runner.called;
  const variable = on.runner.calls[0]?.command.secretEnv;
  on.source.forgetSession();
  ok(!on.source.hasSession);
  throws(() => variable?.uint8(0), /after it was wiped/);
  equal(await loading, "aborted");
  equal(await codeOf(on.source.read(on.receiver, never)), "no-session");
  equal(await codeOf(on.source.sync(on.receiver, never)), "no-session");
  equal(on.runner.calls.length, 1);
});

Deno.test("setSession() replaces the session before and ends what used that", async () => {
  const hang = new Promise(() => {});
  let first = true;
  using on = bench(() => first ? { stdout: "[", until: hang } : list(ssh(A, "a")));
  const loading = codeOf(on.source.read(on.receiver, never));
  await on.runner.called;
  first = false;
  on.source.setSession(on.memory.of(OTHER_SESSION));
  equal(await loading, "aborted");
  await on.source.read(on.receiver, never);
  deepEqual(on.runner.calls.map(({ session }) => session), [`BW_SESSION=${SESSION}`, `BW_SESSION=${OTHER_SESSION}`]);
});

Deno.test("setSession() refuses and wipes what is no session, and keeps the one before", async () => {
  using on = bench({ "list items": list() });
  const wrong = on.memory.of("hunter2");
  throws(() => on.source.setSession(wrong), { code: "session-malformed" });
  throws(() => wrong.uint8(0), /after it was wiped/);
  await on.source.read(on.receiver, never);
  equal(on.runner.calls[0]?.session, `BW_SESSION=${SESSION}`);
});

import { deepStrictEqual as deepEqual, ok, strictEqual as equal } from "node:assert/strict";
import { BitwardenSource } from "../../mod/source/bitwarden/bitwarden_source.ts";
import { DEFAULT_QUERY } from "../../mod/source/bitwarden/query_tree.ts";
import type { CommandEnd } from "../../mod/source/command.ts";
import type { SourceError } from "../../mod/source/source.ts";
import {
  A,
  B,
  bench,
  codeOf,
  COMPLETE,
  failed,
  list,
  never,
  Receiver,
  SESSION,
  ssh,
} from "../support/bitwarden_bench.ts";
import { HeapMemory } from "../support/heap_memory.ts";
import { type Scripted, ScriptedRunner } from "../support/scripted_runner.ts";

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

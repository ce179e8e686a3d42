import { deepStrictEqual as deepEqual, ok, strictEqual as equal } from "node:assert/strict";
import { type Arena, openArena } from "../../ffi/arena.ts";
import { openLibc } from "../../ffi/libc.ts";
import { Poller } from "../../ffi/poller.ts";
import { ChildRunner } from "../../mod/source/child_runner.ts";
import type { Command, CommandEnd, OutputSink } from "../../mod/source/command.ts";

interface Bench {
  readonly arena: Arena;
  readonly poller: Poller;
  start(script: string, sink: OutputSink): Promise<CommandEnd>;
  run(script: string, sink?: OutputSink, more?: Partial<Command>): Promise<CommandEnd>;
}

/** A runner over the real shell; all memory must be given back. */
async function withRunner(body: (bench: Bench) => Promise<void>): Promise<void> {
  using libc = openLibc();
  using arena = openArena(libc, { requireLocked: false });
  using poller = new Poller(libc);
  {
    await using runner = new ChildRunner(libc, arena, poller);
    const start = (script: string, sink: OutputSink, more: Partial<Command> = {}): Promise<CommandEnd> => {
      const { signal } = new AbortController();
      return runner.run({ argv: ["/bin/sh", "-c", script], env: {}, deadlineMs: 20_000, signal, ...more }, sink);
    };
    await body({
      arena,
      poller,
      start,
      run: (script, sink = () => "more", more = {}) => poller.until(start(script, sink, more)),
    });
  }
  equal(arena.status().used, 0);
}

Deno.test("run() hands over all output and says how the child ended", () =>
  withRunner(async ({ run }) => {
    let bytes = 0;
    const end = await run("head -c 300000 /dev/zero; echo oops >&2; exit 3", (chunk) => {
      bytes += chunk.length;
      return "more";
    });
    equal(bytes, 300_000);
    deepEqual(end, { kind: "exited", code: 3, stderr: "oops\n" });
  }));

Deno.test("a sink that has enough ends a child that lingers", () =>
  withRunner(async ({ run }) => {
    deepEqual(await run("echo '[]'; exec sleep 600", () => "enough"), { kind: "enough" });
  }));

Deno.test("a grandchild that holds the pipe open holds nobody up", () =>
  withRunner(async ({ run }) => {
    let text = "";
    const end = await run("sleep 5 & echo done", (chunk) => {
      text += new TextDecoder().decode(chunk.publicCopy());
      return "more";
    });
    deepEqual([end.kind, text], ["exited", "done\n"]);
  }));

Deno.test("a deadline ends the child with SIGTERM", () =>
  withRunner(async ({ run }) => {
    const end = await run("echo said >&2; exec sleep 600", undefined, { deadlineMs: 200 });
    deepEqual(end, { kind: "deadline", stderr: "said\n" });
  }));

Deno.test("aborting ends a running child, and one that has not begun is not started", () =>
  withRunner(async ({ run }) => {
    const abort = new AbortController();
    const end = await run("echo x; exec sleep 600", () => {
      abort.abort();
      return "more";
    }, { signal: abort.signal });
    deepEqual(end, { kind: "aborted" });
    deepEqual(await run("exit 9", undefined, { signal: AbortSignal.abort() }), { kind: "aborted" });
  }));

Deno.test("a child killed by others, and a program that is not there, are told apart", () =>
  withRunner(async ({ run }) => {
    deepEqual(await run("kill -9 $$"), { kind: "signalled", signal: 9, stderr: "" });
    const missing = { argv: ["/nonexistent/bw"] };
    deepEqual(await run("", undefined, missing), { kind: "not-started", code: "ENOENT", path: "/nonexistent/bw" });
  }));

Deno.test("a defect in starting one command does not stop the next", () =>
  withRunner(async ({ arena, run }) => {
    const wiped = arena.allocate(8);
    wiped.wipe();
    let thrown: unknown;
    await run("true", undefined, { secretEnv: wiped }).catch((error: unknown) => thrown = error);
    ok(thrown instanceof TypeError);
    equal((await run("exit 4") as { code?: number }).code, 4);
  }));

Deno.test("commands run one after the other, in the order of their calls", () =>
  withRunner(async ({ poller, start }) => {
    const order: string[] = [];
    const take = (name: string): OutputSink => () => {
      order.push(name);
      return "more";
    };
    const running = [
      start("sleep 0.1; echo", take("first")),
      start("echo", take("second")),
      start("echo", take("third")),
    ];
    await poller.until(Promise.all(running));
    deepEqual(order, ["first", "second", "third"]);
  }));

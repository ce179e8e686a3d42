/**
 * Running programs from tests: deadlines, outputs, and that nothing stays behind.
 *
 * @module
 */

import { deepStrictEqual as deepEqual, rejects, strictEqual as equal } from "node:assert/strict";
import { BackgroundProcess } from "./background.ts";
import { DeadlineError, until } from "./deadline.ts";
import { baseEnv, CommandError, run, runOk } from "./process.ts";
import { processesBelow } from "./process_tree.ts";

const options = { env: baseEnv("/nonexistent") };

Deno.test("run feeds, captures and passes exactly the given environment", async () => {
  const { code, text, stderr } = await run(["sh", "-c", "cat; echo $HOME >&2; exit 3"], { ...options, stdin: "in" });
  deepEqual([code, text, stderr], [3, "in", "/nonexistent\n"]);
  const environment = (await runOk(["/usr/bin/env"], options)).text.trim().split("\n").sort();
  deepEqual(environment, Object.entries(options.env).map(([name, value]) => `${name}=${value}`).sort());
});

Deno.test("run survives a program that does not read", async () => {
  equal((await run(["true"], { ...options, stdin: "x".repeat(1_000_000) })).code, 0);
});

Deno.test("run has no terminal to prompt on", async () => {
  equal((await run(["sh", "-c", "exec 3</dev/tty"], options)).code === 0, false);
});

Deno.test("run kills at the deadline, children and orphans too", async () => {
  // Each holds the output open, so run itself would not come back if one were left.
  const script = "sleep 300 & (sleep 300 &) & wait";
  await rejects(run(["sh", "-c", script], { ...options, deadline: 300 }), DeadlineError);
});

Deno.test("runOk says what went wrong, from stderr only", async () => {
  await rejects(runOk(["sh", "-c", "echo secret; echo why >&2; exit 4"], options), (error) => {
    return error instanceof CommandError && /exited with 4: why$/.test(error.message);
  });
});

Deno.test("a background process is waited for, and ends with what it started", async () => {
  const script = "trap '' TERM; sleep 300 & (sleep 300 &); echo ready; wait; sleep 300";
  const process = new BackgroundProcess(["sh", "-c", script], options);
  await process.waitFor(/ready/);
  await until(() => processesBelow(process.pid).length >= 2 || undefined, 5_000, "two children");
  equal((await process.stop(100)).signal, "SIGKILL");
  await until(() => processesBelow(process.pid).length === 0 || undefined, 5_000, "the children to be gone");
});

Deno.test("waiting for a process that ends says how it ended", async () => {
  await using process = new BackgroundProcess(["sh", "-c", "echo no luck >&2; exit 4"], options);
  await rejects(process.waitFor(/ready/), /Ended with 4 before[^]*no luck/);
});

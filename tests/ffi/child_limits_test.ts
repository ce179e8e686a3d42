/**
 * A child that cannot be had whole is not had at all: no descriptor and no process is left of it.
 *
 * @module
 */

import { deepStrictEqual as deepEqual, ok, strictEqual as equal } from "node:assert/strict";
import { openArena } from "../../ffi/arena.ts";
import { spawnChild } from "../../ffi/child.ts";
import { ErrnoError } from "../../ffi/errno.ts";
import { type Libc, openLibc } from "../../ffi/libc.ts";

const RLIMIT_NOFILE = 7;
const LIMIT = 200;
/** Two pipes and a pidfd. */
const NEEDED = 5;

Deno.test("without descriptors no child is started, or it is ended and reaped", () => {
  using libc = openLibc();
  using memory = openArena(libc, { requireLocked: false });
  const outcomes: string[] = [];
  for (let free = 0; free <= NEEDED; free++) {
    const before = openFiles();
    outcomes.push(withFreeDescriptors(libc, free, () => {
      try {
        using child = spawnChild(libc, memory, { argv: ["/bin/sleep", "600"], env: {} });
        child.kill(9);
        while (child.reap() === undefined);
        return "started";
      } catch (error) {
        ok(error instanceof ErrnoError, String(error));
        return `${error.call} ${error.code}`;
      }
    }));
    equal(openFiles(), before, `${free} descriptors`);
    deepEqual(children(), [], `${free} descriptors`);
  }
  deepEqual(outcomes, [...Array(4).fill("pipe2 EMFILE"), "pidfd_open EMFILE", "started"]);
  equal(memory.status().used, 0);
});

/** Runs something with so many descriptors to be had. Synchronous: the runtime must not need one meanwhile. */
function withFreeDescriptors<T>(libc: Libc, free: number, body: () => T): T {
  const limit = new BigUint64Array(2);
  libc.symbols.getrlimit(RLIMIT_NOFILE, limit);
  const taken: Deno.FsFile[] = [];
  try {
    libc.symbols.setrlimit(RLIMIT_NOFILE, BigUint64Array.of(BigInt(LIMIT), limit[1] ?? 0n));
    for (;;) taken.push(Deno.openSync("/dev/null"));
  } catch {
    for (let count = 0; count < free; count++) taken.pop()?.close();
    return body();
  } finally {
    libc.symbols.setrlimit(RLIMIT_NOFILE, limit);
    for (const file of taken) file.close();
  }
}

function openFiles(): number {
  return [...Deno.readDirSync("/proc/self/fd")].length;
}

function children(): readonly string[] {
  const tasks = [...Deno.readDirSync("/proc/self/task")];
  return tasks.flatMap(({ name }) => Deno.readTextFileSync(`/proc/self/task/${name}/children`).split(" ")).filter(
    Boolean,
  );
}

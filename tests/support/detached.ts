/**
 * Finds and ends processes that have left the test's own process tree, as a daemon does, by the environment they were
 * given.
 *
 * Not for: children of the test (`process_tree.ts`).
 *
 * @module
 */

import { killIfThere } from "./process_tree.ts";

/**
 * Processes whose environment mentions a directory of the test's. Root sees them all; others do not see a daemon that
 * has closed itself to them.
 */
export function processesMentioning(directory: string): readonly number[] {
  return [...Deno.readDirSync("/proc")].map(({ name }) => Number(name)).filter((pid) => {
    try {
      return pid > 0 && Deno.readTextFileSync(`/proc/${pid}/environ`).includes(directory);
    } catch {
      return false; // gone, or not ours to look at
    }
  });
}

/** Ends, on disposal, whatever is left of them. */
export function endDetached(directory: string): Disposable {
  return {
    [Symbol.dispose]: (): void => {
      for (const pid of processesMentioning(directory)) killIfThere(pid, "SIGKILL");
    },
  };
}

/**
 * Processes to look at: shells and sleepers under other names, one below the other.
 *
 * @module
 */

import { readExePath } from "../../mod/peer/proc.ts";
import { until, within } from "../support/deadline.ts";
import { baseEnv, spawn } from "../support/process.ts";
import { killAll, killIfThere, processesBelow } from "../support/process_tree.ts";
import { makeTempDir, type TempDir } from "../support/temp.ts";

/** A running script, and what it left in its directory. Disposing ends all of it. */
export class ProcessTree implements AsyncDisposable {
  readonly dir: TempDir = makeTempDir("peer");
  readonly #children: Deno.ChildProcess[] = [];

  constructor() {
    this.program("ssh", "/bin/sleep");
    this.program("other", "/bin/sleep");
    for (const shell of ["git", "zsh", "kitty"]) this.program(shell, "/bin/sh");
  }

  /** Puts a copy of a program into the directory. */
  program(name: string, source: string): string {
    Deno.copyFileSync(source, this.dir.join(name));
    return this.dir.join(name);
  }

  /** Starts a program of the directory with a script; `$D` is the directory. */
  start(shell: string, script: string): void {
    const file = this.dir.write(`${shell}-script`, script);
    const env = { ...baseEnv(this.dir.path), D: this.dir.path };
    this.#children.push(spawn([this.dir.join(shell), file], { env }, "null"));
  }

  /** Waits for a pid that the script wrote to `$D/NAME`, and for that process to run this program. */
  async pid(name: string, program: string): Promise<number> {
    return await until(
      () => {
        const pid = Number(readText(this.dir.join(name)));
        return pid > 0 && readExePath(pid)?.endsWith(`/${program}`) ? pid : undefined;
      },
      10_000,
      `${name} to run ${program}`,
    );
  }

  async [Symbol.asyncDispose](): Promise<void> {
    for (const child of this.#children) {
      const below = processesBelow(child.pid);
      killIfThere(child.pid, "SIGKILL");
      killAll(below);
      await within(Promise.all([child.status, child.stdout.cancel(), child.stderr.cancel()]), 10_000, "the tree's end");
    }
    await this.dir[Symbol.asyncDispose]();
  }
}

function readText(path: string): string | undefined {
  try {
    return Deno.readTextFileSync(path).trim();
  } catch {
    return undefined;
  }
}

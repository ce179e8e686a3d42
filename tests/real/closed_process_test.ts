/**
 * The daemon is closed to other processes of its own user, and leaves no core file.
 *
 * @module
 */

import { deepStrictEqual as deepEqual, match, strictEqual as equal } from "node:assert/strict";
import { ensureTestTools, program } from "../../tools/setup.ts";
import { rootTest } from "../build/needs.ts";
import { asNobody, NOBODY } from "../build/support.ts";
import { BackgroundProcess } from "../support/background.ts";
import { bwsshBinary } from "../support/binary.ts";
import { BwsshHome } from "../support/bwssh.ts";
import { baseEnv, run } from "../support/process.ts";
import { makeTempDir } from "../support/temp.ts";

const tools = await ensureTestTools();

rootTest("another process of the same user reads nothing of the daemon's and cannot trace it", async () => {
  await using dir = makeTempDir("closed");
  const copy = dir.join("bwssh");
  Deno.copyFileSync(await bwsshBinary(), copy);
  const wrapper = dir.write("as-nobody", `#!/bin/sh\nexec ${asNobody([copy]).join(" ")} "$@"\n`, 0o755);
  using home = await BwsshHome.create({ binary: wrapper, config: `[auth]\napprover = "none"\n` });
  for (const path of [dir.path, ...everythingBelow(home.path)]) Deno.chownSync(path, NOBODY, NOBODY);
  await using daemon = await home.start();
  await using other = new BackgroundProcess(asNobody(["/bin/sleep", "600"]), { env: baseEnv("/") });
  await other.waitUntil(() => Deno.readLinkSync(`/proc/${other.pid}/exe`).endsWith("sleep") || undefined, {
    what: "sleep to run",
  });

  /** What a process of the same user can do to a process. */
  const reach = async (pid: number): Promise<Readonly<Record<string, boolean>>> => {
    const can: Record<string, boolean> = {};
    for (const name of ["mem", "maps", "environ", "auxv", "fd", "root", "exe"]) {
      const words = name === "fd" || name === "root"
        ? ["/bin/ls"]
        : name === "exe"
        ? ["/bin/readlink"]
        : ["/usr/bin/head", "-c1"];
      const { code, stderr } = await run(asNobody([...words, `/proc/${pid}/${name}`]), { env: baseEnv("/") });
      can[name] = code === 0 || /Input\/output error/.test(stderr); // page 0 of an open memory cannot be read
    }
    const trace = ["-o", "/dev/null", "-e", "trace=none", "-p", String(pid)];
    const strace = await run(asNobody(["/usr/bin/timeout", "1", program(tools, "strace"), ...trace]), {
      env: baseEnv("/"),
    });
    can["ptrace"] = strace.code === 124; // ended by timeout(1), not refused
    return can;
  };
  const everything = ["mem", "maps", "environ", "auxv", "fd", "root", "exe", "ptrace"];
  deepEqual(Object.entries(await reach(other.pid)).filter(([, can]) => can).map(([name]) => name), everything);
  deepEqual(Object.entries(await reach(daemon.pid)).filter(([, can]) => can), []);
});

rootTest("a daemon that crashes leaves no core file", async () => {
  await using dir = makeTempDir("core");
  using home = await BwsshHome.create({ config: `[auth]\napprover = "none"\n` });
  // Core files are allowed by the shell; perl says whether the kernel wrote one (WCOREDUMP of wait(2)).
  const script = `system { $ARGV[0] } @ARGV; print(($? & 128) ? "core\\n" : "no core\\n"); print $? & 127, "\\n"`;
  const watched = (argv: readonly string[]): readonly string[] => [
    ...["/bin/sh", "-c", 'ulimit -c unlimited && exec perl -e "$0" -- "$@"', script],
    ...argv,
  ];
  const crash = async (watch: BackgroundProcess, pid: number): Promise<string> => {
    // The runtime's handler, which looks for stack overflows, takes the first and puts the kernel's own back.
    await watch.waitUntil(() => segfault(pid), { what: "the end" });
    await watch.ended();
    return watch.stdout;
  };

  await using sleeper = new BackgroundProcess(watched(["/bin/sleep", "600"]), { env: baseEnv("/"), cwd: dir.path });
  const sleeping = await sleeper.waitUntil(() => onlyChild(sleeper.pid, "sleep"), { what: "sleep to run" });
  const control = await crash(sleeper, sleeping);
  const before = [...Deno.readDirSync("/")].map(({ name }) => name).sort();

  await using daemon = new BackgroundProcess(watched(home.argv(["daemon", "--foreground"])), {
    env: home.env,
    cwd: dir.path,
  });
  await daemon.waitForSocket(home.controlSocket);
  const { pid } = await home.bwsshJson(["status"]) as { readonly pid: number };
  match(Deno.readTextFileSync(`/proc/${pid}/limits`), /^Max core file size +0 +0 /m);
  equal(await crash(daemon, pid), "no core\n11\n");
  deepEqual([...Deno.readDirSync("/")].map(({ name }) => name).sort(), before);
  // Where core files go to a program that refuses them, there is nothing to compare with.
  if (!Deno.readTextFileSync("/proc/sys/kernel/core_pattern").startsWith("|")) equal(control, "core\n11\n");
});

function* everythingBelow(path: string): Iterable<string> {
  yield path;
  for (const { name, isDirectory } of Deno.readDirSync(path)) {
    if (isDirectory) yield* everythingBelow(`${path}/${name}`);
    else yield `${path}/${name}`;
  }
}

/** The only child of a process, once it runs a program. */
function onlyChild(parent: number, program: string): number | undefined {
  const [pid] = Deno.readTextFileSync(`/proc/${parent}/task/${parent}/children`).trim().split(" ");
  if (pid === undefined || pid === "") return undefined;
  return Deno.readLinkSync(`/proc/${pid}/exe`).endsWith(program) ? Number(pid) : undefined;
}

/** Sends SIGSEGV. @returns Whether the process had ended already. */
function segfault(pid: number): true | undefined {
  try {
    Deno.kill(pid, "SIGSEGV");
    return undefined;
  } catch {
    return true;
  }
}

import { deepStrictEqual as deepEqual, strictEqual as equal } from "node:assert/strict";
import { openLibc } from "../../ffi/libc.ts";
import { processHandle } from "../../ffi/process_handle.ts";
import { readPeer } from "../../mod/peer/peer.ts";
import { type PeerState, PeerWatch } from "../../mod/peer/peer_watch.ts";
import type { PeerFacts } from "../../mod/policy/ask.ts";
import { until } from "../support/deadline.ts";
import { ProcessTree } from "./process_trees.ts";

const read = (pid: number): PeerFacts => readPeer({ pid, uid: 1, gid: 2 });
const codeOf = (state: PeerState): string => state.kind === "same" ? "same" : state.code;

for (const withPidfd of [true, false]) {
  const by = withPidfd ? "a pidfd" : "its start time alone";

  Deno.test(`PeerWatch by ${by}: the same, its file replaced, ended`, async () => {
    using libc = openLibc();
    await using tree = new ProcessTree();
    tree.start("zsh", `"$D/ssh" 600 & echo $! > "$D/pid"; wait $!; sleep 600\n`);
    const pid = await tree.pid("pid", "ssh");
    const facts = read(pid);
    using watch = new PeerWatch(facts, withPidfd ? processHandle(libc, pid) : undefined);
    deepEqual(watch.check(), { kind: "same", facts });
    Deno.removeSync(tree.dir.join("ssh"));
    const deleted = { ...facts, exeFile: { device: 0, inode: 0, ...facts.exeFile, deleted: true } };
    deepEqual(watch.check(), { kind: "same", facts: deleted });
    tree.program("ssh", "/bin/sleep");
    deepEqual(watch.check(), { kind: "same", facts: deleted });
    Deno.kill(pid, "SIGKILL");
    equal(await until(() => notSame(watch), 5_000, "the end to be seen"), "peer-gone");
  });

  Deno.test(`PeerWatch by ${by}: dead, and not waited for`, async () => {
    using libc = openLibc();
    await using tree = new ProcessTree();
    tree.start("zsh", `"$D/ssh" 600 & echo $! > "$D/pid"; exec sleep 600\n`);
    const pid = await tree.pid("pid", "ssh");
    using watch = new PeerWatch(read(pid), withPidfd ? processHandle(libc, pid) : undefined);
    equal(codeOf(watch.check()), "same");
    Deno.kill(pid, "SIGKILL");
    equal(await until(() => notSame(watch), 5_000, "the end to be seen"), "peer-gone");
  });

  Deno.test(`PeerWatch by ${by}: runs another program`, async () => {
    using libc = openLibc();
    await using tree = new ProcessTree();
    tree.start("zsh", `echo $$ > "$D/pid"; while [ ! -e "$D/go" ]; do sleep 0.01; done; exec "$D/other" 600\n`);
    const pid = await tree.pid("pid", "zsh");
    using watch = new PeerWatch(read(pid), withPidfd ? processHandle(libc, pid) : undefined);
    equal(codeOf(watch.check()), "same");
    tree.dir.write("go", "");
    await tree.pid("pid", "other");
    equal(codeOf(watch.check()), "peer-exec");
    equal(codeOf(watch.check()), "peer-exec");
  });
}

Deno.test("PeerWatch: a pid that another process has by now is another process", async () => {
  await using tree = new ProcessTree();
  tree.start("zsh", `"$D/ssh" 600 & echo $! > "$D/pid"; wait\n`);
  const facts = read(await tree.pid("pid", "ssh"));
  const earlier = { ...facts, startTime: (facts.startTime ?? 0n) - 1n };
  using watch = new PeerWatch(earlier, undefined);
  equal(codeOf(watch.check()), "peer-gone");
});

Deno.test("PeerWatch: a program that could not be read and now can is another one", () => {
  using watch = new PeerWatch({ ...read(Deno.pid), exe: undefined, exeFile: undefined }, undefined);
  equal(codeOf(watch.check()), "peer-exec");
});

Deno.test("PeerWatch: a peer never known stays so, and one with mounts of its own is not said to be replaced", () => {
  const unknown = read(0x7fff_fff0);
  using watch = new PeerWatch(unknown, undefined);
  deepEqual(watch.check(), { kind: "same", facts: unknown });
  const foreign = { ...read(Deno.pid), exe: "/nowhere/deno", foreignMounts: true };
  using other = new PeerWatch(foreign, undefined);
  deepEqual(other.check(), { kind: "same", facts: foreign });
});

function notSame(watch: PeerWatch): string | undefined {
  const code = codeOf(watch.check());
  return code === "same" ? undefined : code;
}

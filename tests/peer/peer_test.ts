import { deepStrictEqual as deepEqual, match, ok, strictEqual as equal } from "node:assert/strict";
import { openLibc } from "../../ffi/libc.ts";
import { ProcessHandle, processHandle } from "../../ffi/process_handle.ts";
import { MAX_ANCESTORS, readAncestors } from "../../mod/peer/ancestors.ts";
import { describePeer, identifyPeer, judgeExe, readPeer } from "../../mod/peer/peer.ts";
import { readStat, terminalPath } from "../../mod/peer/proc.ts";
import type { PeerFacts } from "../../mod/policy/ask.ts";
import { until } from "../support/deadline.ts";
import { baseEnv } from "../support/process.ts";
import { Terminal } from "../support/terminal.ts";
import { ProcessTree } from "./process_trees.ts";

const GONE = 0x7fff_fff0;
const CHAIN = `"$D/zsh" -c '"$D/git" -c "\\"\\$D/ssh\\" 600 31415926535 & echo \\$! > \\"\\$D/pid\\"; wait"; :'; :\n`;

function read(pid: number): PeerFacts {
  return readPeer({ pid, uid: 1, gid: 2 });
}

Deno.test("readPeer() reads program and start time of a process", () => {
  const peer = read(Deno.pid);
  const { dev, ino } = Deno.statSync(Deno.execPath());
  equal(peer.exe, Deno.execPath());
  deepEqual(peer.exeFile, { device: dev, inode: ino, deleted: false });
  ok(peer.startTime !== undefined && peer.startTime > 0n);
  deepEqual([peer.pid, peer.uid, peer.gid], [Deno.pid, 1, 2]);
  equal(peer.foreignMounts, false);
  match(peer.cgroup ?? "", /^\//);
  ok(Deno.readTextFileSync("/proc/self/cgroup").includes(`:${peer.cgroup}\n`));
  deepEqual(read(Deno.pid), peer);
  equal(identifyPeer(peer), `${Deno.execPath().replace(/^.*\//, "")} (pid ${Deno.pid})`);
});

Deno.test("readPeer() leaves unknown what it cannot read", () => {
  deepEqual(read(GONE), {
    pid: GONE,
    uid: 1,
    gid: 2,
    startTime: undefined,
    exe: undefined,
    exeFile: undefined,
    ancestors: [],
    tty: undefined,
    session: 0,
    cgroup: undefined,
    foreignMounts: undefined,
  });
  equal(identifyPeer(read(GONE)), `unknown program (pid ${GONE})`);
  equal(describePeer(read(GONE)), "unknown program");
});

Deno.test("readPeer() believes nothing it read about a process that has ended meanwhile", () => {
  using libc = openLibc();
  using ours = processHandle(libc, Deno.pid);
  using nobody = new ProcessHandle(libc, undefined);
  deepEqual(readPeer({ pid: Deno.pid, uid: 1, gid: 2 }, ours), read(Deno.pid));
  deepEqual(readPeer({ pid: Deno.pid, uid: 1, gid: 2 }, nobody), { ...read(GONE), pid: Deno.pid });
});

Deno.test("readPeer() names the programs above, and never an argument", async () => {
  await using tree = new ProcessTree();
  tree.start("kitty", CHAIN);
  const peer = read(await tree.pid("pid", "ssh"));
  match(describePeer(peer), /^ssh ← git ← zsh ← kitty( ← |$)/);
  deepEqual(
    peer.ancestors.slice(0, 3).map(({ exe }) => exe),
    ["git", "zsh", "kitty"].map((name) => tree.dir.join(name)),
  );
  const kitty = peer.ancestors[2];
  equal(peer.session, kitty?.pid); // spawned by setsid(1)
  equal(peer.tty, undefined);
  equal(
    JSON.stringify(peer, (_, value) => typeof value === "bigint" ? `${value}` : value).includes("31415926535"),
    false,
  );
});

Deno.test("describePeer() leaves out the service managers at the top, and no other", () => {
  const peer = read(Deno.pid);
  const above = (...names: readonly string[]): string =>
    describePeer({
      ...peer,
      exe: "/usr/bin/ssh",
      ancestors: names.map((program) => ({ pid: 2, program, exe: undefined })),
    });
  equal(above("git", "zsh", "kitty", "systemd", "systemd"), "ssh ← git ← zsh ← kitty");
  equal(above("systemd", "zsh"), "ssh ← systemd ← zsh");
  equal(above(), "ssh");
});

Deno.test("readAncestors() stops at a parent that is younger than its child, and after 16", async () => {
  await using tree = new ProcessTree();
  const depth = MAX_ANCESTORS + 2;
  tree.start(
    "zsh",
    `N=\${N:-0}; N=$((N+1)); export N\n[ $N = ${depth} ] && { "$D/ssh" 600 & echo $! > "$D/pid"; wait; }
    "$D/zsh" "$D/zsh-script"; :\n`,
  );
  const pid = await tree.pid("pid", "ssh");
  const stat = readStat(pid);
  ok(stat !== undefined);
  const mounts = Deno.readLinkSync("/proc/self/ns/mnt");
  equal(readAncestors(stat, mounts).length, MAX_ANCESTORS);
  equal(readAncestors(stat, mounts)[0]?.pid, stat.parent);
  equal(readAncestors(stat, mounts)[0]?.exe, tree.dir.join("zsh"));
  equal(readAncestors(stat, undefined)[0]?.exe, undefined);
  deepEqual(readAncestors({ ...stat, startTime: 1n }, mounts), []);
  deepEqual(readAncestors({ ...stat, parent: GONE }, mounts), []);
  deepEqual(readAncestors({ ...stat, parent: 1 }, mounts), []);
});

Deno.test("readPeer() tells a program whose file is deleted or replaced from one that is there", async () => {
  await using tree = new ProcessTree();
  tree.program("odd (deleted)", "/bin/sleep");
  tree.start("zsh", `for p in ssh other "odd (deleted)"; do "$D/$p" 600 & echo $! > "$D/$p.pid"; done; wait\n`);
  const [deleted, replaced, there] = [
    await tree.pid("ssh.pid", "ssh"),
    await tree.pid("other.pid", "other"),
    await tree.pid("odd (deleted).pid", "odd (deleted)"),
  ];
  Deno.removeSync(tree.dir.join("ssh"));
  Deno.removeSync(tree.dir.join("other"));
  tree.program("other", "/bin/sleep");
  const facts = [deleted, replaced, there].map(read).map(({ exe, exeFile }) => [exe, exeFile?.deleted]);
  deepEqual(facts, [
    [tree.dir.join("ssh"), true],
    [tree.dir.join("other"), true],
    [tree.dir.join("odd (deleted)"), false],
  ]);
});

const [THIS, THAT] = [{ device: 1, inode: 2 }, { device: 2, inode: 2 }];
for (
  const { path, found, foreign, deleted } of [
    { path: "/bin/x", found: THIS, foreign: false, deleted: false },
    { path: "/bin/x", found: THAT, foreign: false, deleted: true },
    { path: "/bin/x", found: undefined, foreign: false, deleted: true },
    { path: "/bin/x (deleted)", found: undefined, foreign: true, deleted: true },
    { path: "/bin/x", found: THAT, foreign: true, deleted: false },
  ]
) {
  const leads = found === THIS ? "to it" : found === THAT ? "elsewhere" : "nowhere";
  Deno.test(`judgeExe(): ${path} leads ${leads}${foreign ? ", by other mounts" : ""}`, () => {
    deepEqual(judgeExe({ path, file: THIS, found, foreign }), { exe: "/bin/x", exeFile: { ...THIS, deleted } });
  });
}

Deno.test("readPeer() sees that a process has mounts of its own, and believes no path of one above", async () => {
  await using tree = new ProcessTree();
  // git starts ssh, and then puts another program over its own path, where only it and its children see it.
  const inside = `mount --bind "$D/other" "$D/git" && echo $$ > "$D/above" && exec "$D/git" 600`;
  tree.dir.write("inside", inside);
  tree.start(
    "git",
    `"$D/ssh" 600 & echo $! > "$D/pid"\nexec unshare --user --map-root-user --mount /bin/sh "$D/inside"\n`,
  );
  const above = await tree.pid("above", "git");
  const peer = read(await tree.pid("pid", "ssh"));
  equal(peer.foreignMounts, false);
  deepEqual(peer.ancestors[0], { pid: above, program: "git", exe: undefined });
  const foreign = read(above);
  equal(foreign.foreignMounts, true);
  equal(foreign.exe, tree.dir.join("git"));
});

Deno.test("readPeer() finds the start time behind a program name that looks like fields", async () => {
  await using tree = new ProcessTree();
  tree.program("a) R 1 (b", "/bin/sleep");
  tree.start("zsh", `"$D/a) R 1 (b" 600 & echo $! > "$D/pid"; wait\n`);
  const pid = await tree.pid("pid", "a) R 1 (b");
  const peer = read(pid);
  const ours = read(Deno.pid);
  ok(peer.startTime !== undefined && ours.startTime !== undefined && peer.startTime >= ours.startTime);
  equal(readStat(pid)?.name, "a) R 1 (b");
});

Deno.test("readPeer() names the terminal and the session on it", async () => {
  await using tree = new ProcessTree();
  const script = tree.dir.write("script", `tty > "$D/tty"; "$D/ssh" 600 & echo $! > "$D/pid"; wait\n`);
  await using _terminal = new Terminal(["/bin/sh", script], {
    env: { ...baseEnv(tree.dir.path), D: tree.dir.path },
  });
  const pid = await tree.pid("pid", "ssh");
  const tty = await until(() => Deno.readTextFileSync(tree.dir.join("tty")).trim() || undefined, 5_000, "tty(1)");
  const peer = read(pid);
  equal(peer.tty, tty);
  equal(peer.session, readStat(readStat(pid)?.parent ?? 0)?.session);
});

for (
  const { device, path } of [
    { device: 0, path: undefined },
    { device: 136 << 8, path: "/dev/pts/0" },
    { device: (136 << 8) | 7, path: "/dev/pts/7" },
    { device: (136 << 8) | 5 | (1 << 20), path: "/dev/pts/261" },
    { device: (137 << 8) | 1, path: "/dev/pts/257" },
    { device: (4 << 8) | 2, path: "/dev/tty2" },
    { device: (4 << 8) | 65, path: "/dev/ttyS1" },
    { device: (229 << 8) | 3, path: "/dev/char/229:3" },
  ]
) {
  Deno.test(`terminalPath() of ${device} is ${path}`, () => equal(terminalPath(device), path));
}

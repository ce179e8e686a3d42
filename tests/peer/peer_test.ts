import { ok, strictEqual as equal } from "node:assert/strict";
import { describePeer, readPeer } from "../../mod/peer/peer.ts";

Deno.test("readPeer() reads program and start time of a process", () => {
  const peer = readPeer({ pid: Deno.pid, uid: 1, gid: 2 });
  equal(peer.exe, Deno.execPath());
  ok(peer.startTime !== undefined && peer.startTime > 0n);
  equal(peer.uid, 1);
  equal(peer.gid, 2);
  equal(readPeer({ pid: Deno.pid, uid: 1, gid: 2 }).startTime, peer.startTime);
});

Deno.test("readPeer() leaves unknown what it cannot read", () => {
  const gone = readPeer({ pid: 0x7fff_fff0, uid: 1, gid: 1 });
  equal(gone.exe, undefined);
  equal(gone.startTime, undefined);
  equal(describePeer(gone), `unknown program (pid ${gone.pid})`);
});

Deno.test("readPeer() finds the start time behind a program name that looks like fields", async () => {
  const dir = Deno.makeTempDirSync();
  const odd = `${dir}/a) R 1 (b`;
  Deno.copyFileSync("/bin/sleep", odd);
  const child = new Deno.Command(odd, { args: ["600"], clearEnv: true }).spawn();
  try {
    const peer = readPeer({ pid: child.pid, uid: 0, gid: 0 });
    const ours = readPeer({ pid: Deno.pid, uid: 0, gid: 0 });
    ok(peer.startTime !== undefined && ours.startTime !== undefined && peer.startTime >= ours.startTime);
  } finally {
    child.kill("SIGKILL");
    await child.status;
    Deno.removeSync(dir, { recursive: true });
  }
});

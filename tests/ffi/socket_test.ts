import { ok, rejects, strictEqual as equal, throws } from "node:assert/strict";
import { openArena } from "../../ffi/arena.ts";
import { ErrnoError } from "../../ffi/errno.ts";
import { openLibc } from "../../ffi/libc.ts";
import { Poller } from "../../ffi/poller.ts";
import { ReceiveBuffer, send, WOULD_BLOCK } from "../../ffi/stream.ts";
import { connectTo, listenAt, peerCredentials, peerPidfd, someoneListensAt } from "../../ffi/unix_socket.ts";
import { acceptFrom } from "../../ffi/unix_socket.ts";

const TEXT = new TextEncoder();

function temporaryDirectory(): { path: string } & Disposable {
  const path = Deno.makeTempDirSync();
  return { path, [Symbol.dispose]: (): void => Deno.removeSync(path, { recursive: true }) };
}

Deno.test("a listener is 0600, names its peer, and moves bytes both ways through locked memory", async () => {
  using directory = temporaryDirectory();
  using libc = openLibc();
  using arena = openArena(libc, { requireLocked: false });
  using poller = new Poller(libc);
  const path = `${directory.path}/s`;
  using listener = listenAt(libc, path, 8);
  equal((Deno.lstatSync(path).mode ?? 0) & 0o777, 0o600);
  using client = connectTo(libc, path);
  let ready = 0;
  poller.add(listener.number, { read: true, write: false }, () => ready++);
  equal(await poller.wait(), 1);
  equal(ready, 1);
  using served = acceptFrom(libc, listener);
  ok(served !== undefined);
  const peer = peerCredentials(libc, served.number);
  equal(peer.pid, Deno.pid);
  equal(peer.uid, Deno.uid());
  using _pidfd = peerPidfd(libc, served.number);
  equal(acceptFrom(libc, listener), undefined);

  using buffer = new ReceiveBuffer(arena, 4096);
  equal(buffer.receive(libc, served.number), WOULD_BLOCK);
  equal(send(libc, client.number, TEXT.encode("hello")), 5);
  equal(buffer.receive(libc, served.number), 5);
  equal(new TextDecoder().decode(buffer.copy(1, 5)), "ello");
  buffer.wipe();
  equal(buffer.length, 0);
  client[Symbol.dispose]();
  equal(buffer.receive(libc, served.number), 0);
});

Deno.test("a full socket says WOULD_BLOCK, a gone peer undefined", () => {
  using directory = temporaryDirectory();
  using libc = openLibc();
  using listener = listenAt(libc, `${directory.path}/s`, 8);
  using client = connectTo(libc, `${directory.path}/s`);
  using served = acceptFrom(libc, listener);
  ok(served !== undefined);
  const block = new Uint8Array(65536);
  let sent: number | undefined = 0;
  for (let i = 0; i < 1000 && sent !== WOULD_BLOCK; i++) sent = send(libc, client.number, block);
  equal(sent, WOULD_BLOCK);
  served[Symbol.dispose]();
  equal(send(libc, client.number, block), undefined);
});

Deno.test("a path in use, a stale socket and a long path are told apart", () => {
  using directory = temporaryDirectory();
  using libc = openLibc();
  const path = `${directory.path}/s`;
  equal(someoneListensAt(libc, path), false);
  const listener = listenAt(libc, path, 8);
  equal(someoneListensAt(libc, path), true);
  listener[Symbol.dispose]();
  equal(someoneListensAt(libc, path), false);
  throws(() => listenAt(libc, path, 8), (error) => error instanceof ErrnoError && error.code === "EADDRINUSE");
  throws(() => listenAt(libc, `${directory.path}/${"x".repeat(108)}`, 8), RangeError);
  throws(() => listenAt(libc, `${directory.path}/a\0b`, 8), TypeError);
});

Deno.test("wake() ends a parked wait, remove() silences a descriptor", async () => {
  using libc = openLibc();
  using poller = new Poller(libc);
  const waiting = poller.wait();
  poller.wake();
  equal(await waiting, 1);
  equal(poller.poll(0), 0);
});

Deno.test("two waits at once are refused", async () => {
  using libc = openLibc();
  using poller = new Poller(libc);
  const waiting = poller.wait();
  await rejects(() => poller.wait(), TypeError);
  poller.wake();
  await waiting;
});

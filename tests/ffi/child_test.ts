import { match, ok, strictEqual as equal, throws } from "node:assert/strict";
import { type Arena, openArena } from "../../ffi/arena.ts";
import { type Child, type ChildEnd, spawnChild } from "../../ffi/child.ts";
import { ErrnoError } from "../../ffi/errno.ts";
import { type Libc, openLibc } from "../../ffi/libc.ts";
import { Poller } from "../../ffi/poller.ts";
import { ReceiveBuffer } from "../../ffi/stream.ts";

/** Reads a child's stdout to the end and reaps it. */
async function outcome(libc: Libc, arena: Arena, child: Child): Promise<{ text: string; end: ChildEnd | undefined }> {
  using poller = new Poller(libc);
  using buffer = new ReceiveBuffer(arena, 65536);
  let text = "";
  let open = true;
  poller.add(child.stdout.number, { read: true, write: false }, () => {
    const count = buffer.read(libc, child.stdout.number);
    if (count === 0) {
      open = false;
      poller.remove(child.stdout.number);
    } else if (count > 0) text += new TextDecoder().decode(buffer.copy(0, count));
  });
  while (open) await poller.wait();
  poller.add(child.pidfd.number, { read: true, write: false }, () => undefined);
  await poller.wait();
  return { text, end: child.reap() };
}

Deno.test("a child gets its arguments, exactly the environment given, and a secret from locked memory", async () => {
  using libc = openLibc();
  using arena = openArena(libc, { requireLocked: false });
  using writer = arena.writer(100);
  writer.appendPublic(new TextEncoder().encode("CANARY=from locked memory"));
  using secretEnv = writer.finish();
  using child = spawnChild(libc, arena, {
    argv: ["/bin/sh", "-c", 'env | grep -v "^_=\\|^PWD=\\|^SHLVL=" | sort; echo "$1"; exit 7', "sh", "an argument"],
    env: { PLAIN: "value with = and spaces" },
    secretEnv,
  });
  const { text, end } = await outcome(libc, arena, child);
  equal(text, "CANARY=from locked memory\nPLAIN=value with = and spaces\nan argument\n");
  ok(end !== undefined && "code" in end && end.code === 7);
});

Deno.test("a killed child is told from one that exited", async () => {
  using libc = openLibc();
  using arena = openArena(libc, { requireLocked: false });
  using child = spawnChild(libc, arena, { argv: ["/bin/sh", "-c", "exec sleep 600"], env: {} });
  equal(child.reap(), undefined);
  child.kill(15);
  const { end } = await outcome(libc, arena, child);
  ok(end !== undefined && "signal" in end && end.signal === 15);
});

Deno.test("a program that is not there or not executable is named", () => {
  using libc = openLibc();
  using arena = openArena(libc, { requireLocked: false });
  for (const [path, code] of [["/nonexistent/bw", "ENOENT"], ["/etc/passwd", "EACCES"]] as const) {
    throws(() => spawnChild(libc, arena, { argv: [path], env: {} }), (error) => {
      ok(error instanceof ErrnoError);
      equal(error.code, code);
      match(error.message, new RegExp(path));
      return true;
    });
  }
  equal(arena.status().used, 0);
});

import { match, ok, rejects, strictEqual as equal, throws } from "node:assert/strict";
import { type Libc, openLibc } from "../../ffi/libc.ts";
import { acceptFrom, connectTo, listenAt } from "../../ffi/unix_socket.ts";
import { ListenError, type ListenOptions, openListeners } from "../../mod/daemon/listeners.ts";
import { makeTempDir, type TempDir } from "../support/temp.ts";

function optionsIn(dir: TempDir): ListenOptions {
  const runtimeDir = dir.join("run");
  return {
    runtimeDir,
    agentSocket: `${runtimeDir}/agent.sock`,
    controlSocket: `${runtimeDir}/control.sock`,
    inherited: 0,
  };
}

function refusal(code: ListenError["code"], says: RegExp): (error: unknown) => boolean {
  return (error) => {
    ok(error instanceof ListenError);
    equal(error.code, code);
    match(error.message, says);
    return true;
  };
}

Deno.test("two daemons cannot have one directory, and nothing is left when the first has ended", () => {
  using dir = makeTempDir();
  using libc = openLibc();
  const first = openListeners(libc, optionsIn(dir));
  throws(() => openListeners(libc, optionsIn(dir)), refusal("already-running", new RegExp(`process ${Deno.pid} `)));
  first[Symbol.dispose]();
  equal([...Deno.readDirSync(dir.path)].length, 0);
});

Deno.test("a stale socket is replaced", () => {
  using dir = makeTempDir();
  using libc = openLibc();
  const options = optionsIn(dir);
  dir.dir("run");
  listenAt(libc, options.agentSocket, 1)[Symbol.dispose]();
  using listeners = openListeners(libc, options);
  using _client = connectTo(libc, options.agentSocket);
  using served = acceptFrom(libc, listeners.agent);
  ok(served !== undefined);
});

/** Fills a listener's queue, so that one more connect gets EAGAIN. */
function fill(libc: Libc, path: string, stack: DisposableStack): void {
  for (let i = 0; i < 100; i++) {
    try {
      stack.use(connectTo(libc, path));
    } catch {
      return;
    }
  }
}

Deno.test("a server that is too busy to accept is not taken for gone", () => {
  using dir = makeTempDir();
  using libc = openLibc();
  using stack = new DisposableStack();
  const options = optionsIn(dir);
  dir.dir("run");
  const busy = stack.use(listenAt(libc, options.agentSocket, 1));
  fill(libc, options.agentSocket, stack);
  throws(() => openListeners(libc, options), refusal("already-running", /another process already serves/));
  using served = acceptFrom(libc, busy);
  ok(served !== undefined, "it does not serve its own path any more");
});

Deno.test("what is not a socket of ours is left alone", () => {
  using dir = makeTempDir();
  using libc = openLibc();
  const options = optionsIn(dir);
  dir.dir("run");
  Deno.writeTextFileSync(options.agentSocket, "precious");
  throws(() => openListeners(libc, options), refusal("foreign-socket", /not a socket/));
  equal(Deno.readTextFileSync(options.agentSocket), "precious");
});

Deno.test("a directory that others can enter is refused", () => {
  using dir = makeTempDir();
  using libc = openLibc();
  Deno.chmodSync(dir.dir("run"), 0o750);
  throws(() => openListeners(libc, optionsIn(dir)), refusal("unsafe-directory", /entered by other users/));
});

Deno.test("a socket somebody put in our place meanwhile is not removed at the end", async () => {
  using dir = makeTempDir();
  using libc = openLibc();
  const options = optionsIn(dir);
  const ours = openListeners(libc, options);
  Deno.removeSync(options.agentSocket);
  using _theirs = listenAt(libc, options.agentSocket, 1);
  ours[Symbol.dispose]();
  ok(Deno.lstatSync(options.agentSocket).isSocket);
  await rejects(() => Deno.lstat(options.controlSocket));
});

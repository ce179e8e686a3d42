/**
 * The daemon's place in the file system: a private directory, the lock that makes it the only one there, and the two
 * sockets, ours or inherited from the service manager. Never unlinks what somebody serves, nor what is not ours.
 *
 * @module
 */

import { ErrnoError } from "../../ffi/errno.ts";
import type { Libc } from "../../ffi/libc.ts";
import { takeLock } from "../../ffi/lock_file.ts";
import { adoptListener, connectTo, type Fd, listenAt, peerCredentials } from "../../ffi/unix_socket.ts";

/** Connections the kernel holds until we accept them; OpenSSH's agent has 128. */
const BACKLOG = 512;
/** sd_listen_fds(3): inherited descriptors begin here. */
const SD_LISTEN_FDS_START = 3;

/** Why the daemon cannot take its place, with the remedy. */
export class ListenError extends Error {
  override readonly name = "ListenError";
  readonly code: "unsafe-directory" | "already-running" | "foreign-socket" | "inherited";
  readonly hint: string;
  constructor(code: ListenError["code"], message: string, hint: string) {
    super(message);
    this.code = code;
    this.hint = hint;
  }
}

/** Where to listen. */
export interface ListenOptions {
  readonly runtimeDir: string;
  readonly agentSocket: string;
  readonly controlSocket: string;
  /** Number of descriptors inherited from the service manager. */
  readonly inherited: number;
}

/** The two listeners. Disposing closes them, removes the sockets we made, and lets go of the lock. */
export interface Listeners extends Disposable {
  readonly agent: Fd;
  readonly control: Fd;
}

/** Takes the place. @throws {ListenError | ErrnoError} */
export function openListeners(libc: Libc, options: ListenOptions): Listeners {
  makePrivateDirectory(options.runtimeDir);
  using stack = new DisposableStack();
  if (options.inherited === 0) stack.defer(() => removeQuietly(options.runtimeDir)); // goes only if it is empty
  const lockPath = `${options.runtimeDir}/daemon.lock`;
  const lock = takeLock(libc, lockPath);
  if (lock === undefined) throw alreadyRunning(options.controlSocket, whoServes(libc, options.controlSocket));
  stack.use(lock);
  stack.defer(() => removeQuietly(lockPath));
  const inherited = adoptInherited(libc, options, stack);
  const agent = inherited.get(options.agentSocket) ?? bindOwn(libc, options.agentSocket, stack);
  const control = inherited.get(options.controlSocket) ?? bindOwn(libc, options.controlSocket, stack);
  const resources = stack.move();
  return { agent, control, [Symbol.dispose]: (): void => resources.dispose() };
}

/** Makes the directory 0700, or checks that it is a directory of ours that nobody else can enter. */
export function makePrivateDirectory(path: string): void {
  Deno.mkdirSync(path, { recursive: true, mode: 0o700 });
  const { isDirectory, uid, mode } = Deno.lstatSync(path);
  if (!isDirectory) throw unsafe(path, "is not a directory", `rm ${JSON.stringify(path)}`);
  if (uid !== Deno.uid()) throw unsafe(path, `belongs to uid ${uid}`, "choose another with --runtime-dir");
  if (((mode ?? 0) & 0o077) !== 0) {
    throw unsafe(path, "can be entered by other users", `chmod 700 ${JSON.stringify(path)}`);
  }
}

/** Binds a socket; a stale one of ours is replaced, anything else is left alone. */
function bindOwn(libc: Libc, path: string, stack: DisposableStack): Fd {
  removeStale(libc, path);
  const socket = stack.use(listenAt(libc, path, BACKLOG));
  const { ino, dev } = Deno.lstatSync(path);
  stack.defer(() => {
    // Somebody may have put another socket there meanwhile; only the one we made is ours to remove.
    const now = lstatOrNothing(path);
    if (now?.ino === ino && now?.dev === dev) removeQuietly(path);
  });
  return socket;
}

function removeStale(libc: Libc, path: string): void {
  const found = lstatOrNothing(path);
  if (found === undefined) return;
  if (!found.isSocket || found.uid !== Deno.uid()) {
    const what = found.isSocket ? `a socket of uid ${found.uid}` : "something that is not a socket";
    throw new ListenError("foreign-socket", `Cannot listen at "${path}": ${what} is there`, "choose another path");
  }
  const server = whoServes(libc, path);
  if (server !== "nobody") throw alreadyRunning(path, server);
  // Nobody answers and our lock keeps other daemons out, so nothing can be served here between the two calls.
  Deno.removeSync(path);
}

/**
 * Who listens at a path: a pid, "nobody", or "unknown" where somebody may: a stopped or busy server's queue is full, say.
 * Only what certainly nobody serves is stale.
 */
function whoServes(libc: Libc, path: string): number | "nobody" | "unknown" {
  try {
    using socket = connectTo(libc, path);
    return peerCredentials(libc, socket.number).pid;
  } catch (error) {
    const isNobody = error instanceof ErrnoError && (error.code === "ECONNREFUSED" || error.code === "ENOENT");
    return isNobody ? "nobody" : "unknown";
  }
}

/** Listeners of the service manager by the path they are bound to; every one of them must be one we serve. */
function adoptInherited(libc: Libc, options: ListenOptions, stack: DisposableStack): Map<string, Fd> {
  const adopted = new Map<string, Fd>();
  for (let fd = SD_LISTEN_FDS_START; fd < SD_LISTEN_FDS_START + options.inherited; fd++) {
    const { socket, path } = adoptListener(libc, fd);
    stack.use(socket);
    if (path !== options.agentSocket && path !== options.controlSocket) {
      throw new ListenError(
        "inherited",
        `Cannot serve the inherited socket "${path}": the configuration has ` +
          `"${options.agentSocket}" and "${options.controlSocket}"`,
        "make ListenStream= of the socket unit and [daemon] of config.toml agree: bwssh install --user-systemd",
      );
    }
    adopted.set(path, socket);
  }
  return adopted;
}

function alreadyRunning(path: string, server: ReturnType<typeof whoServes>): ListenError {
  const who = typeof server === "number" ? `process ${server}` : "another process";
  return new ListenError(
    "already-running",
    `Cannot start: ${who} already serves "${path}"`,
    "bwssh status shows it, bwssh stop ends it",
  );
}

function unsafe(path: string, what: string, hint: string): ListenError {
  return new ListenError("unsafe-directory", `Cannot keep sockets in "${path}": it ${what}`, hint);
}

function lstatOrNothing(path: string): Deno.FileInfo | undefined {
  try {
    return Deno.lstatSync(path);
  } catch (error) {
    if (error instanceof Deno.errors.NotFound) return undefined;
    throw error;
  }
}

function removeQuietly(path: string): void {
  try {
    Deno.removeSync(path);
  } catch {
    // already gone
  }
}

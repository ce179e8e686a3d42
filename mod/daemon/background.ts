/**
 * `bwssh daemon` without --foreground: starts the daemon as a process of its own and returns when it serves.
 *
 * @module
 */

import { type Detached, spawnDetached } from "../../ffi/detached.ts";
import { type Libc, openLibc } from "../../ffi/libc.ts";
import { openArena } from "../../ffi/arena.ts";
import { Poller } from "../../ffi/poller.ts";
import { ReceiveBuffer } from "../../ffi/stream.ts";
import { makePrivateDirectory } from "./listeners.ts";

/** A daemon that is not ready by then is not going to be. */
const START_MS = 30_000;
/** Name of the background daemon's log within the runtime directory; it goes when the daemon ends in good order. */
export const BACKGROUND_LOG = "daemon.log";

/** What to start. */
export interface BackgroundOptions {
  /** Absolute path of this program. */
  readonly program: string;
  readonly args: readonly string[];
  readonly env: Readonly<Record<string, string>>;
  readonly runtimeDir: string;
}

/** The daemon did not come up; the message ends with what it said. */
export class StartError extends Error {
  override readonly name = "StartError";
  readonly code = "start-failed";
  readonly hint = "bwssh daemon --foreground shows more";
}

/**
 * Starts it.
 * @returns The daemon's pid.
 * @throws {StartError} With the daemon's own last words.
 */
export async function startInBackground(options: BackgroundOptions): Promise<number> {
  makePrivateDirectory(options.runtimeDir);
  const log = `${options.runtimeDir}/${BACKGROUND_LOG}`;
  const before = sizeOf(log);
  using libc = openLibc();
  using child = spawnDetached(libc, [options.program, ...options.args], options.env, log);
  if (await isReady(libc, child)) return child.pid;
  const said = new TextDecoder().decode(Deno.readFileSync(log).subarray(before)).trim().replaceAll(/^bwssh: /gm, "");
  if (before === 0) Deno.removeSync(log);
  throw new StartError(said === "" ? "Cannot start the daemon: it ended without a word" : said);
}

function sizeOf(path: string): number {
  try {
    return Deno.lstatSync(path).size;
  } catch {
    return 0;
  }
}

/** Waits for the line on the pipe. Without it the process has ended, or takes too long. */
async function isReady(libc: Libc, child: Detached): Promise<boolean> {
  using poller = new Poller(libc);
  using memory = openArena(libc, { requireLocked: false }); // nothing secret passes here
  using buffer = new ReceiveBuffer(memory, 64);
  let outcome: boolean | undefined;
  const timer = setTimeout(() => {
    outcome = false;
    poller.wake();
  }, START_MS);
  poller.add(child.ready.number, { read: true, write: false }, () => {
    outcome = buffer.read(libc, child.ready.number) > 0;
  });
  while (outcome === undefined) await poller.wait();
  clearTimeout(timer);
  return outcome;
}

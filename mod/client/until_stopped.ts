/**
 * Whether a daemon answers, and waiting until it does not any more.
 *
 * @module
 */

import { ControlError } from "../control/messages.ts";

/** The daemon finishes what it signs, wipes and goes; bw gets ten seconds to end by itself. */
const STOP_MS = 20_000;
/** There is no event for the end of a process that is not our child; short against any wait a person notices. */
const LOOK_MS = 10;

/** Whether somebody listens there. Never makes the socket's owner do anything but accept. */
export async function isServed(socket: string): Promise<boolean> {
  try {
    (await Deno.connect({ transport: "unix", path: socket })).close();
    return true;
  } catch {
    return false;
  }
}

/**
 * Waits until nobody listens on the socket and the process is gone, so that the next daemon finds its place free.
 *
 * @param pid Of the daemon.
 * @param patience Milliseconds.
 * @throws {ControlError} `timeout`.
 */
export async function untilStopped(socket: string, pid: number, patience = STOP_MS): Promise<void> {
  const end = performance.now() + patience;
  while (await isServed(socket) || runs(pid)) {
    if (performance.now() > end) {
      const message = `The daemon (pid ${pid}) has not ended within ${patience / 1000} s`;
      throw new ControlError("timeout", message, `bwssh status, and if need be kill -KILL ${pid}`);
    }
    await new Promise((resolve) => setTimeout(resolve, LOOK_MS));
  }
}

/** proc_pid_stat(5): a process that has ended and was not waited for is a zombie, which serves nobody. */
function runs(pid: number): boolean {
  try {
    const stat = Deno.readTextFileSync(`/proc/${pid}/stat`);
    return !/^[ZX]/.test(stat.slice(stat.lastIndexOf(")") + 2));
  } catch {
    return false;
  }
}

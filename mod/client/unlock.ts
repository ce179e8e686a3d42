/**
 * The whole of `bwssh unlock` but for its command line: this process closed to others, a session in its locked memory,
 * sent to the daemon, wiped.
 *
 * @module
 */

import { openArena } from "../../ffi/arena.ts";
import { hardenProcess, raiseMemlockLimit } from "../../ffi/harden.ts";
import { openLibc } from "../../ffi/libc.ts";
import { Poller } from "../../ffi/poller.ts";
import { someoneListensAt } from "../../ffi/unix_socket.ts";
import type { Config } from "../config/model.ts";
import type { LoadReport } from "../control/messages.ts";
import { bwEnvironment } from "../source/bitwarden/bw_command.ts";
import { resolveBwPath, systemLookup } from "../source/bitwarden/bw_path.ts";
import { notRunning } from "./control_client.ts";
import { sendUnlock } from "./unlock_client.ts";
import { obtainSession, type SessionOrigin } from "./vault_session.ts";

/** What unlocking needs to know. */
export interface UnlockRequest {
  readonly origin: SessionOrigin;
  /** Path of the control socket. */
  readonly socket: string;
  readonly config: Config;
  /** Looks up a variable of the user's environment, of which `bw` gets a part. */
  readonly environment: (name: string) => string | undefined;
}

/** Unlocks the daemon. @throws {ControlError | SecretMemoryError | SourceError | ErrnoError} */
export async function unlockDaemon({ origin, socket, config, environment }: UnlockRequest): Promise<LoadReport> {
  using libc = openLibc();
  hardenProcess(libc);
  raiseMemlockLimit(libc);
  // Before anybody types a password.
  if (!someoneListensAt(libc, socket)) throw notRunning(socket);
  using memory = openArena(libc, { requireLocked: config.memory.requireLocked });
  using poller = new Poller(libc);
  const { bwPath, dataDir, timeoutSeconds } = config.bitwarden;
  const { BW_NOINTERACTION: _, ...env } = bwEnvironment(environment, dataDir);
  using session = await obtainSession(origin, {
    libc,
    memory,
    poller,
    bw: () => resolveBwPath(bwPath, systemLookup(env["PATH"])),
    env,
    timeoutMs: timeoutSeconds * 1000,
  });
  return await sendUnlock({ libc, memory, poller }, socket, session);
}

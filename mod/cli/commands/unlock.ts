/** `bwssh unlock`: a session for the daemon, from a person or a script. @module */

import { unlockDaemon } from "../../client/unlock.ts";
import type { SessionOrigin } from "../../client/vault_session.ts";
import { loadConfig } from "../../config/load.ts";
import { type CliContext, controlSocket } from "../context.ts";
import { UsageError } from "../failure.ts";
import type { UnlockFlags } from "../flags.ts";
import { printLoad } from "./load_report.ts";

/** Gets the session, sends it, reports what was loaded. */
export default async function unlock(this: CliContext, flags: UnlockFlags): Promise<void> {
  const origin = originOf(flags);
  const socket = await controlSocket(this);
  const { config } = await loadConfig({ env: this.env, uid: this.uid });
  const environment = (name: string): string | undefined => this.env(name) ?? this.launch.held[name];
  printLoad(this, await unlockDaemon({ origin, socket, config, environment }), flags);
}

function originOf(flags: UnlockFlags): SessionOrigin {
  const origins: SessionOrigin[] = [];
  if (flags.sessionStdin === true) origins.push({ from: "stdin" });
  if (flags.sessionFile !== undefined) origins.push({ from: "file", path: flags.sessionFile });
  if (flags.sessionEnv !== undefined) origins.push({ from: "env", name: flags.sessionEnv });
  if (flags.passwordFile !== undefined) origins.push({ from: "password-file", path: flags.passwordFile });
  if (flags.passwordEnv !== undefined) origins.push({ from: "password-env", name: flags.passwordEnv });
  if (origins.length > 1) throw new UsageError("Only one source of a session can be used", "bwssh unlock --help");
  return origins[0] ?? { from: "terminal" };
}

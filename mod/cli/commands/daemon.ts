/** `bwssh daemon`: handed to the daemon's own room. @module */

import type { CliContext } from "../context.ts";
import type { DaemonFlags } from "../flags.ts";

/** Runs or starts the daemon. */
export default async function daemon(this: CliContext, flags: DaemonFlags): Promise<void> {
  this.process.exitCode = await this.daemon(flags);
}

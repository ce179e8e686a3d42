/** `bwssh lock`. @module */

import { askDaemon } from "../../client/control_client.ts";
import { type CliContext, controlSocket } from "../context.ts";

/** Asks the daemon to lock. */
export default async function lock(this: CliContext): Promise<void> {
  await askDaemon(await controlSocket(this), "lock");
}

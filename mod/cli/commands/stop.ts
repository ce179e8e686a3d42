/** `bwssh stop`. @module */

import { askDaemon } from "../../client/control_client.ts";
import { type CliContext, controlSocket } from "../context.ts";

/** Asks the daemon to stop. */
export default async function stop(this: CliContext): Promise<void> {
  await askDaemon(await controlSocket(this), "stop");
}

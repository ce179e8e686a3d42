/** `bwssh sync`: fetch from the vault's server, then load again. @module */

import { askDaemon } from "../../client/control_client.ts";
import { type CliContext, controlSocket } from "../context.ts";
import { printLoad } from "./load_report.ts";

/** Asks the daemon to sync. */
export default async function sync(this: CliContext, flags: { readonly json?: boolean }): Promise<void> {
  printLoad(this, await askDaemon(await controlSocket(this), "sync"), flags);
}

/** `bwssh reload`: read the configuration again. @module */

import { askDaemon } from "../../client/control_client.ts";
import { printable } from "../../ssh/printable.ts";
import { type CliContext, controlSocket, print, printJson, remark } from "../context.ts";

/** Asks the daemon to reload. */
export default async function reload(this: CliContext, flags: { readonly json?: boolean }): Promise<void> {
  const report = await askDaemon(await controlSocket(this), "reload");
  if (flags.json === true) return printJson(this, report);
  for (const warning of report.warnings) remark(this, `warning: ${printable(warning)}`);
  for (const change of report.changed) print(this, `changed: ${printable(change)}`);
  if (report.dropped) {
    remark(this, "keys were dropped because what may sign has changed; `bwssh unlock` loads them again");
  }
}

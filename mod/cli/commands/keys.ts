/** `bwssh keys`: the identities offered, public facts only. @module */

import { askDaemon } from "../../client/control_client.ts";
import { type CliContext, controlSocket, print, printJson, remark } from "../context.ts";
import { table } from "../table.ts";

/** Prints one line a key. */
export default async function keys(this: CliContext, flags: { readonly json?: boolean }): Promise<void> {
  const reports = await askDaemon(await controlSocket(this), "keys");
  if (flags.json === true) return printJson(this, reports);
  if (reports.length === 0) {
    return remark(this, "no keys; `bwssh unlock` loads them, `bwssh status` says what was skipped");
  }
  print(
    this,
    table(reports.map((key) => [
      key.fingerprint,
      `${key.type} ${key.bits}`,
      key.usable ? "usable" : "locked",
      key.source,
      `${key.comment}${key.reprompt ? " (re-prompt: refused)" : ""}`,
    ])),
  );
}

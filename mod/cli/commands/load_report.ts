/** What `unlock` and `sync` say when they are done. @module */

import type { LoadReport } from "../../control/messages.ts";
import { printable } from "../../ssh/printable.ts";
import { type CliContext, print, printJson, remark } from "../context.ts";
import { problemText } from "./status.ts";

/** Prints how many keys there are, and on standard error what did not go well. */
export function printLoad(context: CliContext, report: LoadReport, flags: { readonly json?: boolean }): void {
  if (flags.json === true) return printJson(context, report);
  for (const change of report.changed) remark(context, `changed since keys were last loaded: ${printable(change)}`);
  for (const warning of report.warnings) remark(context, `warning: ${printable(warning)}`);
  for (const problem of report.problems) {
    for (const line of problemText(problem).split("\n")) remark(context, line);
  }
  print(context, `${report.keys} ${report.keys === 1 ? "key" : "keys"} loaded`);
}

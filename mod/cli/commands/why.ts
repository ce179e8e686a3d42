/** `bwssh why [ID]`: one decision in words; without an id the last refusal. @module */

import { type AuditEntry, parseEntry } from "../../audit/entry.ts";
import { readAuditLines } from "../../client/audit_reader.ts";
import { auditPath } from "../audit_path.ts";
import { type CliContext, print, printJson } from "../context.ts";
import { UsageError } from "../failure.ts";
import { table } from "../table.ts";
import { programsOf, whatOf } from "./log.ts";

/** Prints it. */
export default async function why(this: CliContext, flags: { readonly json?: boolean }, id?: string): Promise<void> {
  const entries = readAuditLines(await auditPath(this)).map(parseEntry).filter((entry) => entry !== undefined);
  const entry = entries.findLast((each) => id === undefined ? each.verdict === "deny" : each.id === id);
  if (entry === undefined) {
    const message = id === undefined ? "Nothing was refused yet" : `There is no decision "${id}" in the log`;
    throw new UsageError(message, "bwssh log lists them");
  }
  if (flags.json === true) return printJson(this, entry);
  print(this, table(rowsOf(entry)));
  // The sentence may hold a whole rule to paste; it keeps its lines.
  for (const line of (entry.detail ?? "").split("\n")) if (line !== "") print(this, table([[line]]));
}

function rowsOf(entry: AuditEntry): string[][] {
  return [
    [entry.verdict === "allow" ? "allowed" : "refused", `${entry.time}, after ${entry.ms} ms`],
    ["what", whatOf(entry)],
    ["key", `${entry.comment ?? ""} ${entry.key}`],
    ["item", `${entry.item ?? ""} (${entry.source ?? ""})`],
    ["program", `${programsOf(entry)} (pid ${entry.pid}, uid ${entry.uid})`],
    ["forwarded", String(entry.forwarded)],
    ["asked", entry.prompted ? "yes" : "no"],
    [entry.verdict === "allow" ? "allowed by" : "reason", entry.by],
  ];
}

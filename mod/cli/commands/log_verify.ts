/** `bwssh log verify`: whether the chain of the audit log holds. @module */

import { type ChainReport, hasHead, verifyChain } from "../../audit/chain.ts";
import { readAuditLines } from "../../client/audit_reader.ts";
import { askDaemon } from "../../client/control_client.ts";
import { ControlError, type StatusReport } from "../../control/messages.ts";
import { auditPath } from "../audit_path.ts";
import { type CliContext, controlSocket, print, printJson } from "../context.ts";
import { EXIT } from "../failure.ts";

type Head = StatusReport["audit"];

/** Prints the outcome; exit code 1 if the chain is broken, or its end is not what the daemon wrote. */
export default async function logVerify(this: CliContext, flags: { readonly json?: boolean }): Promise<void> {
  const daemon = await headOfDaemon(this); // before the file is read: lines may be added meanwhile, none may go
  const lines = readAuditLines(await auditPath(this));
  const report = verifyChain(lines);
  const end = daemon === null ? "unknown" : hasHead(lines, daemon) ? "confirmed" : "changed";
  if (report.broken !== undefined || end === "changed") this.process.exitCode = EXIT.failed;
  if (flags.json === true) return printJson(this, { ...report, end });
  print(this, textOf(report));
  if (report.broken === undefined) print(this, END[end]);
}

function textOf({ entries, head, broken }: ChainReport): string {
  if (broken === undefined) return `${entries} entries, unbroken; head ${head}`;
  return `broken at entry ${broken.line}: ${WHY[broken.why]}`;
}

/** What the running daemon wrote last, or null. */
async function headOfDaemon(context: CliContext): Promise<Head> {
  try {
    return (await askDaemon(await controlSocket(context), "status")).audit;
  } catch (error) {
    if (error instanceof ControlError) return null;
    throw error;
  }
}

const WHY = {
  "not-an-entry": "the line is no entry",
  "hash": "it does not follow from the line before: one of the two was changed, or lines are missing between them",
  "count": "entries are missing before it",
} as const;

const END = {
  confirmed: "the end is what the running daemon wrote",
  changed: "BUT the last line the running daemon wrote is missing or changed",
  unknown: "no daemon runs, so nothing vouches for the last line; compare the head with one noted elsewhere",
} as const;

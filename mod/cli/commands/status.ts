/** `bwssh status`: is it running, locked, what does it hold and how well protected. @module */

import { askDaemon } from "../../client/control_client.ts";
import { ControlError, type MemoryReport, type ProblemReport, type StatusReport } from "../../control/messages.ts";
import { isBusy, managementOf } from "../../service/managed.ts";
import { hasUnits } from "../../service/plan.ts";
import { SERVICE_UNIT, SOCKET_UNIT } from "../../service/units.ts";
import { type UnitStates, UserManager } from "../../service/user_manager.ts";
import { printable } from "../../ssh/printable.ts";
import { type CliContext, controlSocket, print, printJson } from "../context.ts";
import { table } from "../table.ts";

/** Prints the daemon's state. */
export default async function status(this: CliContext, flags: { readonly json?: boolean }): Promise<void> {
  const control = await controlSocket(this);
  const states = await unitStates(this, control);
  if (states !== undefined && !isBusy(states.service) && isBusy(states.socket)) {
    // Asking would start it.
    throw new ControlError(
      "not-running",
      "No daemon runs; systemd listens and starts it at the first use",
      "bwssh unlock",
    );
  }
  const report = await askDaemon(control, "status");
  if (flags.json === true) return printJson(this, report);
  print(this, table([...statusRows(report), ...(states === undefined ? [] : [["service", serviceText(states)]])]));
  for (const warning of report.warnings) print(this, `warning: ${warning}`);
  for (const problem of report.problems) print(this, problemText(problem));
}

/** What systemd says of our units; undefined where they are not installed, which costs no call. */
async function unitStates(context: CliContext, control: string): Promise<UnitStates | undefined> {
  if (!hasUnits(context.env)) return undefined;
  const management = await managementOf(new UserManager(context.env), control);
  return management.kind === "units" ? management.states : undefined;
}

function serviceText({ service, socket }: UnitStates): string {
  return `${SERVICE_UNIT} ${service}, ${SOCKET_UNIT} ${socket}`;
}

/** One line about an item, and its hint. */
export function problemText({ used, item, identity, message, hint }: ProblemReport): string {
  // Names of items are in the message too.
  const [named, where, what, next] = [JSON.stringify(item), identity, message, hint ?? ""].map(printable);
  return `${used ? "note on" : "skipped"} ${named} (${where}): ${what}${next === "" ? "" : `\n  hint: ${next}`}`;
}

function statusRows(report: StatusReport): string[][] {
  return [
    ["version", `${report.version} (${report.kind})`],
    ["daemon", `pid ${report.pid}, since ${report.started}`],
    ["state", report.state],
    ["keys", `${report.keys} usable, ${report.listed} listed`],
    ["agent socket", report.agentSocket],
    ["control socket", report.controlSocket],
    ["connections", String(report.connections)],
    ["signatures", `${report.signatures} given, ${report.refused} refused`],
    ["approver", `${report.approver}, ${report.rules} rules`],
    ["audit", auditText(report.audit)],
    ["bw", report.bw],
    ["last load", report.lastLoad ?? "never"],
    ...(report.lastError === null ? [] : [["last error", report.lastError]]),
    ["memory", memoryText(report.memory)],
    ["libcrypto", cryptoText(report.memory)],
  ];
}

function auditText(audit: StatusReport["audit"]): string {
  return audit === null ? "NOT WRITTEN; the daemon's log says why" : `${audit.count} decisions, head ${audit.hash}`;
}

function memoryText({ protection, arenaUsed, arenaMapped, limit, dumpable }: MemoryReport): string {
  const cap = limit === null ? "no limit" : `limit ${kib(limit)}`;
  const open = dumpable ? ", READABLE BY OTHER PROCESSES OF THIS USER" : "";
  return `${protection}: ${kib(arenaUsed)} of ${kib(arenaMapped)} used, ${cap}${open}`;
}

function cryptoText({ libcrypto, libcryptoHeap, libcryptoUsed }: MemoryReport): string {
  if (libcrypto === null) return "not found; degraded: keys pass through the JavaScript heap";
  return `${libcrypto}, locked heap ${kib(libcryptoUsed)} of ${kib(libcryptoHeap)} used`;
}

function kib(bytes: number): string {
  return `${Math.ceil(bytes / 1024)} KiB`;
}

/** `bwssh start`: by the user manager where it has our units, else in the background. @module */

import { askDaemon } from "../../client/control_client.ts";
import { ControlError, type StatusReport } from "../../control/messages.ts";
import { isBusy, managementOf } from "../../service/managed.ts";
import { SERVICE_UNIT, SOCKET_UNIT } from "../../service/units.ts";
import { UserManager } from "../../service/user_manager.ts";
import { printable } from "../../ssh/printable.ts";
import { type CliContext, controlSocket, remark } from "../context.ts";

/** Starts the daemon and returns when it serves; that it runs already is no error. */
export default async function start(this: CliContext): Promise<void> {
  const control = await controlSocket(this);
  const manager = new UserManager(this.env);
  const management = await managementOf(manager, control);
  if (management.kind === "elsewhere") {
    remark(
      this,
      `the units of systemd serve ${printable(management.listens.join(", "))}, not "${printable(control)}";`,
    );
    remark(this, "starting a daemon beside them. To make them agree: bwssh install --user-systemd");
  }
  if (management.kind !== "units") {
    const running = await runningDaemon(control);
    if (running === undefined) this.process.exitCode = await this.daemon({});
    else remark(this, `already running, pid ${running.pid}`);
    return;
  }
  const { service, socket } = management.states;
  if (service === "active" || service === "reloading") return remark(this, `already running: ${SERVICE_UNIT}`);
  // With the socket unit at work it is the manager that listens, and asking would start the daemon.
  const other = isBusy(socket) ? undefined : await runningDaemon(control);
  if (other !== undefined) return remark(this, `already running, pid ${other.pid}, not as a unit of systemd`);
  // Too many failures in a row bar a unit from starting; whoever types this has mended the cause, or wants to see it.
  await manager.askQuietly("reset-failed", SERVICE_UNIT, SOCKET_UNIT);
  await manager.ask("start", SERVICE_UNIT);
  remark(this, `daemon running: ${SERVICE_UNIT}`);
}

async function runningDaemon(control: string): Promise<StatusReport | undefined> {
  try {
    return await askDaemon(control, "status");
  } catch (error) {
    if (error instanceof ControlError && error.code === "not-running") return undefined;
    throw error;
  }
}

/** `bwssh stop`: whoever started it. @module */

import { askDaemon } from "../../client/control_client.ts";
import { untilStopped } from "../../client/until_stopped.ts";
import { isBusy, managementOf } from "../../service/managed.ts";
import { SERVICE_UNIT, SOCKET_UNIT } from "../../service/units.ts";
import { UserManager } from "../../service/user_manager.ts";
import { type CliContext, controlSocket, remark } from "../context.ts";

/** Ends the daemon and returns when it has ended. */
export default async function stop(this: CliContext): Promise<void> {
  const control = await controlSocket(this);
  const manager = new UserManager(this.env);
  const management = await managementOf(manager, control);
  if (management.kind === "units") {
    const { service, socket } = management.states;
    if (isBusy(service) || isBusy(socket)) {
      // Both: as long as the manager listens, the next ssh would start the daemon again.
      await manager.ask("stop", SOCKET_UNIT, SERVICE_UNIT);
      return remark(this, "stopped, and its sockets with it, until bwssh start or the next login");
    }
  }
  const { pid } = await askDaemon(control, "status");
  await askDaemon(control, "stop");
  await untilStopped(control, pid);
}

/** `bwssh uninstall`: what install wrote, as long as it is as install wrote it. @module */

import { type Standing, standingOf, uninstall } from "../../service/artefact.ts";
import { ServiceError } from "../../service/error.ts";
import { places, planUninstall, resolveProgram } from "../../service/plan.ts";
import { SERVICE_UNIT, SOCKET_UNIT } from "../../service/units.ts";
import { UserManager } from "../../service/user_manager.ts";
import { printable } from "../../ssh/printable.ts";
import { type CliContext, print, remark } from "../context.ts";
import { UsageError } from "../failure.ts";
import type { UninstallFlags } from "../flags.ts";
import { uninstallPolicy } from "../install_policy.ts";

/** Switches the units off and removes them. */
export default async function uninstallService(this: CliContext, flags: UninstallFlags): Promise<void> {
  if (flags.userSystemd === true && flags.polkit === true) {
    throw new UsageError("Uninstall one thing at a time", "--user-systemd as yourself, --polkit as root");
  }
  if (flags.polkit === true) return await uninstallPolicy(this, flags);
  if (flags.userSystemd !== true) {
    throw new UsageError("Say what to uninstall", "bwssh uninstall --user-systemd, or --polkit; first with --print");
  }
  const { program } = this.launch;
  const artefacts = planUninstall(this.env, program === undefined ? undefined : await resolveProgram(program));
  const standings = await Promise.all(artefacts.map(standingOf));
  const removable = artefacts.filter((_, index) => isOurs(standings[index]));
  if (flags.print === true) {
    for (const { path } of removable) print(this, path);
    return;
  }
  for (const [index, { path }] of artefacts.entries()) {
    if (standings[index] === "foreign") remark(this, printable(`left "${path}": bwssh did not make it`));
  }
  const at = places(this.env);
  const manager = new UserManager(this.env);
  if (removable.some(({ path }) => path === at.socket || path === at.service)) await switchOff(manager, at.service);
  for (const artefact of removable) {
    await uninstall(artefact); // systemctl may have removed the link meanwhile
    remark(this, printable(`removed "${artefact.path}"`));
  }
  await manager.askQuietly("daemon-reload");
  const changed = artefacts.filter((_, index) => standings[index] === "changed").map(({ path }) => `'${path}'`);
  if (changed.length === 0) return;
  const message = `Cannot remove ${changed.join(", ")}: changed after bwssh wrote it`;
  throw new ServiceError("not-removed", message, `look at it, then rm ${changed.join(" ")}`);
}

function isOurs(standing: Standing | undefined): boolean {
  return standing === "same" || standing === "ours";
}

/** Ends the daemon and its sockets, and takes them out of the login. */
async function switchOff(manager: UserManager, service: string): Promise<void> {
  const disable = ["disable", "--now", SOCKET_UNIT, SERVICE_UNIT] as const;
  if ((await manager.units())?.file === service) await manager.ask(...disable);
  // Half an installation, or no manager, or one that reads other files: what it does not know it cannot refuse.
  else await manager.askQuietly(...disable);
}

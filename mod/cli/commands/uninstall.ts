/** `bwssh uninstall --user-systemd`: what install wrote, as long as it is as install wrote it. @module */

import { type Artefact, type Standing, standingOf, uninstall } from "../../service/artefact.ts";
import { ServiceError } from "../../service/error.ts";
import { places, planUninstall, resolveProgram } from "../../service/plan.ts";
import { SERVICE_UNIT, SOCKET_UNIT } from "../../service/units.ts";
import { UserManager } from "../../service/user_manager.ts";
import { printable } from "../../ssh/printable.ts";
import { type CliContext, print, remark } from "../context.ts";
import { UsageError } from "../failure.ts";
import type { InstallFlags } from "../service_commands.ts";

/** Switches the units off and removes them. */
export default async function uninstallService(this: CliContext, flags: InstallFlags): Promise<void> {
  if (flags.userSystemd !== true) {
    throw new UsageError("Say what to uninstall", "bwssh uninstall --user-systemd, or first with --print");
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
  if (removable.some(({ path }) => path === at.service || path === at.socket)) await switchOff(this, at.enabled);
  for (const artefact of removable) await removeOne(this, artefact);
  await new UserManager(this.env).askQuietly("daemon-reload");
  const changed = artefacts.filter((_, index) => standings[index] === "changed").map(({ path }) => `'${path}'`);
  if (changed.length === 0) return;
  const message = `Cannot remove ${changed.join(", ")}: changed after bwssh wrote it`;
  throw new ServiceError("not-removed", message, `look at it, then rm ${changed.join(" ")}`);
}

function isOurs(standing: Standing | undefined): boolean {
  return standing === "same" || standing === "ours";
}

async function removeOne(context: CliContext, artefact: Artefact): Promise<void> {
  if (isOurs(await uninstall(artefact))) remark(context, printable(`removed "${artefact.path}"`));
}

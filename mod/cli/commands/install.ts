/** `bwssh install`: the units, the link, and on request SSH_AUTH_SOCK for the session; or the polkit actions. @module */

import { isServed } from "../../client/until_stopped.ts";
import { type Artefact, install, type Outcome } from "../../service/artefact.ts";
import { ServiceError } from "../../service/error.ts";
import { isBusy } from "../../service/managed.ts";
import { places, planInstall, resolveProgram } from "../../service/plan.ts";
import { SERVICE_UNIT, SOCKET_UNIT } from "../../service/units.ts";
import { UserManager } from "../../service/user_manager.ts";
import { printable } from "../../ssh/printable.ts";
import { type CliContext, controlSocket, print, remark } from "../context.ts";
import { UsageError } from "../failure.ts";
import type { InstallFlags } from "../flags.ts";
import { installPolicy } from "../install_policy.ts";

/** Writes the units and, where a user manager answers, switches them on. */
export default async function installService(this: CliContext, flags: InstallFlags): Promise<void> {
  if (flags.userSystemd === true && flags.polkit === true) {
    throw new UsageError("Install one thing at a time", "--user-systemd as yourself, --polkit as root");
  }
  if (flags.polkit === true) return await installPolicy(this, flags);
  if (flags.userSystemd !== true) {
    throw new UsageError("Say what to install", "bwssh install --user-systemd, or --polkit; first with --print");
  }
  if (flags.user !== undefined) throw new UsageError("--user goes with --polkit", "bwssh install --polkit --user NAME");
  const { program } = this.launch;
  if (program === undefined) {
    const hint = "deno task build, then dist/bwssh install --user-systemd";
    throw new ServiceError("from-source", "Cannot install a program that runs from its sources", hint);
  }
  const artefacts = await planInstall(this, await resolveProgram(program), {
    environment: flags.environment === true,
  });
  if (flags.print === true) return print(this, artefacts.map(shown).join("\n"));
  const outcomes = await install(artefacts);
  for (const outcome of outcomes) remark(this, printable(told(outcome)));
  await switchOn(this, outcomes.some(({ did }) => did === "written"));
  if (flags.environment === true) remark(this, "SSH_AUTH_SOCK is set for what starts after the next login");
}

/** As `systemctl cat` shows files. */
function shown(artefact: Artefact): string {
  return artefact.kind === "file" ? `# ${artefact.path}\n${artefact.text}` : `# ${artefact.path} -> ${artefact.target}`;
}

function told({ path, did, reason }: Outcome): string {
  if (did !== "skipped") return `${did} "${path}"`;
  return `left out the link "${path}" (${reason}); "bwssh daemon" is the same`;
}

async function switchOn(context: CliContext, changed: boolean): Promise<void> {
  const manager = new UserManager(context.env);
  if (!await manager.answers()) {
    remark(context, "no user manager of systemd answers here; where one does, type:");
    remark(context, `hint: systemctl --user daemon-reload && systemctl --user enable --now ${SOCKET_UNIT}`);
    return;
  }
  await manager.ask("daemon-reload");
  const states = await manager.units();
  const { service } = places(context.env);
  if (states?.file !== service) {
    const found = states === undefined ? "no such unit" : `another one, "${states.file}"`;
    throw new ServiceError(
      "manager",
      `The user manager does not read "${service}"; it has ${found}`,
      "systemctl --user show-environment shows the XDG_CONFIG_HOME it goes by",
    );
  }
  if (isBusy(states.service)) {
    await manager.ask("enable", SOCKET_UNIT);
    if (changed) remark(context, "a daemon is running; what changed counts after: bwssh stop && bwssh start");
  } else if (!isBusy(states.socket) && await isServed(await controlSocket(context))) {
    // systemd unlinks a socket that is in its way, whoever serves it.
    await manager.ask("enable", SOCKET_UNIT);
    remark(context, "a daemon is running that systemd did not start; to hand over: bwssh stop && bwssh start");
  } else {
    await manager.askQuietly("reset-failed", SOCKET_UNIT);
    await manager.ask("enable", SOCKET_UNIT);
    await manager.ask("restart", SOCKET_UNIT); // it may listen where an older version of the file said
    remark(context, `${SOCKET_UNIT} listens, and starts ${SERVICE_UNIT} when somebody asks`);
  }
}

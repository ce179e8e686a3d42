/**
 * `bwssh install --polkit` and its undoing: writes the policy file as root, and for anybody else prints it with the command
 * that writes it.
 *
 * @module
 */

import { variable } from "../config/paths.ts";
import { install, uninstall } from "../service/artefact.ts";
import { ServiceError } from "../service/error.ts";
import { planPolicy, policyArtefact, requirePolkit } from "../service/polkit_file.ts";
import { printable } from "../ssh/printable.ts";
import { type CliContext, print, remark } from "./context.ts";
import { UsageError } from "./failure.ts";
import type { InstallFlags, UninstallFlags } from "./flags.ts";

/** Writes or prints it. */
export async function installPolicy(context: CliContext, flags: InstallFlags): Promise<void> {
  const user = flags.user ?? caller(context);
  if (user === undefined) {
    throw new UsageError("Say who runs bwssh: root does not", "bwssh install --polkit --user NAME");
  }
  const { artefact, owners } = await planPolicy(user);
  if (flags.print === true) return print(context, artefact.text.trimEnd());
  if (context.uid !== 0) {
    print(context, artefact.text.trimEnd());
    remark(context, `only root may write "${artefact.path}"; nothing was written`);
    remark(context, `hint: sudo ${command(context)} install --polkit --user ${user}`);
    return;
  }
  await requirePolkit();
  for (const { path, did } of await install([artefact])) remark(context, printable(`${did} "${path}"`));
  remark(context, `prompts say which key is asked for when bwssh runs as ${owners.join(", ")}`);
}

/** Removes it, if it is as we wrote it. */
export async function uninstallPolicy(context: CliContext, flags: UninstallFlags): Promise<void> {
  const artefact = policyArtefact("");
  if (flags.print === true) return print(context, artefact.path);
  if (context.uid !== 0) {
    throw new ServiceError(
      "not-removed",
      `Cannot remove "${artefact.path}": only root may`,
      `sudo ${command(context)} uninstall --polkit`,
    );
  }
  const standing = await uninstall(artefact);
  switch (standing) {
    case "same":
    case "ours":
      return remark(context, printable(`removed "${artefact.path}"`));
    case "absent":
      return remark(context, printable(`there is no "${artefact.path}"`));
    case "changed":
    case "foreign": {
      const why = standing === "changed" ? "it was changed after bwssh wrote it" : "bwssh did not make it";
      throw new ServiceError("not-removed", `Cannot remove "${artefact.path}": ${why}`, `rm '${artefact.path}'`);
    }
    default:
      return standing satisfies never;
  }
}

/** Who called: ourselves, or whoever called sudo. By number: names are another file's business. */
function caller({ uid, env }: CliContext): string | undefined {
  if (uid !== 0) return String(uid);
  const sudo = variable(env, "SUDO_UID");
  return sudo === undefined || sudo === "0" ? undefined : sudo;
}

/** As the user has to type it: sudo looks in other directories than the user's. */
function command({ launch }: CliContext): string {
  const program = launch.program ?? "bwssh";
  return /^[\w./-]+$/.test(program) ? program : `'${program.replaceAll("'", "'\\''")}'`;
}

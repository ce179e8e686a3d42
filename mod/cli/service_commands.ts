/** The subcommands that deal with the service manager. @module */

import { buildCommand, type Command } from "@stricli/core";
import type { CliContext } from "./context.ts";
import type { InstallFlags, UninstallFlags } from "./flags.ts";

const boolean = { kind: "boolean", optional: true, withNegated: false } as const;
const uninstallFlags = {
  userSystemd: { ...boolean, brief: "the units bwssh-agent.service and bwssh-agent.socket of the user manager" },
  polkit: { ...boolean, brief: "the polkit actions, for prompts that say which key is asked for; as root" },
  print: { ...boolean, brief: "print what would be done, write nothing" },
} as const;
const installFlags = {
  ...uninstallFlags,
  user: { kind: "parsed", optional: true, parse: String, placeholder: "NAME", brief: "with --polkit: who runs bwssh" },
  environment: { ...boolean, brief: "SSH_AUTH_SOCK for everything the session starts (environment.d)" },
} as const;

function plain(
  brief: string,
  load: () => Promise<{ default: (this: CliContext, flags: Record<never, never>) => Promise<void> }>,
): Command<CliContext> {
  return buildCommand<Record<never, never>, [], CliContext>({ docs: { brief }, parameters: {}, loader: load });
}

/** `install`, `uninstall`, `start`, `stop`. */
export const serviceCommands = {
  start: plain(
    "start the daemon: by systemd where it runs, else in the background",
    () => import("./commands/start.ts"),
  ),
  stop: plain("end the daemon", () => import("./commands/stop.ts")),
  install: buildCommand<InstallFlags, [], CliContext>({
    docs: { brief: "set bwssh up as a service of this user" },
    parameters: { flags: installFlags },
    loader: () => import("./commands/install.ts"),
  }),
  uninstall: buildCommand<UninstallFlags, [], CliContext>({
    docs: { brief: "undo install" },
    parameters: { flags: uninstallFlags },
    loader: () => import("./commands/uninstall.ts"),
  }),
};

/**
 * The command line: which subcommands there are, what they take and say of themselves. Each is loaded when it is run.
 *
 * @module
 */

import {
  type Application,
  buildApplication,
  buildCommand,
  buildRouteMap,
  type Command,
  run,
  text_en,
} from "@stricli/core";
import type { CliContext } from "./context.ts";
import type { DaemonFlags } from "./flags.ts";
import { EXIT, exitCodeOf, failureText } from "./failure.ts";
import { unlockCommand } from "./unlock_command.ts";
import { logCommands } from "./log_commands.ts";
import { serviceCommands } from "./service_commands.ts";

type Plain = (this: CliContext, flags: Record<never, never>) => Promise<void>;
type Listing = (this: CliContext, flags: { readonly json?: boolean }) => Promise<void>;

const JSON_FLAG = {
  kind: "boolean",
  optional: true,
  withNegated: false,
  brief: "print JSON with stable names",
} as const;

/** A command without arguments. */
function plain(brief: string, load: () => Promise<{ default: Plain }>): Command<CliContext> {
  return buildCommand<Record<never, never>, [], CliContext>({ docs: { brief }, parameters: {}, loader: load });
}

/** A command that lists, with `--json`. */
function listing(brief: string, load: () => Promise<{ default: Listing }>): Command<CliContext> {
  const parameters = { flags: { json: JSON_FLAG } };
  return buildCommand<{ readonly json?: boolean }, [], CliContext>({ docs: { brief }, parameters, loader: load });
}

const daemonCommand = buildCommand<DaemonFlags, [], CliContext>({
  docs: { brief: "run the agent, in the background unless --foreground" },
  parameters: {
    flags: {
      foreground: { kind: "boolean", optional: true, withNegated: false, brief: "stay in the foreground" },
      background: {
        kind: "boolean",
        optional: true,
        withNegated: false,
        hidden: true,
        brief: "report on descriptor 3",
      },
      runtimeDir: {
        kind: "parsed",
        parse: String,
        optional: true,
        brief: "directory of the sockets",
        placeholder: "DIR",
      },
    },
  },
  loader: () => import("./commands/daemon.ts"),
});

const envCommand = buildCommand<
  { readonly sh?: boolean; readonly csh?: boolean; readonly fish?: boolean; readonly json?: boolean },
  [],
  CliContext
>({
  docs: { brief: 'print SSH_AUTH_SOCK for a shell: eval "$(bwssh env)"' },
  parameters: {
    flags: {
      sh: { kind: "boolean", optional: true, withNegated: false, brief: "for sh, bash, zsh" },
      csh: { kind: "boolean", optional: true, withNegated: false, brief: "for csh, tcsh" },
      fish: { kind: "boolean", optional: true, withNegated: false, brief: "for fish" },
      json: JSON_FLAG,
    },
  },
  loader: () => import("./commands/env.ts"),
});

/** The application. @param version What `--version` prints. */
export function buildCli(version: string): Application<CliContext> {
  const routes = buildRouteMap<string, CliContext>({
    docs: {
      brief: "SSH agent for keys that live in a vault",
      fullDescription:
        "Private keys stay in the vault and in this agent's locked memory; a written rule or a person agrees\n" +
        'to every signature. Start: bwssh daemon, bwssh unlock, eval "$(bwssh env)", ssh.',
    },
    routes: {
      daemon: daemonCommand,
      unlock: unlockCommand,
      lock: plain("wipe the keys and the vault's session", () => import("./commands/lock.ts")),
      sync: listing("fetch from the vault's server and load again", () => import("./commands/sync.ts")),
      status: listing("what runs, what it holds, how it is protected", () => import("./commands/status.ts")),
      keys: listing("the identities offered", () => import("./commands/keys.ts")),
      env: envCommand,
      reload: listing("read the configuration again", () => import("./commands/reload.ts")),
      ...serviceCommands,
      ...logCommands,
      config: buildRouteMap<string, CliContext>({
        docs: { brief: "the configuration" },
        routes: {
          show: listing("effective values and where they come from", () => import("./commands/config_show.ts")),
        },
      }),
      demo: plain("the main job on keys made for the occasion; needs no account", () => import("./commands/demo.ts")),
    },
  });
  return buildApplication(routes, {
    name: "bwssh",
    versionInfo: { currentVersion: version },
    scanner: { caseStyle: "allow-kebab-for-camel", allowArgumentEscapeSequence: true },
    documentation: { caseStyle: "convert-camel-to-kebab", disableAnsiColor: true },
    determineExitCode: exitCodeOf,
    localization: {
      text: {
        ...text_en,
        exceptionWhileRunningCommand: failureText,
        exceptionWhileLoadingCommandFunction: failureText,
        commandErrorResult: failureText,
        exceptionWhileParsingArguments: (error) => `${failureText(error)}\nbwssh: hint: bwssh --help`,
        noCommandRegisteredForInput: ({ input, corrections }) =>
          `bwssh: There is no command "${input}"${
            corrections.length > 0 ? `; did you mean "${corrections[0]?.replaceAll("`", "")}"?` : ""
          }` +
          "\nbwssh: hint: bwssh --help",
      },
    },
  });
}

/** Runs one command line. @returns The exit code. */
export async function runCli(context: CliContext, args: readonly string[]): Promise<number> {
  const { version, kind } = context.build;
  await run(buildCli(`bwssh ${version} (${kind})`), args, context);
  const code = Number(context.process.exitCode ?? 0);
  // Stricli's own codes for a command line it cannot read are negative.
  return code < 0 ? EXIT.usage : code;
}

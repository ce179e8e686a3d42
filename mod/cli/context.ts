/**
 * What every subcommand gets: streams, environment, how we were started, and the doors to the rooms that the command
 * line may not enter itself.
 *
 * @module
 */

import type { CommandContext, StricliProcess } from "@stricli/core";
import type { BuildInfo } from "../config/build_info.ts";
import type { Launch } from "../config/launch.ts";
import { locateSocket } from "../config/locate.ts";
import type { Environment } from "../config/paths.ts";
import type { DaemonFlags } from "./flags.ts";

/** The context of a subcommand. */
export interface CliContext extends CommandContext {
  readonly process: StricliProcess;
  readonly env: Environment;
  readonly uid: number;
  readonly build: BuildInfo;
  readonly launch: Launch;
  /** Runs the demo. @returns The exit code. */
  readonly demo: () => Promise<number>;
  /** Runs the daemon, or starts it in the background. @returns The exit code. */
  readonly daemon: (flags: DaemonFlags) => Promise<number>;
}

/** Path of the control socket for this user and environment. @throws {ConfigError} */
export async function controlSocket(context: CliContext): Promise<string> {
  return (await locateSocket("control", { env: context.env, uid: context.uid })).path;
}

/** Writes data to standard output, with a line end. */
export function print(context: CliContext, text: string): void {
  context.process.stdout.write(`${text}\n`);
}

/** Writes a remark to standard error. */
export function remark(context: CliContext, text: string): void {
  context.process.stderr.write(`bwssh: ${text}\n`);
}

/** Writes a value for programs. */
export function printJson(context: CliContext, value: unknown): void {
  print(context, JSON.stringify(value, null, 2));
}

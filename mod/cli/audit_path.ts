/** Where the audit log is. @module */

import { loadConfig } from "../config/load.ts";
import type { CliContext } from "./context.ts";
import { UsageError } from "./failure.ts";

/** Path of the current file. @throws {ConfigError} */
export async function auditPath({ env, uid }: CliContext): Promise<string> {
  const { file } = (await loadConfig({ env, uid })).config.audit;
  if (file !== undefined) return file;
  throw new UsageError("There is no audit log: neither XDG_STATE_HOME nor HOME is set", "set file in [audit]");
}

/**
 * What policy wants to know, out of a configuration.
 *
 * @module
 */

import type { Policy } from "../policy/decide.ts";
import type { FloodLimits, PerMinute } from "../policy/flood.ts";
import type { Config } from "./model.ts";

/** What asks are decided by. @param ourUid The uid the daemon runs as. */
export function policyOf({ auth, rules }: Config, ourUid: number): Policy {
  return {
    ourUid,
    rules,
    denyForwardedByDefault: auth.denyForwardedByDefault,
    canAsk: auth.approver !== "none",
    approvalMode: auth.approvalMode,
    approvalTtlSeconds: auth.approvalTtlSeconds,
  };
}

/** The numbers of flood control. As many prompts as may wait at a time are never too many in a minute. */
export function floodLimitsOf({ auth: { queue }, limits }: Config): FloodLimits {
  const prompts: PerMinute = {
    connection: limits.promptsPerConnection,
    process_key: limits.promptsPerProcessKey,
    exe: limits.promptsPerExe,
  };
  const atLeastQueue = (most: number): number => most === 0 ? 0 : Math.max(most, queue);
  return {
    requests: {
      connection: limits.requestsPerConnection,
      process_key: limits.requestsPerProcessKey,
      exe: limits.requestsPerExe,
    },
    prompts: {
      connection: atLeastQueue(prompts.connection),
      process_key: atLeastQueue(prompts.process_key),
      exe: atLeastQueue(prompts.exe),
    },
    queue,
    cooldownAfter: limits.cooldownAfter,
    cooldownSeconds: limits.cooldownSeconds,
  };
}

/**
 * The schema of every setting, and what this version cannot yet do about some of them.
 *
 * @module
 */

import type { InferOutput } from "valibot";
import { LONGEST_GRANT_SECONDS } from "../policy/remember.ts";
import {
  APPROVAL_MODES,
  APPROVERS,
  AUDIT_FAILURES,
  DISCOVERY_MODES,
  LOG_LEVELS,
  type SettingKey,
  SUBJECTS,
} from "./settings.ts";
import {
  boolean,
  busAddress,
  choice,
  command,
  line,
  path,
  paths,
  socketPath,
  vaultIds,
  wholeNumber,
} from "./shapes.ts";

/** More connections than a process may have files: fs.nr_open is 1,048,576 by default. */
const MOST_CONNECTIONS = 1_000_000;
/** bw itself never times out; an hour is as good as never. */
const LONGEST_TIMEOUT_SECONDS = 3600;
/** Who has not answered after an hour is not there. */
const LONGEST_PROMPT_SECONDS = 3600;
/** Each holds a connection, and there are no more of those by default than twice this. */
const LONGEST_QUEUE = 1000;
/** One every microsecond, which no signature is done in: as good as no limit. */
const MOST_PER_MINUTE = 60_000_000;
/** After a thousand refusals a cooldown is no protection from anything. */
const MOST_REFUSALS = 1000;
/** Below this, rotation would throw away the log of an afternoon; above, reading it back takes minutes. */
const [SMALLEST_AUDIT, LARGEST_AUDIT] = [65_536, 1_073_741_824];

const perMinute = wholeNumber(0, MOST_PER_MINUTE);

/** What each setting must be, after interpolation. */
export const SCHEMAS = {
  "daemon.runtime_dir": path,
  "daemon.agent_socket": socketPath,
  "daemon.control_socket": socketPath,
  "daemon.log_level": choice(LOG_LEVELS),
  "daemon.max_connections": wholeNumber(1, MOST_CONNECTIONS),
  "bitwarden.bw_path": command,
  "bitwarden.mode": choice(DISCOVERY_MODES),
  "bitwarden.item_ids": vaultIds,
  "bitwarden.query": line,
  "bitwarden.collection_ids": vaultIds,
  "bitwarden.data_dir": path,
  "bitwarden.attachments": boolean,
  "bitwarden.timeout_seconds": wholeNumber(1, LONGEST_TIMEOUT_SECONDS),
  "auth.approval_mode": choice(APPROVAL_MODES),
  "auth.approval_ttl_seconds": wholeNumber(1, LONGEST_GRANT_SECONDS),
  "auth.deny_forwarded_by_default": boolean,
  "auth.approver": choice(APPROVERS),
  "auth.protect_unlock": boolean,
  "auth.protect_list": boolean,
  "auth.prompt_seconds": wholeNumber(1, LONGEST_PROMPT_SECONDS),
  "auth.queue": wholeNumber(1, LONGEST_QUEUE),
  "auth.subject": choice(SUBJECTS),
  "auth.system_bus": busAddress,
  "auth.known_hosts": paths,
  "limits.requests_per_connection": perMinute,
  "limits.requests_per_process_key": perMinute,
  "limits.requests_per_exe": perMinute,
  "limits.prompts_per_connection": perMinute,
  "limits.prompts_per_process_key": perMinute,
  "limits.prompts_per_exe": perMinute,
  "limits.cooldown_after": wholeNumber(0, MOST_REFUSALS),
  "limits.cooldown_seconds": wholeNumber(0, LONGEST_GRANT_SECONDS),
  "audit.file": path,
  "audit.max_bytes": wholeNumber(SMALLEST_AUDIT, LARGEST_AUDIT),
  "audit.on_failure": choice(AUDIT_FAILURES),
  "ssh.allow_ed25519": boolean,
  "ssh.allow_ecdsa": boolean,
  "ssh.allow_rsa": boolean,
  "ssh.prefer_rsa_sha2": boolean,
  "ssh.allow_rsa_sha1": boolean,
  "agent.allow_add": boolean,
  "agent.list_when_locked": boolean,
  "memory.require_locked": boolean,
} as const;

/** What a setting is after validation. */
export type SettingValue<Key extends SettingKey> = InferOutput<(typeof SCHEMAS)[Key]>;

/** The words a setting allows, for "did you mean". */
export const CHOICES: Partial<Record<SettingKey, readonly string[]>> = {
  "daemon.log_level": LOG_LEVELS,
  "bitwarden.mode": DISCOVERY_MODES,
  "auth.approval_mode": APPROVAL_MODES,
  "auth.approver": APPROVERS,
  "auth.subject": SUBJECTS,
  "audit.on_failure": AUDIT_FAILURES,
};

/** Settings of which only one value is true to what this version does. Accepting another one would mislead. */
export const NOT_YET: Partial<Record<SettingKey, { readonly only: boolean; readonly cannot: string }>> = {
  "auth.protect_unlock": { only: false, cannot: "ask for approval of unlock" },
  "auth.protect_list": { only: false, cannot: "ask for approval of listing keys" },
  "agent.allow_add": { only: false, cannot: "take keys from ssh-add" },
};

/** Tables that design and documentation speak of and this version does not have. */
export const TABLES_NOT_YET: readonly string[] = ["deliver", "ca", "infisical"];

/**
 * The schema of every setting, and what this version cannot yet do about some of them.
 *
 * @module
 */

import type { InferOutput } from "valibot";
import { APPROVAL_MODES, APPROVERS, DISCOVERY_MODES, LOG_LEVELS, type SettingKey } from "./settings.ts";
import { boolean, choice, command, line, path, socketPath, vaultIds, wholeNumber } from "./shapes.ts";

/** More connections than a process may have files: fs.nr_open is 1,048,576 by default. */
const MOST_CONNECTIONS = 1_000_000;
/** bw itself never times out; an hour is as good as never. */
const LONGEST_TIMEOUT_SECONDS = 3600;
/** One day: an approval that lives longer is a rule, and should be written as one. */
const LONGEST_APPROVAL_SECONDS = 86_400;

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
  "auth.approval_ttl_seconds": wholeNumber(1, LONGEST_APPROVAL_SECONDS),
  "auth.deny_forwarded_by_default": boolean,
  "auth.approver": choice(APPROVERS),
  "auth.protect_unlock": boolean,
  "auth.protect_list": boolean,
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
};

/** Settings of which only one value is true to what this version does. Accepting another one would mislead. */
export const NOT_YET: Partial<Record<SettingKey, { readonly only: boolean; readonly cannot: string }>> = {
  "auth.protect_unlock": { only: false, cannot: "ask for approval of unlock" },
  "auth.protect_list": { only: false, cannot: "ask for approval of listing keys" },
  "auth.deny_forwarded_by_default": { only: true, cannot: "tell forwarded connections apart, and so denies them all" },
  "agent.allow_add": { only: false, cannot: "take keys from ssh-add" },
};

/** Tables that design and documentation speak of and this version does not have. */
export const TABLES_NOT_YET: readonly string[] = ["deliver", "ca", "infisical", "audit"];

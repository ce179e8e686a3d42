/**
 * The names of all settings, their defaults and their allowed words, as plain data: the command line finds the sockets
 * with these alone, without loading the validator.
 *
 * @module
 */

/** `daemon.log_level`. */
export const LOG_LEVELS = ["debug", "info", "warning", "error"] as const;
/** `bitwarden.mode`. */
export const DISCOVERY_MODES = ["explicit", "query"] as const;
/** `auth.approval_mode`. */
export const APPROVAL_MODES = ["always", "per_connection", "ttl"] as const;
/** `auth.approver`. */
export const APPROVERS = ["polkit", "askpass", "control", "none"] as const;
/** `auth.subject`. */
export const SUBJECTS = ["daemon", "client"] as const;
/** `audit.on_failure`. */
export const AUDIT_FAILURES = ["deny", "warn"] as const;

/** How much the daemon logs. */
export type LogLevel = typeof LOG_LEVELS[number];
/** How keys are found in the vault. */
export type DiscoveryMode = typeof DISCOVERY_MODES[number];
/** How long an answer of the user counts. */
export type ApprovalMode = typeof APPROVAL_MODES[number];
/** Who is asked. */
export type ApproverName = typeof APPROVERS[number];
/** Whose session a prompt belongs to. */
export type SubjectName = typeof SUBJECTS[number];
/** What a signature that cannot be written down comes to. */
export type AuditFailure = typeof AUDIT_FAILURES[number];

/**
 * Every setting with its default as one would write it in a file; null where there is none. `daemon.runtime_dir`,
 * `auth.known_hosts` and `audit.file` have none here because theirs depend on the environment, see `paths.ts`. Numbers
 * that other agents have proven: a queue of 4, prompts of 120 s, and a cooldown of five minutes after two.
 */
export const DEFAULTS = {
  "daemon.runtime_dir": null,
  "daemon.agent_socket": "${daemon.runtime_dir}/agent.sock",
  "daemon.control_socket": "${daemon.runtime_dir}/control.sock",
  "daemon.log_level": "info",
  "daemon.max_connections": 2048,
  "bitwarden.bw_path": "bw",
  "bitwarden.mode": "query",
  "bitwarden.item_ids": [],
  "bitwarden.query": "",
  "bitwarden.collection_ids": [],
  "bitwarden.data_dir": null,
  "bitwarden.attachments": false,
  "bitwarden.timeout_seconds": 60,
  "auth.approval_mode": "ttl",
  "auth.approval_ttl_seconds": 300,
  "auth.deny_forwarded_by_default": true,
  "auth.approver": "polkit",
  "auth.protect_unlock": false,
  "auth.protect_list": false,
  "auth.prompt_seconds": 120,
  "auth.queue": 4,
  "auth.subject": "daemon",
  "auth.system_bus": null,
  "auth.known_hosts": null,
  "limits.requests_per_connection": 0,
  "limits.requests_per_process_key": 0,
  "limits.requests_per_exe": 0,
  "limits.prompts_per_connection": 20,
  "limits.prompts_per_process_key": 20,
  "limits.prompts_per_exe": 60,
  "limits.cooldown_after": 2,
  "limits.cooldown_seconds": 300,
  "audit.file": null,
  "audit.max_bytes": 16_777_216,
  "audit.on_failure": "deny",
  "ssh.allow_ed25519": true,
  "ssh.allow_ecdsa": true,
  "ssh.allow_rsa": true,
  "ssh.prefer_rsa_sha2": true,
  "ssh.allow_rsa_sha1": false,
  "agent.allow_add": false,
  "agent.list_when_locked": true,
  "memory.require_locked": true,
} as const;

/** `table.name` of a setting. */
export type SettingKey = keyof typeof DEFAULTS;

/** All settings, in the order in which they are shown. */
export const SETTING_KEYS = Object.keys(DEFAULTS) as readonly SettingKey[];

/** The tables these are in; `[[rules]]` besides. */
export const TABLES: ReadonlySet<string> = new Set(SETTING_KEYS.map((key) => key.slice(0, key.indexOf("."))));

/** Whether there is a setting of this name. */
export function isSettingKey(key: string): key is SettingKey {
  return Object.hasOwn(DEFAULTS, key);
}

/** The environment variables that override one setting each, design.md §5; taken literally, without interpolation. */
export const OVERRIDES: readonly (readonly [variable: string, key: SettingKey])[] = [
  ["BWSSH_RUNTIME_DIR", "daemon.runtime_dir"],
  ["BWSSH_AGENT_SOCKET", "daemon.agent_socket"],
  ["BWSSH_CONTROL_SOCKET", "daemon.control_socket"],
  ["BWSSH_LOG_LEVEL", "daemon.log_level"],
];

/** The fields of `[[rules]]`, in the order in which they are shown. */
export const RULE_FIELDS = [
  ...["action", "keys", "kinds", "hosts", "users", "forwarded", "via"] as const,
  ...["exe", "ancestors", "cgroup", "tty", "session", "uid", "remember", "remember_for", "max_ttl"] as const,
] as const;

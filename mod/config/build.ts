/**
 * From validated settings to the configuration, with the checks that concern more than one setting.
 *
 * @module
 */

import type { Rule } from "../policy/rule.ts";
import type { Entry } from "./entries.ts";
import { type ConfigProblem, problemText } from "./error.ts";
import type { Config } from "./model.ts";
import type { SettingKey } from "./settings.ts";
import type { SettingValue } from "./schema.ts";
import type { Settings } from "./validate.ts";

/** What has been validated so far. */
export interface Validated {
  readonly settings: Settings;
  readonly rules: readonly Rule[];
  readonly effective: ReadonlyMap<string, Entry>;
  /** Takes what is wrong between settings. */
  readonly problems: ConfigProblem[];
}

/** Builds the configuration; undefined if there is any problem. */
export function buildConfig(validated: Validated): { config: Config; warnings: readonly string[] } | undefined {
  const { settings, rules, effective, problems } = validated;
  if (problems.length > 0) return undefined;
  const config = assemble(settings, rules);
  problems.push(...contradictions(config, effective));
  return problems.length > 0 ? undefined : { config, warnings: warnings(config, effective).map(problemText) };
}

function assemble(settings: Settings, rules: readonly Rule[]): Config {
  const get = <Key extends SettingKey>(key: Key): SettingValue<Key> => required(settings, key);
  return {
    daemon: {
      runtimeDir: get("daemon.runtime_dir"),
      agentSocket: get("daemon.agent_socket"),
      controlSocket: get("daemon.control_socket"),
      logLevel: get("daemon.log_level"),
      maxConnections: get("daemon.max_connections"),
    },
    bitwarden: {
      bwPath: get("bitwarden.bw_path"),
      mode: get("bitwarden.mode"),
      itemIds: get("bitwarden.item_ids"),
      query: get("bitwarden.query"),
      collectionIds: get("bitwarden.collection_ids"),
      dataDir: settings.get("bitwarden.data_dir"),
      attachments: get("bitwarden.attachments"),
      timeoutSeconds: get("bitwarden.timeout_seconds"),
    },
    auth: {
      approvalMode: get("auth.approval_mode"),
      approvalTtlSeconds: get("auth.approval_ttl_seconds"),
      denyForwardedByDefault: get("auth.deny_forwarded_by_default"),
      approver: get("auth.approver"),
      protectUnlock: get("auth.protect_unlock"),
      protectList: get("auth.protect_list"),
      promptSeconds: get("auth.prompt_seconds"),
      queue: get("auth.queue"),
      subject: get("auth.subject"),
      systemBus: settings.get("auth.system_bus"),
      knownHosts: get("auth.known_hosts"),
    },
    limits: {
      requestsPerConnection: get("limits.requests_per_connection"),
      requestsPerProcessKey: get("limits.requests_per_process_key"),
      requestsPerExe: get("limits.requests_per_exe"),
      promptsPerConnection: get("limits.prompts_per_connection"),
      promptsPerProcessKey: get("limits.prompts_per_process_key"),
      promptsPerExe: get("limits.prompts_per_exe"),
      cooldownAfter: get("limits.cooldown_after"),
      cooldownSeconds: get("limits.cooldown_seconds"),
    },
    audit: {
      file: settings.get("audit.file"),
      maxBytes: get("audit.max_bytes"),
      onFailure: get("audit.on_failure"),
    },
    ssh: {
      allowEd25519: get("ssh.allow_ed25519"),
      allowEcdsa: get("ssh.allow_ecdsa"),
      allowRsa: get("ssh.allow_rsa"),
      preferRsaSha2: get("ssh.prefer_rsa_sha2"),
      allowRsaSha1: get("ssh.allow_rsa_sha1"),
    },
    agent: { allowAdd: get("agent.allow_add"), listWhenLocked: get("agent.list_when_locked") },
    memory: { requireLocked: get("memory.require_locked") },
    rules,
  };
}

/** Every setting but those that may be absent has a default or, like runtime_dir, was asked for before. */
function required<Key extends SettingKey>(settings: Settings, key: Key): SettingValue<Key> {
  const value = settings.get(key);
  if (value === undefined) throw new Error(`Cannot build the configuration: "${key}" is not set`);
  return value;
}

/** A list that the mode does not look at would offer other keys than the reader of the file believes. */
function contradictions(
  { bitwarden, daemon }: Config,
  effective: ReadonlyMap<string, Entry>,
): readonly ConfigProblem[] {
  const found: ConfigProblem[] = [];
  const useless = (key: SettingKey, mode: string): void => {
    const message = `"${key}" has no effect with bitwarden.mode = "${bitwarden.mode}"`;
    found.push(problemAt(effective, key, message, `set bitwarden.mode = "${mode}" or remove it`));
  };
  if (bitwarden.mode === "query" && bitwarden.itemIds.length > 0) useless("bitwarden.item_ids", "explicit");
  if (bitwarden.mode === "explicit" && bitwarden.query !== "") useless("bitwarden.query", "query");
  if (bitwarden.mode === "explicit" && bitwarden.collectionIds.length > 0) useless("bitwarden.collection_ids", "query");
  if (daemon.agentSocket === daemon.controlSocket) {
    found.push(problemAt(effective, "daemon.control_socket", "The agent and the control socket must be two paths"));
  }
  return found;
}

function warnings({ bitwarden, ssh }: Config, effective: ReadonlyMap<string, Entry>): readonly ConfigProblem[] {
  const found: ConfigProblem[] = [];
  if (!ssh.preferRsaSha2) {
    const message = '"ssh.prefer_rsa_sha2" = false changes nothing: the flags of each request decide';
    found.push(problemAt(effective, "ssh.prefer_rsa_sha2", message));
  }
  if (bitwarden.mode === "explicit" && bitwarden.itemIds.length === 0) {
    const message = 'bitwarden.mode = "explicit" without bitwarden.item_ids offers no key';
    found.push(problemAt(effective, "bitwarden.mode", message));
  }
  return found;
}

function problemAt(
  effective: ReadonlyMap<string, Entry>,
  key: SettingKey,
  message: string,
  hint?: string,
): ConfigProblem {
  return { origin: effective.get(key)?.origin ?? { kind: "default" }, key, message, hint };
}

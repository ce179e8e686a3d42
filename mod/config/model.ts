/**
 * The configuration as the rest of bwssh sees it: complete, checked, with defaults filled in.
 *
 * @module
 */

import type { Rule } from "../policy/rule.ts";
import type { ApprovalMode, ApproverName, AuditFailure, DiscoveryMode, LogLevel, SubjectName } from "./settings.ts";

/** `[daemon]`: the process and its sockets. All paths are absolute. */
export interface DaemonConfig {
  readonly runtimeDir: string;
  readonly agentSocket: string;
  readonly controlSocket: string;
  readonly logLevel: LogLevel;
  readonly maxConnections: number;
}

/** `[bitwarden]`: the program bw, and which items to offer. */
export interface BitwardenConfig {
  /** The command, at least one word; the first is an absolute path or a bare name to look up in PATH. */
  readonly bwPath: readonly string[];
  readonly mode: DiscoveryMode;
  /** For `explicit`, offered in this order. */
  readonly itemIds: readonly string[];
  /** For `query`; empty takes every SSH-key item. Not parsed here. */
  readonly query: string;
  /** For `query`: only items of these collections; empty does not restrict. */
  readonly collectionIds: readonly string[];
  /** BITWARDENCLI_APPDATA_DIR for bw; undefined leaves it to bw. */
  readonly dataDir: string | undefined;
  readonly attachments: boolean;
  /** Deadline of one call of bw. */
  readonly timeoutSeconds: number;
}

/** `[auth]`: who is asked, and how long an answer counts. */
export interface AuthConfig {
  readonly approvalMode: ApprovalMode;
  readonly approvalTtlSeconds: number;
  readonly denyForwardedByDefault: boolean;
  readonly approver: ApproverName;
  readonly protectUnlock: boolean;
  readonly protectList: boolean;
  /** How long a prompt waits for an answer. */
  readonly promptSeconds: number;
  /** Requests that may wait for an answer at a time, the one being shown included. */
  readonly queue: number;
  /** For `polkit`: whose session the prompt belongs to. */
  readonly subject: SubjectName;
  /** For `polkit`: address of the system bus; undefined is the well-known one, whatever the environment says. */
  readonly systemBus: string | undefined;
  /** Files that give host keys names; those that do not exist count for nothing. */
  readonly knownHosts: readonly string[];
}

/** `[limits]`: flood control. Counts are per minute, 0 does not limit. */
export interface LimitsConfig {
  readonly requestsPerConnection: number;
  readonly requestsPerProcessKey: number;
  readonly requestsPerExe: number;
  /** Requests that a person is asked about. */
  readonly promptsPerConnection: number;
  readonly promptsPerProcessKey: number;
  readonly promptsPerExe: number;
  /** Refused or ignored prompts in a row; 0 for no cooldown. */
  readonly cooldownAfter: number;
  readonly cooldownSeconds: number;
}

/** `[audit]`: the log of decisions. */
export interface AuditConfig {
  /** Undefined where there is no state directory to put it in. */
  readonly file: string | undefined;
  /** After so many a new file is begun. */
  readonly maxBytes: number;
  readonly onFailure: AuditFailure;
}

/** `[ssh]`: which keys and signatures are allowed at all. */
export interface SshConfig {
  readonly allowEd25519: boolean;
  readonly allowEcdsa: boolean;
  readonly allowRsa: boolean;
  /** Changes nothing: the flags of each request decide. */
  readonly preferRsaSha2: boolean;
  readonly allowRsaSha1: boolean;
}

/** `[agent]`: the agent protocol. */
export interface AgentConfig {
  readonly allowAdd: boolean;
  readonly listWhenLocked: boolean;
}

/** `[memory]`: protection of secrets. */
export interface MemoryConfig {
  readonly requireLocked: boolean;
}

/** Everything bwssh can be told. */
export interface Config {
  readonly daemon: DaemonConfig;
  readonly bitwarden: BitwardenConfig;
  readonly auth: AuthConfig;
  readonly limits: LimitsConfig;
  readonly audit: AuditConfig;
  readonly ssh: SshConfig;
  readonly agent: AgentConfig;
  readonly memory: MemoryConfig;
  /** In order; the first that matches decides. */
  readonly rules: readonly Rule[];
}

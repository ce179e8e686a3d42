/**
 * The configuration as the rest of bwssh sees it: complete, checked, with defaults filled in.
 *
 * @module
 */

import type { Rule } from "../policy/rules.ts";
import type { ApprovalMode, ApproverName, DiscoveryMode, LogLevel } from "./settings.ts";

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
  readonly ssh: SshConfig;
  readonly agent: AgentConfig;
  readonly memory: MemoryConfig;
  /** In order; the first that matches decides. */
  readonly rules: readonly Rule[];
}

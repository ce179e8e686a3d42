/**
 * What the daemon does for each request of the control socket.
 *
 * @module
 */

import type { Arena } from "../../ffi/arena.ts";
import { hardening, type Limit } from "../../ffi/harden.ts";
import type { Libc } from "../../ffi/libc.ts";
import type { BuildInfo } from "../config/build_info.ts";
import type { MemoryReport, ReloadReport, StatusReport } from "../control/messages.ts";
import type { Keyring } from "../keys/keyring.ts";
import type { KeyBackend } from "../keys/signer.ts";
import type { ControlHandlers } from "./control_session.ts";
import type { Offer } from "./offer.ts";
import type { Settings } from "./settings.ts";
import type { SignService } from "./sign_service.ts";
import type { VaultService } from "./vault_service.ts";

/** What the handlers act on. */
export interface HandlerParts {
  readonly libc: Libc;
  readonly build: BuildInfo;
  readonly memlock: Limit;
  readonly settings: Settings;
  readonly memory: Arena;
  readonly backend: KeyBackend;
  readonly keyring: Keyring;
  readonly offer: Offer;
  readonly vault: VaultService;
  readonly signing: SignService;
  readonly reload: () => Promise<ReloadReport>;
  readonly stop: () => void;
  /** `bw` as it would be called. @throws {SourceError} If there is none. */
  readonly bwWords: () => readonly string[];
  readonly connections: () => number;
  readonly auditHead: () => { readonly count: number; readonly hash: string } | undefined;
  /** What is not as it should be with the approver, each with its remedy. */
  readonly approverHints: () => readonly string[];
  /** Where the sockets are, whatever the configuration says by now. */
  readonly served: { readonly agentSocket: string; readonly controlSocket: string };
}

/** The handlers, by request type. */
export function controlHandlers(parts: HandlerParts): ControlHandlers {
  const started = new Date();
  return {
    status: () => statusReport(parts, started),
    keys: () => parts.offer.reports(),
    unlock: (session) => parts.vault.unlock(session),
    lock: () => {
      parts.vault.lock("asked to");
      return {};
    },
    sync: () => parts.vault.sync(),
    reload: parts.reload,
    stop: () => {
      parts.stop();
      return {};
    },
  };
}

function statusReport(parts: HandlerParts, started: Date): StatusReport {
  const { settings, vault, signing, offer, keyring } = parts;
  const { config } = settings;
  const { signed, refused } = signing.counts;
  return {
    version: parts.build.version,
    kind: parts.build.kind,
    pid: Deno.pid,
    state: vault.unlocked ? "unlocked" : "locked",
    started: started.toISOString(),
    agentSocket: parts.served.agentSocket,
    controlSocket: parts.served.controlSocket,
    keys: keyring.list().length,
    listed: offer.length,
    connections: parts.connections(),
    signatures: signed,
    refused,
    lastLoad: vault.last.load?.toISOString() ?? null,
    lastError: vault.last.error ?? null,
    problems: vault.problems,
    approver: config.auth.approver,
    rules: config.rules.length,
    bw: bwText(parts),
    audit: parts.auditHead() ?? null,
    memory: memoryReport(parts),
    warnings: [...settings.warnings, ...warningsOf(parts)],
  };
}

function memoryReport({ libc, memory, backend, memlock }: HandlerParts): MemoryReport {
  const { protection, mapped, used } = memory.status();
  const { kind, version, secureHeap } = backend.status();
  return {
    protection,
    arenaMapped: mapped,
    arenaUsed: used,
    libcrypto: kind === "libcrypto" ? version : null,
    libcryptoHeap: secureHeap?.size ?? 0,
    libcryptoUsed: secureHeap?.used ?? 0,
    limit: memlock.soft ?? null,
    dumpable: hardening(libc).dumpable,
  };
}

/** What a user should know without having asked. */
function warningsOf({ memory, backend, settings, approverHints }: HandlerParts): string[] {
  const warnings: string[] = [];
  if (memory.status().protection === "none") warnings.push("keys lie in memory that may be swapped out");
  if (backend.status().kind === "degraded") warnings.push("degraded: keys pass through the JavaScript heap");
  const { approver } = settings.config.auth;
  if (approver === "askpass" || approver === "control") {
    warnings.push(`this version cannot ask through "${approver}": only what a rule allows is signed`);
  }
  warnings.push(...approverHints());
  return warnings;
}

function bwText({ bwWords }: HandlerParts): string {
  try {
    return bwWords().join(" ");
  } catch (error) {
    return error instanceof Error ? error.message : "not found";
  }
}

/**
 * The messages between command line and daemon: requests, results and errors as types, versioned. JSON in frames; the
 * one secret (the vault's session) follows its request as raw bytes and is never part of the JSON.
 *
 * @module
 */

/** Both sides must speak the same one; a daemon left running over an upgrade says so instead of guessing. */
export const CONTROL_VERSION = 1;

/** What the command line may ask for. */
export type ControlRequest =
  | { readonly type: "status" }
  | { readonly type: "keys" }
  /** `secretLength` bytes of session follow the frame. */
  | { readonly type: "unlock"; readonly secretLength: number }
  | { readonly type: "lock" }
  | { readonly type: "sync" }
  | { readonly type: "reload" }
  | { readonly type: "stop" };

/** Something about an item that its owner should know. */
export interface ProblemReport {
  /** Whether the item's key is offered all the same. */
  readonly used: boolean;
  readonly identity: string;
  readonly item: string;
  readonly message: string;
  readonly hint: string | null;
}

/** Result of `status`. */
export interface StatusReport {
  readonly version: string;
  readonly kind: string;
  readonly pid: number;
  readonly state: "locked" | "unlocked";
  readonly started: string;
  readonly agentSocket: string;
  readonly controlSocket: string;
  readonly keys: number;
  readonly listed: number;
  readonly connections: number;
  readonly signatures: number;
  readonly refused: number;
  readonly lastLoad: string | null;
  readonly lastError: string | null;
  readonly problems: readonly ProblemReport[];
  readonly approver: string;
  readonly rules: number;
  readonly bw: string;
  /** Lines and last hash of the audit log; null while it cannot be written. */
  readonly audit: { readonly count: number; readonly hash: string } | null;
  readonly memory: MemoryReport;
  readonly warnings: readonly string[];
}

/** Where the keys lie and how much of the budget they take, bytes. */
export interface MemoryReport {
  readonly protection: string;
  readonly arenaMapped: number;
  readonly arenaUsed: number;
  readonly libcrypto: string | null;
  readonly libcryptoHeap: number;
  readonly libcryptoUsed: number;
  /** RLIMIT_MEMLOCK; null is unlimited. */
  readonly limit: number | null;
  readonly dumpable: boolean;
}

/** One row of `keys`: public facts only. */
export interface KeyReport {
  readonly identity: string;
  readonly item: string;
  readonly comment: string;
  readonly type: string;
  readonly bits: number;
  readonly fingerprint: string;
  readonly publicKey: string;
  readonly source: string;
  readonly usable: boolean;
  readonly reprompt: boolean;
}

/** Result of `unlock` and `sync`. */
export interface LoadReport {
  readonly keys: number;
  readonly problems: readonly ProblemReport[];
  readonly warnings: readonly string[];
  /** Security-relevant configuration that changed since keys were last loaded. */
  readonly changed: readonly string[];
}

/** Result of `reload`. */
export interface ReloadReport {
  readonly changed: readonly string[];
  readonly dropped: boolean;
  readonly warnings: readonly string[];
}

/** The result that belongs to a request. */
export interface ControlResults {
  readonly status: StatusReport;
  readonly keys: readonly KeyReport[];
  readonly unlock: LoadReport;
  readonly lock: Record<string, never>;
  readonly sync: LoadReport;
  readonly reload: ReloadReport;
  readonly stop: Record<string, never>;
}

/** A refusal: `code` for programs, `message` and `hint` for people. */
export interface ControlFailure {
  readonly code: string;
  readonly message: string;
  readonly hint: string;
}

/** What comes back. */
export type ControlResponse =
  | { readonly ok: true; readonly result: unknown }
  | { readonly ok: false; readonly error: ControlFailure };

/** Thrown by the client for a refusal, and by the daemon's handlers to refuse. */
export class ControlError extends Error {
  override readonly name = "ControlError";
  readonly code: string;
  readonly hint: string;
  constructor(code: string, message: string, hint = "", options?: ErrorOptions) {
    super(message, options);
    this.code = code;
    this.hint = hint;
  }
}

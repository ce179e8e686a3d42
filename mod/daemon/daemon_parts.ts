/**
 * What a daemon is made of, and what it can be told once it is there.
 *
 * @module
 */

import type { Arena } from "../../ffi/arena.ts";
import type { Limit } from "../../ffi/harden.ts";
import type { Libc } from "../../ffi/libc.ts";
import type { BuildInfo } from "../config/build_info.ts";
import type { LoadedConfig } from "../config/load.ts";
import type { Keyring } from "../keys/keyring.ts";
import type { KeyBackend } from "../keys/signer.ts";
import type { Listeners } from "./listeners.ts";
import type { Log } from "./log.ts";
import type { Offer } from "./offer.ts";

/** What the daemon is made of and told. */
export interface DaemonParts {
  readonly libc: Libc;
  readonly log: Log;
  readonly listeners: Listeners;
  readonly loaded: LoadedConfig;
  /** Reads the configuration again. */
  readonly load: () => Promise<LoadedConfig>;
  readonly build: BuildInfo;
  readonly memlock: Limit;
  /** The number of open files. */
  readonly files: Limit;
  /** Undefined where there is no place for a cache. */
  readonly cacheDir: string | undefined;
  /** Looks up a variable of the environment, of which `bw` gets a part. */
  readonly environment: (name: string) => string | undefined;
}

/** A daemon that serves. */
export interface Daemon extends AsyncDisposable {
  readonly memory: Arena;
  readonly backend: KeyBackend;
  readonly keyring: Keyring;
  readonly offer: Offer;
  /** Serves until {@linkcode Daemon.stop}. */
  run(): Promise<void>;
  stop(): void;
  /** Wipes keys and session. */
  lock(): void;
  /** Reads the configuration again; what is wrong with it is logged and the old one stays. */
  reloadQuietly(): void;
  /**
   * Closes stalled clients, drops what was kept for speed; to be called every few seconds.
   * @param now Monotonic milliseconds; performance.now() if left out.
   */
  sweep(now?: number): void;
}

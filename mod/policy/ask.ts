/**
 * The ask: who wants which key to sign what, over which route. Plain facts, gathered elsewhere; nothing here decides.
 *
 * @module
 */

import type { Fingerprint, KeyBlob } from "../ssh/public_key.ts";
import type { SignedData } from "../ssh/signed_data.ts";

/** The process at the other end of a socket, as far as it could be read. */
export interface PeerFacts {
  readonly pid: number;
  readonly uid: number;
  readonly gid: number;
  /** Clock ticks since boot, field 22 of proc_pid_stat(5): tells a reused pid from the process first seen. */
  readonly startTime: bigint | undefined;
  /** Absolute path of the program, or undefined where the kernel does not say (another user, another mount namespace). */
  readonly exe: string | undefined;
}

/** What of an identity policy may look at. */
export interface AskedIdentity {
  /** Item id `#` slot, see design: stable across restarts. */
  readonly id: string;
  readonly blob: KeyBlob;
  readonly fingerprint: Fingerprint;
  readonly comment: string;
  /** Name of the vault item, where there is one. */
  readonly itemName: string;
  /** `bitwarden`, `generated`, … */
  readonly source: string;
  /** The vault asks for the master password at every use of this item. */
  readonly reprompt: boolean;
}

/** How the request reached us. Until binds are verified only an admitted forwarding is known. */
export interface Route {
  /** True once the connection ever sent a session-bind that says so; never reset. */
  readonly forwarded: true | "unknown";
}

/** One request for one signature. */
export interface Ask {
  readonly identity: AskedIdentity;
  readonly peer: PeerFacts;
  readonly route: Route;
  /** The very bytes to sign: a permission is for these and no others. */
  readonly data: Uint8Array;
  /** What they were recognised as. */
  readonly signed: SignedData;
}

/**
 * The ask: who wants which key to sign what, over which route. Plain facts, gathered elsewhere; nothing here decides.
 *
 * @module
 */

import type { Fingerprint, KeyBlob } from "../ssh/public_key.ts";
import type { SignedData } from "../ssh/signed_data.ts";
import type { Deadline } from "./moment.ts";

/** One process above the peer, nearest first. */
export interface Ancestor {
  readonly pid: number;
  /** Name for people: the last part of the program's path, else the kernel's short name; unsanitised. */
  readonly program: string;
  /** Absolute path, where the kernel says. */
  readonly exe: string | undefined;
}

/** The process at the other end of a socket, as far as it could be read. Its arguments are never kept: they may hold passwords. */
export interface PeerFacts {
  readonly pid: number;
  readonly uid: number;
  readonly gid: number;
  /** Clock ticks since boot, field 22 of proc_pid_stat(5): tells a reused pid from the process first seen. */
  readonly startTime: bigint | undefined;
  /** Absolute path of the program, or undefined where the kernel does not say (another user, another mount namespace, not dumpable). */
  readonly exe: string | undefined;
  /** Which file that is: a path may come to name another. Undefined where `exe` is. */
  readonly exeFile: { readonly device: number; readonly inode: number; readonly deleted: boolean } | undefined;
  /** Nearest first, as `git`, `zsh`, `kitty` for `ssh ← git ← zsh ← kitty`. */
  readonly ancestors: readonly Ancestor[];
  /** `/dev/pts/3`; undefined without a controlling terminal. */
  readonly tty: string | undefined;
  /** Session id (setsid(2)), 0 where unknown: processes of one terminal window share it. */
  readonly session: number;
  /** Path in the unified hierarchy, as in /proc/PID/cgroup: names unit and container. */
  readonly cgroup: string | undefined;
  /** Whether the peer sees other mounts than we do: its paths then mean other files. Undefined where unknown. */
  readonly foreignMounts: boolean | undefined;
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
  /** What the vault item itself says; can only tighten. Absent: nothing. */
  readonly limits?: ItemLimits;
  /** When the key is dropped by itself; absent: not before it is removed. */
  readonly expires?: Deadline;
}

/** Custom fields `bwssh.sign`, `bwssh.hosts`, `bwssh.approve`, `bwssh.ttl` of a vault item. */
export interface ItemLimits {
  /**
   * What the key may sign: words of a rule's `kinds` (`auth`, `sshsig:git`, …), and any other word is a namespace (`git`,
   * `file`). Empty: nothing.
   */
  readonly sign?: readonly string[];
  /** Hosts it may log in to; implies bound routes. */
  readonly hosts?: readonly string[];
  /** `always`: asked for at every signature whatever rules and grants say. */
  readonly approve?: "always";
  /** The longest a grant for it may live, seconds. */
  readonly ttl?: number;
}

/** One verified session-bind@openssh.com: a host proved that it is the end of an SSH session with this id. */
export interface Hop {
  readonly hostKey: KeyBlob;
  readonly hostFingerprint: Fingerprint;
  readonly sessionId: Uint8Array;
  /** The client said that it forwards the agent over this session. */
  readonly forwarding: boolean;
  /** Host names known_hosts has for the key in clear; empty where it is unknown or only hashed. */
  readonly names: readonly string[];
  /** Whether known_hosts knows the key by this name; hashed entries too. */
  readonly isNamed: (name: string) => boolean;
}

/**
 * How the request reached us. `unbound`: nobody ever bound this connection, forwarding unknown. `bound`: verified hops in
 * order, the last one the destination. `poisoned`: a bind failed or contradicted another; nothing is signed any more.
 */
export type Route =
  | { readonly kind: "unbound" }
  | { readonly kind: "bound"; readonly hops: readonly [Hop, ...Hop[]] }
  | { readonly kind: "poisoned"; readonly why: string };

/** Whether the request came through a forwarded socket, as far as verified binds say. */
export function isForwarded(route: Route): boolean | "unknown" {
  switch (route.kind) {
    case "unbound":
      return "unknown";
    case "bound":
      return route.hops.some((hop) => hop.forwarding);
    case "poisoned":
      return true;
    default:
      return route satisfies never;
  }
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
  /** Number of the connection, never used twice while the daemon runs. Absent: no answer is remembered for it. */
  readonly connection?: number;
}

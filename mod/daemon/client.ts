/**
 * What belongs to one connection of the agent socket and to no other: who is there, whether it is still the same, and over
 * which verified hops it reaches us.
 *
 * @module
 */

import type { Libc } from "../../ffi/libc.ts";
import { peerProcess } from "../../ffi/process_handle.ts";
import type { Fd, PeerCredentials } from "../../ffi/unix_socket.ts";
import { readPeer } from "../peer/peer.ts";
import { type PeerState, PeerWatch } from "../peer/peer_watch.ts";
import type { PeerFacts } from "../policy/ask.ts";
import { BindChain, type HostNames } from "../policy/binds.ts";
import type { KnownHosts } from "../ssh/known_hosts.ts";
import type { KeyBlob } from "../ssh/public_key.ts";

/** What making one needs. */
export interface ClientParts {
  readonly libc: Libc;
  readonly fd: Fd;
  readonly credentials: PeerCredentials;
  /** Never used twice. */
  readonly number: number;
  readonly nameHost: (hostKey: KeyBlob) => HostNames;
}

/** The client of one connection. The process is looked up at the first request that needs it: most only list. */
export class Client implements Disposable {
  readonly #parts: ClientParts;
  readonly #gone = new AbortController();
  readonly binds: BindChain;
  #watch: PeerWatch | undefined;
  #facts: PeerFacts | undefined;

  constructor(parts: ClientParts) {
    this.#parts = parts;
    this.binds = new BindChain(parts.nameHost);
  }

  /** Number of the connection. */
  get number(): number {
    return this.#parts.number;
  }

  /** Aborted when the client hangs up. */
  get signal(): AbortSignal {
    return this.#gone.signal;
  }

  /** The process as it was first seen. */
  get peer(): PeerFacts {
    this.#open();
    return this.#facts ?? readPeer(this.#parts.credentials);
  }

  /** The process as it is now: asked before each signature. */
  look(): PeerState {
    return this.#open().check();
  }

  [Symbol.dispose](): void {
    this.#gone.abort();
    this.#watch?.[Symbol.dispose]();
  }

  #open(): PeerWatch {
    if (this.#watch !== undefined) return this.#watch;
    const { libc, fd, credentials } = this.#parts;
    // Through the socket where the kernel can: then it is the process that connected, whatever has its pid by now.
    const process = peerProcess(libc, fd.number, credentials.pid);
    this.#facts = readPeer(credentials, process);
    return this.#watch = new PeerWatch(this.#facts, process);
  }
}

/** What known_hosts says of a host key. */
export function namesIn(known: KnownHosts, hostKey: KeyBlob): HostNames {
  const now = Date.now();
  return {
    names: known.namesOf(hostKey, now),
    isNamed: (name) => known.isNamed(hostKey, name, Date.now()),
    revoked: known.isRevoked(hostKey),
  };
}

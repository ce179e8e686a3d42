/**
 * A listening socket under the loop: accepts, checks whose process it is, counts, and closes what stalls.
 *
 * @module
 */

import type { Libc } from "../../ffi/libc.ts";
import type { ReceiveBuffer } from "../../ffi/stream.ts";
import { acceptFrom, type Fd, type PeerCredentials, peerCredentials } from "../../ffi/unix_socket.ts";
import type { Log } from "./log.ts";
import { Connection, type Session } from "./connection.ts";
import type { EventLoop } from "./event_loop.ts";

/** Connections accepted per round, so that a burst of them does not hold up those being served. */
const ACCEPT_ROUND = 64;
/** A client half way through a message, or not reading its answers, is closed after this long without progress. */
const STALL_MS = 30_000;

/** What a server needs. */
export interface ServerParts {
  readonly libc: Libc;
  readonly loop: EventLoop;
  readonly log: Log;
  readonly buffer: ReceiveBuffer;
  readonly listener: Fd;
  /** `agent` or `control`, for the log. */
  readonly name: string;
  readonly maxConnections: number;
}

/** Serves one listener. */
export class SocketServer implements Disposable {
  readonly #parts: ServerParts;
  readonly #open: (fd: Fd, peer: PeerCredentials) => Session | undefined;
  readonly #connections = new Set<Connection>();
  #accepting = true;
  #ended = false;
  /** Whether the log has it already that others wait. */
  #complained = false;

  /** @param open Makes a session for a peer, or refuses it; it has logged why. */
  constructor(parts: ServerParts, open: (fd: Fd, peer: PeerCredentials) => Session | undefined) {
    this.#parts = parts;
    this.#open = open;
    parts.loop.poller.add(parts.listener.number, { read: true, write: false }, () => this.#accept());
  }

  /** Connections open now. */
  get connections(): number {
    return this.#connections.size;
  }

  /** Closes stalled clients; to be called every few seconds. @param now Monotonic milliseconds. */
  sweep(now: number): void {
    for (const connection of this.#connections) {
      if (connection.closeIfStalled(now, STALL_MS)) {
        this.#parts.log.warning(
          `closed a connection to the ${this.#parts.name} socket that made no progress for ${STALL_MS / 1000} s`,
        );
      }
    }
    const room = this.#connections.size < this.#parts.maxConnections;
    if (room) this.#complained = false;
    if (!this.#accepting) this.#setAccepting(room);
  }

  [Symbol.dispose](): void {
    this.#ended = true;
    this.#parts.loop.poller.remove(this.#parts.listener.number);
    for (const connection of [...this.#connections]) connection.close();
  }

  #accept(): void {
    const { libc, listener, name } = this.#parts;
    for (let i = 0; i < ACCEPT_ROUND; i++) {
      if (this.#connections.size >= this.#parts.maxConnections) {
        this.#complain(`the ${name} socket has ${this.#connections.size} connections, the most allowed; others wait`);
        return this.#setAccepting(false);
      }
      let fd: Fd | undefined;
      try {
        fd = acceptFrom(libc, listener);
      } catch (error) {
        // Out of descriptors: those waiting in the backlog are served when one is closed.
        this.#complain(`${textOf(error)}; others wait`);
        return this.#setAccepting(false);
      }
      if (fd === undefined) return;
      this.#serve(fd);
    }
  }

  #serve(fd: Fd): void {
    const { libc, loop, buffer, log, name } = this.#parts;
    try {
      const session = this.#open(fd, peerCredentials(libc, fd.number));
      if (session === undefined) return fd[Symbol.dispose]();
      const connection = new Connection({ libc, loop, fd, session, buffer }, (closed, failure) => {
        this.#connections.delete(closed);
        if (failure !== undefined) log.error(`closed a ${name} connection: ${textOf(failure)}`);
        if (!this.#accepting) this.#setAccepting(true);
      });
      this.#connections.add(connection);
    } catch (error) {
      log.error(`refused a ${name} connection: ${textOf(error)}`);
      fd[Symbol.dispose]();
    }
  }

  /** One line a sweep at most: clients that come and go at the limit would fill the log. */
  #complain(text: string): void {
    if (!this.#complained) this.#parts.log.warning(text);
    this.#complained = true;
  }

  #setAccepting(accepting: boolean): void {
    if (accepting === this.#accepting || this.#ended) return;
    this.#accepting = accepting;
    this.#parts.loop.poller.change(this.#parts.listener.number, { read: accepting, write: false });
  }
}

function textOf(error: unknown): string {
  return error instanceof Error ? error.message : "unknown error";
}

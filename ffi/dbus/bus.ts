/**
 * The bus at a path: connected when somebody calls, connected again after it was gone, never more than one connection and
 * one attempt at a time.
 *
 * @module
 */

import { Connection, type MethodCall } from "./connection.ts";
import { DbusError } from "./error.ts";
import { type DbusLibrary, openDbusLibrary } from "./library.ts";
import { openConnection } from "./opening.ts";
import type { Incoming } from "./value.ts";

/** Where distributions have the system bus; D-Bus Specification, "System message bus". */
export const SYSTEM_BUS = "/run/dbus/system_bus_socket";

/** A connection takes 11 ms cold; a bus that needs longer than this is no bus. */
const CONNECT_DEADLINE_MS = 3_000;
/** After a failed attempt nobody tries again for this long, doubled each time; callers get the failure at once. */
const BACKOFF_MS = { first: 100, longest: 5_000 } as const;
/** How long the end waits for an attempt that hangs. */
const SETTLE_MS = 1_000;
/** dbus-daemon refuses the 129th call of a connection that is not yet answered (max_replies_per_connection). */
const MAX_IN_FLIGHT = 100;

/** How a bus is opened. */
export interface BusOptions {
  /** Absolute path of its socket. */
  readonly socketPath: string;
  readonly connectDeadlineMs?: number;
  /** For tests of its absence. */
  readonly libraryName?: string;
}

/** A bus that may come and go. */
export class Bus implements AsyncDisposable {
  readonly #options: BusOptions;
  #library: DbusLibrary | undefined;
  #connection: Connection | undefined;
  #connecting: Promise<Connection> | undefined;
  /** Work that still uses the library. */
  readonly #unsettled = new Set<Promise<void>>();
  #failure: { readonly error: DbusError; readonly until: number; readonly waited: number } | undefined;
  #closed = false;
  #inFlight = 0;
  readonly #queue: (() => void)[] = [];

  constructor(options: BusOptions) {
    this.#options = options;
  }

  /**
   * Calls a method, connecting first where need be. Waits for ever; at most so many wait for an answer at a time, the rest
   * in line.
   *
   * @throws {DbusError}
   */
  async call(call: MethodCall, signal?: AbortSignal): Promise<readonly Incoming[]> {
    if (this.#inFlight >= MAX_IN_FLIGHT) await new Promise<void>((go) => this.#queue.push(go));
    this.#inFlight++;
    try {
      return await (await this.#connected()).call(call, signal);
    } finally {
      this.#inFlight--;
      this.#queue.shift()?.();
    }
  }

  /** Ends the connection, if there is one; the next call makes another. */
  async disconnect(): Promise<void> {
    const connection = this.#connection;
    this.#connection = undefined;
    await connection?.close();
  }

  /** Ends everything; who waits gets an error. */
  async [Symbol.asyncDispose](): Promise<void> {
    if (this.#closed) return;
    this.#closed = true;
    await this.#connecting?.catch(() => undefined);
    await this.disconnect();
    await this.#settled();
    // A connect(2) that hangs still needs the library's code; it goes with the process then.
    if (this.#unsettled.size === 0) this.#library?.[Symbol.dispose]();
  }

  async #settled(): Promise<void> {
    let timer: ReturnType<typeof setTimeout> | undefined;
    const enough = new Promise<void>((resolve) => timer = setTimeout(resolve, SETTLE_MS));
    await Promise.race([Promise.all(this.#unsettled), enough]);
    clearTimeout(timer);
  }

  #connected(): Promise<Connection> {
    if (this.#closed) throw new DbusError("lost", "The connection to the bus was closed");
    if (this.#connection?.isOpen === true) return Promise.resolve(this.#connection);
    if (this.#connecting !== undefined) return this.#connecting;
    const failure = this.#failure;
    if (failure !== undefined && performance.now() < failure.until) throw failure.error;
    this.#connecting = this.#connect().then(
      (connection) => {
        this.#failure = undefined;
        this.#connection = connection;
        return connection;
      },
      (error) => {
        this.#remember(error);
        throw error;
      },
    ).finally(() => this.#connecting = undefined);
    return this.#connecting;
  }

  async #connect(): Promise<Connection> {
    await this.disconnect();
    if (this.#unsettled.size > 0) throw new DbusError("connect", "Cannot connect to the bus: it still hangs");
    this.#library ??= openDbusLibrary(this.#options.libraryName);
    const { socketPath, connectDeadlineMs = CONNECT_DEADLINE_MS } = this.#options;
    const { opened, settled } = openConnection(this.#library, socketPath, connectDeadlineMs);
    this.#unsettled.add(settled);
    settled.finally(() => this.#unsettled.delete(settled));
    return new Connection(this.#library, await opened);
  }

  #remember(error: unknown): void {
    if (!(error instanceof DbusError)) return;
    const { first, longest } = BACKOFF_MS;
    const waited = Math.min(longest, this.#failure === undefined ? first : this.#failure.waited * 2);
    this.#failure = { error, until: performance.now() + waited, waited };
  }
}

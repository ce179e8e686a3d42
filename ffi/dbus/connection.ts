/**
 * One private connection to a bus. libdbus is called from this thread only; poll(2) alone waits on another, parked once
 * however many answers are awaited.
 *
 * @module
 */

import { cString } from "../libc.ts";
import { appendArguments } from "./append.ts";
import { DbusError } from "./error.ts";
import type { DbusLibrary } from "./library.ts";
import type { Opened } from "./opening.ts";
import { readArguments } from "./read.ts";
import type { Pointer } from "./symbols.ts";
import { type Incoming, type Outgoing, text } from "./value.ts";

const METHOD_RETURN = 2;
const ERROR = 3;
const POLLIN = 0x1;
const POLLOUT = 0x4;
const SHUT_RDWR = 2;
const EFD_FLAGS = 0o2000000 | 0o4000; // EFD_CLOEXEC | EFD_NONBLOCK

/** What to call. */
export interface MethodCall {
  /** Well-known name of the service. */
  readonly service: string;
  readonly path: string;
  readonly interface: string;
  readonly method: string;
  readonly args: readonly Outgoing[];
}

interface Waiter {
  readonly resolve: (values: readonly Incoming[]) => void;
  readonly reject: (error: DbusError) => void;
}

/** A connection that was opened. Ends by {@linkcode Connection.close}, or with the bus. */
export class Connection implements AsyncDisposable {
  readonly #library: DbusLibrary;
  readonly #pointer: Pointer;
  readonly #fd: number;
  readonly #wake: number;
  readonly #waiters = new Map<number, Waiter>();
  readonly #ended: Promise<void>;
  #closing = false;
  #open = true;

  /** Takes the connection over. */
  constructor(library: DbusLibrary, { pointer, fd }: Opened) {
    this.#library = library;
    this.#pointer = pointer;
    this.#fd = fd;
    this.#wake = library.wait.eventfd(0, EFD_FLAGS);
    this.#ended = this.#serve();
  }

  /** Whether calls can be made. */
  get isOpen(): boolean {
    return this.#open && !this.#closing && this.#library.dbus.dbus_connection_get_is_connected(this.#pointer) !== 0;
  }

  /**
   * Calls a method and waits for the answer, for ever if need be: some calls are answered by a person.
   *
   * @param signal Aborting gives the waiting up; the other side is not told.
   * @throws {DbusError} `refused`, `lost`, `aborted`, `argument`, `answer`
   */
  async call(call: MethodCall, signal?: AbortSignal): Promise<readonly Incoming[]> {
    if (signal?.aborted === true) throw aborted();
    if (!this.isOpen) throw lost();
    const serial = this.#send(call);
    const { promise, resolve, reject } = Promise.withResolvers<readonly Incoming[]>();
    this.#waiters.set(serial, { resolve, reject });
    const giveUp = (): void => {
      if (this.#waiters.delete(serial)) reject(aborted());
    };
    signal?.addEventListener("abort", giveUp, { once: true });
    try {
      return await promise;
    } finally {
      signal?.removeEventListener("abort", giveUp);
    }
  }

  /** Ends the connection; who waits gets `lost`. The bus tells services, which withdraw what they do for us. */
  async close(): Promise<void> {
    this.#closing = true;
    if (this.#open) this.#library.wait.shutdown(this.#fd, SHUT_RDWR); // poll(2) returns; closing would not do that
    await this.#ended;
  }

  [Symbol.asyncDispose](): Promise<void> {
    return this.close();
  }

  #send({ service, path, interface: name, method, args }: MethodCall): number {
    const { dbus, wait } = this.#library;
    const message = dbus.dbus_message_new_method_call(cString(service), cString(path), cString(name), cString(method));
    if (message === null) throw new DbusError("argument", `Cannot call "${name}.${method}": not a valid name`);
    try {
      appendArguments(dbus, message, args);
      const serial = new Uint32Array(1);
      // It is written at once where the socket takes it, and queued where not: nothing here blocks.
      if (dbus.dbus_connection_send(this.#pointer, message, new Uint8Array(serial.buffer)) === 0) {
        throw new DbusError("argument", `Cannot send a call of "${name}.${method}"`);
      }
      if (dbus.dbus_connection_has_messages_to_send(this.#pointer) !== 0) wait.eventfd_write(this.#wake, 1n);
      return serial[0] ?? 0;
    } finally {
      dbus.dbus_message_unref(message);
    }
  }

  /** Runs until the connection has ended; never throws. */
  async #serve(): Promise<void> {
    const { dbus, wait } = this.#library;
    const polled = new DataView(new ArrayBuffer(16)); // struct pollfd { int fd; short events; short revents; }[2]
    polled.setInt32(0, this.#fd, true);
    polled.setInt32(8, this.#wake, true);
    polled.setInt16(12, POLLIN, true);
    const bytes = new Uint8Array(polled.buffer);
    const drained = new Uint8Array(8);
    while (!this.#closing) {
      dbus.dbus_connection_read_write(this.#pointer, 0);
      this.#dispatchAll();
      if (dbus.dbus_connection_get_is_connected(this.#pointer) === 0) break;
      const more = dbus.dbus_connection_has_messages_to_send(this.#pointer) !== 0;
      polled.setInt16(4, POLLIN | (more ? POLLOUT : 0), true);
      await wait.poll(bytes, 2n, -1);
      wait.eventfd_read(this.#wake, drained);
    }
    this.#open = false;
    dbus.dbus_connection_close(this.#pointer);
    this.#dispatchAll();
    dbus.dbus_connection_unref(this.#pointer);
    wait.close(this.#wake);
    for (const { reject } of this.#waiters.values()) reject(lost());
    this.#waiters.clear();
  }

  #dispatchAll(): void {
    const { dbus } = this.#library;
    while (true) {
      const message = dbus.dbus_connection_pop_message(this.#pointer);
      if (message === null) return;
      try {
        this.#dispatch(message);
      } finally {
        dbus.dbus_message_unref(message);
      }
    }
  }

  /** Answers go to whoever waits; signals (NameAcquired, Disconnected) and calls of us are nobody's. */
  #dispatch(message: Pointer): void {
    const { dbus } = this.#library;
    const type = dbus.dbus_message_get_type(message);
    if (type !== METHOD_RETURN && type !== ERROR) return;
    const serial = dbus.dbus_message_get_reply_serial(message);
    const waiter = this.#waiters.get(serial);
    if (waiter === undefined) return; // given up meanwhile
    this.#waiters.delete(serial);
    try {
      const values = readArguments(dbus, message);
      if (type === METHOD_RETURN) waiter.resolve(values);
      else waiter.reject(this.#refusal(message, values));
    } catch (error) {
      waiter.reject(
        error instanceof DbusError ? error : new DbusError("answer", "Cannot read an answer", { cause: error }),
      );
    }
  }

  #refusal(message: Pointer, [first]: readonly Incoming[]): DbusError {
    const name = this.#library.dbus.dbus_message_get_error_name(message);
    const errorName = name === null ? "" : Deno.UnsafePointerView.getCString(name);
    const said = typeof first === "string" ? first : "";
    return new DbusError("refused", `${errorName}: ${said}`, { errorName, text: said });
  }
}

/** A call of the bus itself. @param args Texts. */
export function busCall(method: string, ...args: readonly string[]): MethodCall {
  return {
    service: "org.freedesktop.DBus",
    path: "/org/freedesktop/DBus",
    interface: "org.freedesktop.DBus",
    method,
    args: args.map(text),
  };
}

function lost(): DbusError {
  return new DbusError("lost", "The connection to the bus ended before the answer");
}

function aborted(): DbusError {
  return new DbusError("aborted", "Nobody waits for the answer any more");
}

/**
 * From a socket's path to a connection the bus has greeted: off this thread, and within a deadline.
 *
 * @module
 */

import { cString } from "../libc.ts";
import { DbusError } from "./error.ts";
import type { DbusLibrary } from "./library.ts";
import type { Pointer } from "./symbols.ts";

const SHUT_RDWR = 2;
/** DBusError: name, message, bits and padding. */
const ERROR_SIZE = 32;

/** A registered connection, still without an owner. */
export interface Opened {
  readonly pointer: Pointer;
  readonly fd: number;
}

/**
 * The address of a bus that listens at a path. Written out here, never taken from DBUS_SYSTEM_BUS_ADDRESS: whoever sets a
 * variable for the daemon could name a bus of his own, where everything is authorised. Other kinds of address than a
 * path (`unixexec:` starts programs) cannot be said.
 */
export function busAddress(socketPath: string): string {
  // D-Bus Specification, "Server Addresses": all but these bytes are escaped.
  const escaped = Array.from(new TextEncoder().encode(socketPath), (byte) => {
    const letter = String.fromCharCode(byte);
    return /[-0-9A-Za-z_/.*]/.test(letter) ? letter : `%${byte.toString(16).padStart(2, "0")}`;
  });
  return `unix:path=${escaped.join("")}`;
}

/**
 * Connects, authenticates and says hello.
 *
 * A bus that accepts and then is silent would hold libdbus for ever (only the peer's end frees it), so the socket is shut
 * down when the deadline passes. connect(2) itself can hang where the listener's backlog is full; nothing ends that, so
 * `settled` comes later than the error: until then a thread is parked, and nobody should try again.
 *
 * @returns Promises of the connection and of the end of all work for it.
 */
export function openConnection(
  library: DbusLibrary,
  socketPath: string,
  deadlineMs: number,
): { readonly opened: Promise<Opened>; readonly settled: Promise<void> } {
  const { dbus, wait } = library;
  let late = false;
  let fd = -1;
  const work = async (): Promise<Opened> => {
    const address = cString(busAddress(socketPath));
    const error = new Uint8Array(ERROR_SIZE);
    dbus.dbus_error_init(error);
    const pointer = await dbus.dbus_connection_open_private(address, error);
    if (pointer === null) throw takeError(library, error, socketPath);
    const number = new Int32Array(1);
    dbus.dbus_connection_get_unix_fd(pointer, new Uint8Array(number.buffer));
    dbus.dbus_connection_set_exit_on_disconnect(pointer, 0);
    fd = number[0] ?? -1;
    const registered = late ? 0 : await dbus.dbus_bus_register(pointer, error);
    fd = -1;
    // Without exactly one close and one unref of a private connection libdbus leaks or aborts.
    if (registered === 0 || late) {
      dbus.dbus_connection_close(pointer);
      dbus.dbus_connection_unref(pointer);
      throw takeError(library, error, socketPath);
    }
    return { pointer, fd: number[0] ?? -1 };
  };
  let timer: ReturnType<typeof setTimeout> | undefined;
  const deadline = new Promise<never>((_, reject) => {
    timer = setTimeout(() => {
      late = true;
      if (fd >= 0) wait.shutdown(fd, SHUT_RDWR);
      reject(
        new DbusError("connect", `Cannot connect to the bus at "${socketPath}": no answer within ${deadlineMs} ms`),
      );
    }, deadlineMs);
  });
  const done = work().finally(() => clearTimeout(timer));
  return { opened: Promise.race([done, deadline]), settled: done.then(() => undefined, () => undefined) };
}

/** Reads and frees a DBusError. */
function takeError({ dbus }: DbusLibrary, error: Uint8Array<ArrayBuffer>, socketPath: string): DbusError {
  const view = new DataView(error.buffer);
  const errorName = textAt(view.getBigUint64(0, true));
  const text = textAt(view.getBigUint64(8, true));
  dbus.dbus_error_free(error);
  const why = text === "" ? "the connection ended" : text;
  return new DbusError("connect", `Cannot connect to the bus at "${socketPath}": ${why}`, { errorName, text });
}

function textAt(address: bigint): string {
  const pointer = Deno.UnsafePointer.create(address);
  return pointer === null ? "" : Deno.UnsafePointerView.getCString(pointer);
}

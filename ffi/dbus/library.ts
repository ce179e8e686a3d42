/**
 * libdbus, opened, with what a connection waits with.
 *
 * @module
 */

import { cString } from "../libc.ts";
import { DbusError } from "./error.ts";
import { DBUS_SYMBOLS, type DbusSymbols, WAIT_SYMBOLS, type WaitSymbols } from "./symbols.ts";

/** The name of the library's third ABI. Found by the loader's own search, never in the working directory. */
const NAME = "libdbus-1.so.3";

/** Both libraries. Close it when no connection uses it any more. */
export interface DbusLibrary extends Disposable {
  readonly dbus: DbusSymbols;
  readonly wait: WaitSymbols;
}

/**
 * Opens libdbus; to be done at the first call, so that nothing needs it that asks nobody.
 *
 * By itself libdbus aborts the process when it is misused (an invalid text, a bad name). DBUS_FATAL_WARNINGS=0 makes it
 * return an error instead; it reads the variable once, at the first warning, so it is set in this process's C environment
 * before the library is there. No child inherits it: those get an environment written out.
 *
 * @param name For tests of its absence.
 * @throws {DbusError} `no-library`
 */
export function openDbusLibrary(name: string = NAME): DbusLibrary {
  using stack = new DisposableStack();
  const libc = Deno.dlopen("libc.so.6", WAIT_SYMBOLS);
  stack.defer(() => libc.close());
  libc.symbols.setenv(cString("DBUS_FATAL_WARNINGS"), cString("0"), 1);
  const dbus = openNamed(name);
  stack.defer(() => dbus.close());
  const resources = stack.move();
  return { dbus: dbus.symbols, wait: libc.symbols, [Symbol.dispose]: () => resources.dispose() };
}

function openNamed(name: string): Deno.DynamicLibrary<typeof DBUS_SYMBOLS> {
  try {
    return Deno.dlopen(name, DBUS_SYMBOLS);
  } catch (cause) {
    if (cause instanceof Deno.errors.NotCapable) throw cause;
    throw new DbusError("no-library", `Cannot open "${name}"`, { cause });
  }
}

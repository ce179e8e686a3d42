/**
 * The service manager's end of sd_notify(3): a datagram socket that keeps what it is told.
 *
 * @module
 */

import { type Libc, openLibc } from "../../ffi/libc.ts";
import { Fd } from "../../ffi/unix_socket.ts";
import { until } from "./deadline.ts";
import { DEFAULT_DEADLINE } from "./process.ts";

const AF_UNIX = 1;
const SOCK_DGRAM = 2;
const SOCK_NONBLOCK = 0o4000;
const SOCK_CLOEXEC = 0o2000000;

/** A bound socket. */
export class NotifySocket implements Disposable {
  readonly #libc: Libc = openLibc();
  readonly #socket: Fd;

  /** @param path Where to bind it; the value for $NOTIFY_SOCKET. */
  constructor(path: string) {
    const name = new TextEncoder().encode(`${path}\0`);
    const address = new Uint8Array(2 + name.length);
    new DataView(address.buffer).setUint16(0, AF_UNIX, true);
    address.set(name, 2);
    const fd = this.#libc.symbols.socket(AF_UNIX, SOCK_DGRAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
    this.#socket = new Fd(this.#libc, this.#libc.check(fd, "socket", "make a socket"));
    this.#libc.check(this.#libc.symbols.bind(fd, address, address.length), "bind", `bind "${path}"`);
  }

  /** The next datagram, or undefined if there is none yet. */
  receive(): string | undefined {
    const bytes = new Uint8Array(4096);
    const length = this.#libc.symbols.recv(this.#socket.number, bytes, BigInt(bytes.length), 0);
    return length < 0 ? undefined : new TextDecoder().decode(bytes.subarray(0, length));
  }

  /** Waits for the next datagram. @throws {DeadlineError} */
  next(): Promise<string> {
    return until(() => this.receive(), DEFAULT_DEADLINE, "a notification");
  }

  [Symbol.dispose](): void {
    this.#socket[Symbol.dispose]();
    this.#libc[Symbol.dispose]();
  }
}

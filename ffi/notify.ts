/**
 * Tells the service manager how we are: the datagram of sd_notify(3), without libsystemd.
 *
 * @module
 */

import type { Libc } from "./libc.ts";
import { Fd } from "./unix_socket.ts";

const AF_UNIX = 1;
const SOCK_DGRAM = 2;
const SOCK_CLOEXEC = 0o2000000;
const MSG_NOSIGNAL = 0x4000;

/**
 * Sends a state such as `READY=1`.
 * @param address $NOTIFY_SOCKET: a path, or `@` and a name in the abstract namespace.
 * @throws {ErrnoError} If nobody takes it.
 */
export function notifyManager(libc: Libc, address: string, state: string): void {
  const name = new TextEncoder().encode(address);
  if (name[0] === "@".charCodeAt(0)) name[0] = 0;
  const sockaddr = new Uint8Array(2 + name.length);
  new DataView(sockaddr.buffer).setUint16(0, AF_UNIX, true);
  sockaddr.set(name, 2);
  const made = libc.symbols.socket(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC, 0);
  using socket = new Fd(libc, libc.check(made, "socket", "make a socket"));
  const bytes = new TextEncoder().encode(state);
  const sent = libc.symbols.sendto(
    socket.number,
    bytes,
    BigInt(bytes.length),
    MSG_NOSIGNAL,
    sockaddr,
    sockaddr.length,
  );
  libc.check(sent, "sendto", `notify "${address}"`);
}

/**
 * UNIX stream sockets with file descriptors of our own: listening, connecting, peer credentials. Non-blocking and
 * close-on-exec throughout.
 *
 * @module
 */

import { EAGAIN, ECONNABORTED, EINTR, ErrnoError } from "./errno.ts";
import { cString, type Libc } from "./libc.ts";

const AF_UNIX = 1;
const SOCK_STREAM = 1;
const SOCK_NONBLOCK = 0o4000;
const SOCK_CLOEXEC = 0o2000000;
const SOL_SOCKET = 1;
const SO_PEERCRED = 17;
const SO_ACCEPTCONN = 30;
const SO_PEERPIDFD = 77; // Linux 6.5
const F_SETFD = 2;
const F_SETFL = 4;
const FD_CLOEXEC = 1;
/** sizeof(sockaddr_un.sun_path), with its NUL. */
const MAX_PATH = 108;
/** Only the owner may connect: bind(2) applies the umask to the socket's mode, which leaves no moment of a wider one. */
const SOCKET_UMASK = 0o177;

/** uid, gid and pid of the process that called connect(2), from the kernel. */
export interface PeerCredentials {
  readonly pid: number;
  readonly uid: number;
  readonly gid: number;
}

/** A file descriptor with an owner. */
export class Fd implements Disposable {
  readonly #libc: Libc;
  #fd: number;

  constructor(libc: Libc, fd: number) {
    this.#libc = libc;
    this.#fd = fd;
  }

  /** The number. @throws {TypeError} If closed. */
  get number(): number {
    if (this.#fd < 0) throw new TypeError("Cannot use a closed file descriptor");
    return this.#fd;
  }

  [Symbol.dispose](): void {
    if (this.#fd >= 0) this.#libc.close(this.#fd);
    this.#fd = -1;
  }
}

/**
 * Binds and listens at `path` with mode 0600.
 * @param backlog Connections the kernel queues before accept (listen(2)).
 * @throws {ErrnoError} EADDRINUSE where anything stands at the path: the caller decides whether it is stale.
 */
export function listenAt(libc: Libc, path: string, backlog: number): Fd {
  const address = unixAddress(path);
  const socket = openSocket(libc, SOCK_NONBLOCK);
  const umask = libc.symbols.umask(SOCKET_UMASK);
  const bound = libc.symbols.bind(socket.number, address, address.length);
  const failure = bound < 0 ? libc.failure("bind", `bind the socket "${path}"`) : undefined;
  libc.symbols.umask(umask);
  const failed = failure ??
    (libc.symbols.listen(socket.number, backlog) < 0 ? libc.failure("listen", `listen at "${path}"`) : undefined);
  if (failed === undefined) return socket;
  socket[Symbol.dispose]();
  throw failed;
}

/** The next waiting connection, or undefined. @throws {ErrnoError} EMFILE when descriptors ran out. */
export function acceptFrom(libc: Libc, listener: Fd): Fd | undefined {
  const fd = libc.symbols.accept4(listener.number, null, null, SOCK_NONBLOCK | SOCK_CLOEXEC);
  if (fd >= 0) return new Fd(libc, fd);
  const errno = libc.errno();
  if (errno === EAGAIN || errno === EINTR || errno === ECONNABORTED) return undefined;
  throw libc.failure("accept4", "accept a connection");
}

/** Whether somebody listens at `path`. Connecting is the only way to know; the connection is closed at once. */
export function someoneListensAt(libc: Libc, path: string): boolean {
  try {
    connectTo(libc, path)[Symbol.dispose]();
    return true;
  } catch (error) {
    // A full backlog (EAGAIN) is somebody; refused or absent is nobody.
    return error instanceof ErrnoError && error.code !== "ECONNREFUSED" && error.code !== "ENOENT";
  }
}

/** Connects; the result is non-blocking. @throws {ErrnoError} ENOENT, ECONNREFUSED, EACCES, … */
export function connectTo(libc: Libc, path: string): Fd {
  const address = unixAddress(path);
  const socket = openSocket(libc, SOCK_NONBLOCK);
  if (libc.symbols.connect(socket.number, address, address.length) === 0) return socket;
  const failure = libc.failure("connect", `connect to "${path}"`);
  socket[Symbol.dispose]();
  throw failure;
}

/**
 * Takes over a listening socket that the service manager left open (sd_listen_fds(3)).
 * @returns The socket and the path it is bound to.
 * @throws {ErrnoError} If the descriptor is no listening UNIX socket.
 */
export function adoptListener(libc: Libc, fd: number): { readonly socket: Fd; readonly path: string } {
  const listens = socketOption(libc, fd, SO_ACCEPTCONN, 4);
  if (listens === undefined || listens.getInt32(0, true) !== 1) {
    throw libc.failure("getsockopt", `serve inherited descriptor ${fd}, which is no listening socket`);
  }
  libc.check(libc.symbols.fcntl(fd, F_SETFD, FD_CLOEXEC), "fcntl", `keep descriptor ${fd} from children`);
  libc.check(libc.symbols.fcntl(fd, F_SETFL, SOCK_NONBLOCK), "fcntl", `make descriptor ${fd} non-blocking`);
  const address = new Uint8Array(2 + MAX_PATH);
  const length = new Uint32Array([address.length]);
  libc.check(libc.symbols.getsockname(fd, address, length), "getsockname", `name inherited descriptor ${fd}`);
  const path = new TextDecoder().decode(address.subarray(2, length[0])).split("\0")[0] ?? "";
  return { socket: new Fd(libc, fd), path };
}

/** The peer of a connected socket. @throws {ErrnoError} */
export function peerCredentials(libc: Libc, fd: number): PeerCredentials {
  const ucred = socketOption(libc, fd, SO_PEERCRED, 12); // struct ucred { pid_t pid; uid_t uid; gid_t gid; }
  if (ucred === undefined) throw libc.failure("getsockopt", `read the peer credentials of descriptor ${fd}`);
  return { pid: ucred.getInt32(0, true), uid: ucred.getUint32(4, true), gid: ucred.getUint32(8, true) };
}

/** A pidfd of the peer, or undefined where the kernel has none to give (before 6.5, or the peer is gone). */
export function peerPidfd(libc: Libc, fd: number): Fd | undefined {
  const pidfd = socketOption(libc, fd, SO_PEERPIDFD, 4);
  return pidfd === undefined ? undefined : new Fd(libc, pidfd.getInt32(0, true));
}

function socketOption(libc: Libc, fd: number, option: number, size: number): DataView | undefined {
  const value = new Uint8Array(size);
  const length = new Uint32Array([size]);
  const status = libc.symbols.getsockopt(fd, SOL_SOCKET, option, value, length);
  return status === 0 && length[0] === size ? new DataView(value.buffer) : undefined;
}

function openSocket(libc: Libc, flags: number): Fd {
  const fd = libc.symbols.socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | flags, 0);
  return new Fd(libc, libc.check(fd, "socket", "make a socket"));
}

/** struct sockaddr_un { sa_family_t sun_family; char sun_path[108]; }, see unix(7). */
function unixAddress(path: string): Uint8Array<ArrayBuffer> {
  const bytes = cString(path);
  if (bytes.length > MAX_PATH) {
    throw new RangeError(`Cannot use the socket path "${path}": ${bytes.length - 1} bytes, ${MAX_PATH - 1} at most`);
  }
  const address = new Uint8Array(2 + bytes.length);
  new DataView(address.buffer).setUint16(0, AF_UNIX, true);
  address.set(bytes, 2);
  return address;
}

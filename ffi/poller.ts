/**
 * Readiness of many descriptors behind one epoll_wait(2), which parks on one thread of the blocking pool however many
 * descriptors and clients there are.
 *
 * @module
 */

import { EINTR } from "./errno.ts";
import type { Libc } from "./libc.ts";
import { Fd } from "./unix_socket.ts";

const EPOLL_CLOEXEC = 0o2000000;
const EFD_FLAGS = 0o2000000 | 0o4000; // EFD_CLOEXEC | EFD_NONBLOCK
const CTL_ADD = 1;
const CTL_DEL = 2;
const CTL_MOD = 3;
const EPOLLIN = 0x001;
const EPOLLOUT = 0x004;
const EPOLLRDHUP = 0x2000;
/** Events taken at one go: a fair round for every client comes before the next events. */
const MAX_EVENTS = 256;
/** struct epoll_event is packed on x86-64 only (sys/epoll.h). */
const PACKED = Deno.build.arch === "x86_64";
const EVENT_SIZE = PACKED ? 12 : 16;
const DATA_AT = PACKED ? 4 : 8;

/** What a descriptor is watched for. */
export interface Interest {
  readonly read: boolean;
  readonly write: boolean;
}

/** Called with what a descriptor is ready for; a hang-up or an error shows as both. */
export type OnReady = (readable: boolean, writable: boolean) => void;

/** Watches descriptors and calls back. */
export class Poller implements Disposable {
  readonly #libc: Libc;
  readonly #epoll: Fd;
  readonly #wake: Fd;
  readonly #watched = new Map<number, OnReady>();
  readonly #events = new Uint8Array(EVENT_SIZE * MAX_EVENTS);
  readonly #view = new DataView(this.#events.buffer);
  readonly #change = new DataView(new ArrayBuffer(EVENT_SIZE));
  readonly #drained = new Uint8Array(8);
  #waiting = false;

  constructor(libc: Libc) {
    this.#libc = libc;
    this.#epoll = new Fd(libc, libc.check(libc.symbols.epoll_create1(EPOLL_CLOEXEC), "epoll_create1", "make a poller"));
    this.#wake = new Fd(libc, libc.check(libc.symbols.eventfd(0, EFD_FLAGS), "eventfd", "make a poller"));
    this.add(this.#wake.number, { read: true, write: false }, () => {
      libc.symbols.read(this.#wake.number, this.#drained, 8n);
    });
  }

  /** Starts watching. @throws {ErrnoError} */
  add(fd: number, interest: Interest, onReady: OnReady): void {
    this.#control(CTL_ADD, fd, interest);
    this.#watched.set(fd, onReady);
  }

  /** Changes what is watched for. @throws {ErrnoError} */
  change(fd: number, interest: Interest): void {
    this.#control(CTL_MOD, fd, interest);
  }

  /** Stops watching; to be called before the descriptor is closed. */
  remove(fd: number): void {
    if (this.#watched.delete(fd)) this.#control(CTL_DEL, fd, { read: false, write: false });
  }

  /**
   * Handles what is ready now.
   * @param milliseconds How long to wait for something, blocking this thread.
   * @returns How many descriptors were ready.
   */
  poll(milliseconds: number): number {
    const count = this.#libc.symbols.epoll_wait(this.#epoll.number, this.#events, MAX_EVENTS, milliseconds);
    if (count < 0 && this.#libc.errno() !== EINTR) throw this.#libc.failure("epoll_wait", "wait for events");
    return this.#dispatch(count);
  }

  /**
   * Waits on another thread until something is ready or {@linkcode Poller.wake} is called, and handles it.
   * @returns How many descriptors were ready.
   * @throws {TypeError} While another wait is parked.
   */
  async wait(): Promise<number> {
    if (this.#waiting) throw new TypeError("Cannot wait twice at once: both would write the same events");
    this.#waiting = true;
    // errno belongs to the parked thread and cannot be read here; -1 is EINTR or a bug that `poll` will name.
    const count = await this.#libc.symbols.epoll_wait_parked(this.#epoll.number, this.#events, MAX_EVENTS, -1);
    this.#waiting = false;
    return this.#dispatch(count);
  }

  /** Waits and handles until a promise that depends on it has settled; for whoever runs no loop. */
  async until<T>(promise: Promise<T>): Promise<T> {
    let settled = false;
    const done = promise.finally(() => {
      settled = true;
      this.wake();
    });
    done.catch(() => undefined); // it is awaited below, after the last wait
    while (!settled) await this.wait();
    return await done;
  }

  /** Ends a {@linkcode Poller.wait} from elsewhere on this thread. */
  wake(): void {
    this.#libc.symbols.eventfd_write(this.#wake.number, 1n);
  }

  /** Must not be called while a {@linkcode Poller.wait} is parked. */
  [Symbol.dispose](): void {
    this.#wake[Symbol.dispose]();
    this.#epoll[Symbol.dispose]();
    this.#watched.clear();
  }

  #dispatch(count: number): number {
    for (let i = 0; i < count; i++) {
      const events = this.#view.getUint32(i * EVENT_SIZE, true);
      const fd = this.#view.getInt32(i * EVENT_SIZE + DATA_AT, true);
      const failed = (events & ~(EPOLLIN | EPOLLOUT | EPOLLRDHUP)) !== 0; // EPOLLERR, EPOLLHUP
      // Looked up at the last moment: an earlier callback of this round may have removed it.
      this.#watched.get(fd)?.(failed || (events & EPOLLIN) !== 0, failed || (events & EPOLLOUT) !== 0);
    }
    return Math.max(0, count);
  }

  #control(operation: number, fd: number, interest: Interest): void {
    this.#change.setUint32(0, (interest.read ? EPOLLIN : 0) | (interest.write ? EPOLLOUT : 0), true);
    this.#change.setInt32(DATA_AT, fd, true);
    const buffer = new Uint8Array(this.#change.buffer);
    this.#libc.check(
      this.#libc.symbols.epoll_ctl(this.#epoll.number, operation, fd, buffer),
      "epoll_ctl",
      `watch descriptor ${fd}`,
    );
  }
}

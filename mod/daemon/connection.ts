/**
 * One client's connection: bytes in for its session, answers out in order, back-pressure both ways. What the bytes mean
 * is the session's business.
 *
 * @module
 */

import type { Libc } from "../../ffi/libc.ts";
import { type ReceiveBuffer, send, WOULD_BLOCK } from "../../ffi/stream.ts";
import type { Fd } from "../../ffi/unix_socket.ts";
import type { EventLoop, Worker } from "./event_loop.ts";

/**
 * Unread answers a client may have; over it we take no more of its requests. The socket itself holds some 200 KiB more,
 * and every connection may use it up at once.
 */
const MAX_UNREAD = 16 * 1024;
/** Answers are joined into one send up to this; longer ones, lists above all, are shared by all who wait for them. */
const MAX_JOINED = 16 * 1024;
/**
 * Bytes taken at one go between messages: several requests to sign. Short requests grow tenfold when they become
 * objects, so a flood of them waits in the kernel.
 */
const RECEIVE = 2 * 1024;

/** What a session tells its connection after a share of work. */
export type Progress = "idle" | "more" | "waiting";

/** The protocol side of a connection. */
export interface Session {
  /** Whether it is the client that has to go on: a message is half received, say. */
  readonly waitsForClient: boolean;
  /** Bytes that the message being received still needs, if that is known; else 0. */
  readonly missing: number;
  /** Takes bytes; they are wiped after the call. @throws {Error} To have the connection closed. */
  received(bytes: ReceiveBuffer): void;
  /**
   * Handles a bounded number of requests. "waiting" means that the session has given the promise it waits for to
   * `connection.await()`.
   */
  work(connection: Connection): Progress;
  /** The client is gone. */
  ended(): void;
}

/** A connection under the loop. */
export class Connection implements Worker {
  readonly #libc: Libc;
  readonly #loop: EventLoop;
  readonly #fd: Fd;
  readonly #session: Session;
  readonly #buffer: ReceiveBuffer;
  readonly #onClose: (connection: Connection, failure: unknown) => void;
  #unsent: Uint8Array<ArrayBuffer>[] = [];
  #unsentBytes = 0;
  #progress: Progress = "idle";
  #reading = true;
  #writing = false;
  /** The socket took no more; until it does again there is nothing to try. */
  #full = false;
  #sawEnd = false;
  #closed = false;
  #stalledSince: number | undefined;

  /** @param onClose Called once at the end; `failure` is what went wrong here, if anything did. */
  constructor(
    parts: { libc: Libc; loop: EventLoop; fd: Fd; session: Session; buffer: ReceiveBuffer },
    onClose: (connection: Connection, failure: unknown) => void,
  ) {
    this.#libc = parts.libc;
    this.#loop = parts.loop;
    this.#fd = parts.fd;
    this.#session = parts.session;
    this.#buffer = parts.buffer;
    this.#onClose = onClose;
    this.#loop.poller.add(
      this.#fd.number,
      { read: true, write: false },
      (readable, writable) => this.#onReady(readable, writable),
    );
  }

  /** Queues an answer for the end of the round. */
  reply(frame: Uint8Array<ArrayBuffer>): void {
    this.#unsent.push(frame);
    this.#unsentBytes += frame.length;
    this.#loop.dirty(this);
  }

  /** Replies with what a promise comes to, and goes on with the session's work then. */
  await(answer: Promise<Uint8Array<ArrayBuffer>>): void {
    const settled = this.#loop.outstanding();
    answer.then((frame) => {
      if (this.#closed) return;
      this.reply(frame);
      this.#progress = "more";
      this.#loop.ready(this);
    }).catch((error) => this.#fail(error)).finally(settled);
  }

  /** One share of work, unless the client leaves its answers unread. */
  work(): void {
    if (this.#closed || this.#progress === "waiting" || this.#unsentBytes > MAX_UNREAD) return;
    try {
      this.#progress = this.#session.work(this);
    } catch (error) {
      return this.#fail(error);
    }
    if (this.#progress === "more") this.#loop.ready(this);
    this.#loop.dirty(this);
  }

  /** Sends what the socket takes and settles what to wait for next. */
  flush(): void {
    if (this.#closed) return;
    try {
      this.#send();
    } catch (error) {
      this.#fail(error);
    }
  }

  #send(): void {
    while (this.#unsent.length > 0 && !this.#full) {
      const chunk = this.#chunk();
      const count = send(this.#libc, this.#fd.number, chunk);
      if (count === undefined) return this.close();
      if (count === WOULD_BLOCK) {
        this.#full = true;
        break;
      }
      this.#stalledSince = undefined;
      this.#unsentBytes -= count;
      if (count < chunk.length) this.#unsent[0] = chunk.subarray(count);
      else this.#unsent.shift();
    }
    if (this.#sawEnd && this.#unsent.length === 0 && this.#progress === "idle") return this.close();
    if (this.#progress === "more") this.#loop.ready(this);
    this.#watch();
  }

  /** Closes a client that has to go on, or does not read its answers, and made no progress. */
  closeIfStalled(now: number, patience: number): boolean {
    const stalled = !this.#closed && (this.#session.waitsForClient || this.#unsent.length > 0);
    if (!stalled) this.#stalledSince = undefined;
    else if (this.#stalledSince === undefined) this.#stalledSince = now;
    else if (now - this.#stalledSince >= patience) {
      this.close();
      return true;
    }
    return false;
  }

  /** Closes now; unsent answers are dropped. */
  close(): void {
    this.#fail(undefined);
  }

  /** Whatever goes wrong with one client ends that client's connection and nothing else. */
  #fail(failure: unknown): void {
    if (this.#closed) return;
    this.#closed = true;
    this.#loop.forget(this);
    this.#loop.poller.remove(this.#fd.number);
    this.#fd[Symbol.dispose]();
    this.#session.ended();
    this.#unsent = [];
    this.#onClose(this, failure);
  }

  #onReady(readable: boolean, writable: boolean): void {
    try {
      if (writable) this.#full = false;
      this.#take(readable);
    } catch (error) {
      this.#fail(error);
    }
  }

  #take(readable: boolean): void {
    if (this.#unsent.length > 0) this.#loop.dirty(this);
    if (!readable || this.#sawEnd) return;
    if (!this.#mayRead()) return this.#watch();
    const count = this.#buffer.receive(this.#libc, this.#fd.number, Math.max(RECEIVE, this.#session.missing));
    if (count === WOULD_BLOCK) return;
    this.#stalledSince = undefined;
    if (count === 0) return this.#end();
    try {
      this.#session.received(this.#buffer);
    } catch {
      return this.close(); // the session has logged why
    } finally {
      this.#buffer.wipe();
    }
    this.work();
  }

  /** No more requests will come; what was asked before is still answered. */
  #end(): void {
    this.#sawEnd = true;
    if (this.#progress === "idle" && this.#unsent.length === 0) this.close();
    else this.#watch();
  }

  #mayRead(): boolean {
    return !this.#sawEnd && this.#progress === "idle" && this.#unsentBytes <= MAX_UNREAD;
  }

  /** What to send next: the first answers, joined if they are short. */
  #chunk(): Uint8Array<ArrayBuffer> {
    const [first = new Uint8Array(0)] = this.#unsent;
    let count = 0;
    let length = 0;
    for (const { length: more } of this.#unsent) {
      if (length + more > MAX_JOINED) break;
      length += more;
      count++;
    }
    if (count < 2) return first;
    const joined = new Uint8Array(length);
    let at = 0;
    for (const chunk of this.#unsent.slice(0, count)) {
      joined.set(chunk, at);
      at += chunk.length;
    }
    this.#unsent.splice(0, count, joined);
    return joined;
  }

  #watch(): void {
    const read = this.#mayRead();
    const write = this.#unsent.length > 0;
    if (read === this.#reading && write === this.#writing) return;
    // With nothing to wait for the descriptor leaves the poller: a hang-up would be reported again and again.
    const { poller } = this.#loop;
    const watched = this.#reading || this.#writing;
    this.#reading = read;
    this.#writing = write;
    if (!read && !write) poller.remove(this.#fd.number);
    else if (watched) poller.change(this.#fd.number, { read, write });
    else poller.add(this.#fd.number, { read, write }, (readable, writable) => this.#onReady(readable, writable));
  }
}

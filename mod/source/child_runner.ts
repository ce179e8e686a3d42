/**
 * The adapter of the port `CommandRunner` over posix_spawn(3): pipes read into locked memory, one child at a time,
 * SIGTERM first and SIGKILL late, every child reaped.
 *
 * @module
 */

import { type Child, spawnChild } from "../../ffi/child.ts";
import { ErrnoError } from "../../ffi/errno.ts";
import type { Libc } from "../../ffi/libc.ts";
import type { Poller } from "../../ffi/poller.ts";
import type { SecretMemory } from "../../ffi/secret.ts";
import { ReceiveBuffer, WOULD_BLOCK } from "../../ffi/stream.ts";
import type { Command, CommandEnd, CommandRunner, OutputSink } from "./command.ts";

/** One read of a pipe takes at most what a pipe holds (pipe(7)). */
const CHUNK = 64 * 1024;
/** Enough of stderr to tell failures apart. */
const MAX_STDERR = 16 * 1024;
/** `bw` killed outright leaves a lock directory behind that stalls its next call for 10 s; so SIGKILL comes late. */
const KILL_AFTER_MS = 10_000;
const SIGTERM = 15;
const SIGKILL = 9;

const ABORTED: CommandEnd = { kind: "aborted" };

type Stop = Extract<CommandEnd["kind"], "enough" | "deadline" | "aborted">;

/** Runs commands one after the other. */
export class ChildRunner implements CommandRunner, AsyncDisposable {
  readonly #libc: Libc;
  readonly #memory: SecretMemory;
  readonly #poller: Poller;
  #previous: Promise<void> = Promise.resolve();
  #current: RunningChild | undefined;

  constructor(libc: Libc, memory: SecretMemory, poller: Poller) {
    this.#libc = libc;
    this.#memory = memory;
    this.#poller = poller;
  }

  /** @inheritdoc */
  async run(command: Command, sink: OutputSink): Promise<CommandEnd> {
    // Two `bw` at once fight for the lock on their data; the one before is gone within moments of its SIGTERM.
    const turn = this.#previous;
    const mine = Promise.withResolvers<void>();
    this.#previous = mine.promise;
    await turn;
    let free: Promise<void> | undefined;
    try {
      const running = command.signal.aborted ? ABORTED : this.#start(command, sink);
      if ("kind" in running) return running;
      this.#current = running;
      free = running.ended;
      return await running.outcome;
    } finally {
      mine.resolve(free);
    }
  }

  /** Ends the running child, if any, and waits for it; nobody else may be running the poller any more. */
  async [Symbol.asyncDispose](): Promise<void> {
    this.#current?.stop("aborted");
    if (this.#current !== undefined) await this.#poller.until(this.#current.ended);
  }

  #start(command: Command, sink: OutputSink): RunningChild | CommandEnd {
    const [path = "", ...rest] = command.argv;
    const buffer = new ReceiveBuffer(this.#memory, CHUNK);
    try {
      const { env, secretEnv, onTerminal = false } = command;
      const child = spawnChild(this.#libc, this.#memory, { argv: [path, ...rest], env, secretEnv, onTerminal });
      return new RunningChild(this.#libc, this.#poller, child, buffer, command, sink);
    } catch (error) {
      buffer[Symbol.dispose]();
      if (error instanceof ErrnoError && error.call === "posix_spawn") {
        return { kind: "not-started", code: error.code, path };
      }
      throw error;
    }
  }
}

/** One child from its start to its reaping. */
class RunningChild {
  readonly #libc: Libc;
  readonly #poller: Poller;
  readonly #child: Child;
  readonly #buffer: ReceiveBuffer;
  readonly #sink: OutputSink;
  readonly #timers: ReturnType<typeof setTimeout>[] = [];
  readonly #unlisten: () => void;
  readonly #finished = Promise.withResolvers<CommandEnd>();
  readonly #reaped = Promise.withResolvers<void>();
  #stderr = "";
  #isReaped = false;
  #stopped: Stop | undefined;

  constructor(libc: Libc, poller: Poller, child: Child, buffer: ReceiveBuffer, command: Command, sink: OutputSink) {
    this.#libc = libc;
    this.#poller = poller;
    this.#child = child;
    this.#buffer = buffer;
    this.#sink = sink;
    const reading = { read: true, write: false };
    poller.add(child.stdout.number, reading, () => this.#drain(child.stdout.number, () => this.#take()));
    const { stderr } = child;
    if (stderr !== undefined) poller.add(stderr.number, reading, () => this.#drain(stderr.number, () => this.#note()));
    poller.add(child.pidfd.number, reading, () => this.#reap());
    const abort = (): void => this.stop("aborted");
    command.signal.addEventListener("abort", abort);
    this.#unlisten = (): void => command.signal.removeEventListener("abort", abort);
    this.#timers.push(setTimeout(() => this.stop("deadline"), command.deadlineMs));
  }

  /** What the caller waits for: known at "enough", else when the child has ended. */
  get outcome(): Promise<CommandEnd> {
    return this.#finished.promise;
  }

  /** The child is reaped and everything given back. */
  get ended(): Promise<void> {
    return this.#reaped.promise;
  }

  /** Asks the child to end. */
  stop(why: Stop): void {
    if (this.#stopped !== undefined || this.#isReaped) return;
    this.#stopped = why;
    this.#child.kill(SIGTERM);
    this.#timers.push(setTimeout(() => this.#child.kill(SIGKILL), KILL_AFTER_MS));
    if (why !== "deadline") this.#finished.resolve({ kind: why });
  }

  /** Reads what a pipe holds now. */
  #drain(fd: number, take: () => void): void {
    const count = this.#buffer.read(this.#libc, fd);
    if (count === 0) this.#poller.remove(fd);
    if (count > 0) this.#hand(take);
  }

  /** Whatever the sink does, nothing of the output stays in the buffer. */
  #hand(take: () => void): void {
    try {
      take();
    } finally {
      this.#buffer.wipe();
    }
  }

  #take(): void {
    if (this.#stopped === undefined && this.#sink(this.#buffer.view()) === "enough") this.stop("enough");
  }

  #note(): void {
    if (this.#stderr.length >= MAX_STDERR) return;
    this.#stderr += new TextDecoder().decode(this.#buffer.copy(0, MAX_STDERR - this.#stderr.length));
  }

  #reap(): void {
    const end = this.#child.reap();
    if (end === undefined) return;
    this.#isReaped = true;
    // What it wrote last is still in the pipe; a grandchild may hold the pipe open, so read only what is there.
    while (this.#rest(this.#child.stdout.number, () => this.#take()));
    const { stdout, stderr: errors, pidfd } = this.#child;
    if (errors !== undefined) { while (this.#rest(errors.number, () => this.#note())); }
    for (const fd of [stdout, errors, pidfd]) if (fd !== undefined) this.#poller.remove(fd.number);
    for (const timer of this.#timers) clearTimeout(timer);
    this.#unlisten();
    this.#child[Symbol.dispose]();
    this.#buffer[Symbol.dispose]();
    const stderr = this.#stderr;
    if (this.#stopped === "deadline") this.#finished.resolve({ kind: "deadline", stderr });
    else if ("code" in end) this.#finished.resolve({ kind: "exited", code: end.code, stderr });
    else this.#finished.resolve({ kind: "signalled", signal: end.signal, stderr });
    this.#reaped.resolve();
  }

  #rest(fd: number, take: () => void): boolean {
    const count = this.#buffer.read(this.#libc, fd);
    if (count > 0) this.#hand(take);
    return count !== 0 && count !== WOULD_BLOCK;
  }
}

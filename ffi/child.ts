/**
 * Child processes by posix_spawn(3): arguments and environment given whole, one environment string may lie in locked
 * memory, output comes through pipes, the end is seen through a pidfd.
 *
 * @module
 */

import type { Libc } from "./libc.ts";
import type { Secret, SecretMemory } from "./secret.ts";
import { bytesOf, pointerOf } from "./secret_bytes.ts";
import { openPipe, spawn } from "./spawn.ts";
import { Fd } from "./unix_socket.ts";

const O_RDONLY = 0;
const SYS_PIDFD_OPEN = 434n; // the same number on x86-64 and arm64
const WNOHANG = 1;
const SIGKILL = 9;

/** What to start. */
export interface SpawnOptions {
  /** Absolute path and arguments. */
  readonly argv: readonly [path: string, ...rest: string[]];
  /** The whole environment but for `secretEnv`. */
  readonly env: Readonly<Record<string, string>>;
  /** `NAME=value`, handed to the child from locked memory; it stands in no other place of this process. */
  readonly secretEnv?: Secret | undefined;
  /** The child talks to the user: stdin and stderr are ours instead of /dev/null and a pipe. */
  readonly onTerminal?: boolean;
}

/** How a child ended. */
export type ChildEnd = { readonly code: number } | { readonly signal: number };

/** A started child. Disposing closes the pipes and the pidfd; it does not end the process. */
export class Child implements Disposable {
  readonly #libc: Libc;
  readonly pid: number;
  /** Readable when the process has ended (pidfd_open(2)). */
  readonly pidfd: Fd;
  readonly stdout: Fd;
  /** Absent for a child that talks to the user. */
  readonly stderr: Fd | undefined;
  #end: ChildEnd | undefined;

  /** @throws {ErrnoError} EMFILE, say; the process, whose end nobody would see, is ended and reaped. */
  constructor(libc: Libc, pid: number, stdout: Fd, stderr: Fd | undefined) {
    this.#libc = libc;
    this.pid = pid;
    this.stdout = stdout;
    this.stderr = stderr;
    const pidfd = Number(libc.symbols.syscall(SYS_PIDFD_OPEN, BigInt(pid), 0n, 0n));
    if (pidfd < 0) {
      const failure = libc.failure("pidfd_open", `watch process ${pid}`);
      libc.symbols.kill(pid, SIGKILL);
      libc.symbols.waitpid(pid, new Int32Array(1), 0);
      throw failure;
    }
    this.pidfd = new Fd(libc, pidfd);
  }

  /** Sends a signal; nothing happens once the child was reaped. */
  kill(signal: number): void {
    if (this.#end === undefined) this.#libc.symbols.kill(this.pid, signal);
  }

  /** How the child ended, or undefined while it runs. */
  reap(): ChildEnd | undefined {
    if (this.#end !== undefined) return this.#end;
    const status = new Int32Array(1);
    if (this.#libc.symbols.waitpid(this.pid, status, WNOHANG) !== this.pid) return undefined;
    const word = status[0] ?? 0;
    const signal = word & 0x7f; // WTERMSIG, bits/waitstatus.h
    this.#end = signal === 0 ? { code: (word >> 8) & 0xff } : { signal };
    return this.#end;
  }

  [Symbol.dispose](): void {
    this.stdout[Symbol.dispose]();
    this.stderr?.[Symbol.dispose]();
    this.pidfd[Symbol.dispose]();
  }
}

/**
 * Starts a program with its output piped to us.
 *
 * @throws {ErrnoError} ENOENT, EACCES, E2BIG, … as execve(2).
 */
export function spawnChild(libc: Libc, memory: SecretMemory, options: SpawnOptions): Child {
  using resources = new DisposableStack();
  using ours = new DisposableStack();
  const stdout = openPipe(libc);
  resources.use(stdout.writing);
  ours.use(stdout.reading);
  const stderr = options.onTerminal === true ? undefined : openPipe(libc);
  if (stderr !== undefined) {
    resources.use(stderr.writing);
    ours.use(stderr.reading);
  }
  const envAddresses = options.secretEnv === undefined ? [] : [terminated(options.secretEnv, resources, memory)];
  const descriptors = stderr === undefined
    ? { 1: stdout.writing.number }
    : { 0: { path: "/dev/null", flags: O_RDONLY }, 1: stdout.writing.number, 2: stderr.writing.number };
  const pid = spawn(libc, { argv: options.argv, env: options.env, envAddresses, descriptors });
  const child = new Child(libc, pid, stdout.reading, stderr?.reading);
  ours.move();
  return child;
}

/** Address of a NUL-terminated copy in locked memory, which lives as long as `resources`. */
function terminated(secret: Secret, resources: DisposableStack, memory: SecretMemory): bigint {
  const copy = resources.use(memory.allocate(secret.length + 1));
  bytesOf(copy).set(bytesOf(secret));
  return BigInt(Deno.UnsafePointer.value(pointerOf(copy)));
}

/**
 * Child processes by posix_spawn(3): arguments and environment given whole, one environment string may lie in locked
 * memory, output comes through pipes, the end is seen through a pidfd.
 *
 * @module
 */

import { ErrnoError } from "./errno.ts";
import { cString, type Libc } from "./libc.ts";
import type { Secret, SecretMemory } from "./secret.ts";
import { bytesOf, pointerOf } from "./secret_bytes.ts";
import { Fd } from "./unix_socket.ts";

const O_CLOEXEC = 0o2000000;
const O_NONBLOCK = 0o4000;
const O_RDONLY = 0;
const F_SETFL = 4;
const SYS_PIDFD_OPEN = 434n; // the same number on x86-64 and arm64
const WNOHANG = 1;
const SPAWN_SETSIGDEF = 0x04;
const SPAWN_SETSIGMASK = 0x08;
const SIGPIPE = 13;
/** glibc: sizeof(posix_spawn_file_actions_t) is 80, sizeof(posix_spawnattr_t) 336, sizeof(sigset_t) 128. */
const FILE_ACTIONS_SIZE = 80;
const ATTRIBUTES_SIZE = 336;
const SIGSET_SIZE = 128;

/** What to start. */
export interface SpawnOptions {
  /** Absolute path and arguments. */
  readonly argv: readonly [path: string, ...rest: string[]];
  /** The whole environment but for `secretEnv`. */
  readonly env: Readonly<Record<string, string>>;
  /** `NAME=value`, handed to the child from locked memory; it stands in no other place of this process. */
  readonly secretEnv?: Secret | undefined;
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
  readonly stderr: Fd;
  #end: ChildEnd | undefined;

  constructor(libc: Libc, pid: number, stdout: Fd, stderr: Fd) {
    this.#libc = libc;
    this.pid = pid;
    this.stdout = stdout;
    this.stderr = stderr;
    this.pidfd = new Fd(libc, Number(libc.symbols.syscall(SYS_PIDFD_OPEN, BigInt(pid), 0n, 0n)));
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
    this.stderr[Symbol.dispose]();
    this.pidfd[Symbol.dispose]();
  }
}

/**
 * Starts a program with stdin at /dev/null and both outputs piped to us.
 *
 * @throws {ErrnoError} ENOENT, EACCES, E2BIG, … as execve(2).
 */
export function spawnChild(libc: Libc, memory: SecretMemory, options: SpawnOptions): Child {
  using resources = new DisposableStack();
  const [stdout, stdoutEnd] = pipe(libc, resources);
  const [stderr, stderrEnd] = pipe(libc, resources);
  const actions = new Uint8Array(FILE_ACTIONS_SIZE);
  libc.symbols.posix_spawn_file_actions_init(actions);
  resources.defer(() => void libc.symbols.posix_spawn_file_actions_destroy(actions));
  const devNull = cString("/dev/null");
  libc.symbols.posix_spawn_file_actions_addopen(actions, 0, devNull, O_RDONLY, 0);
  libc.symbols.posix_spawn_file_actions_adddup2(actions, stdoutEnd.number, 1);
  libc.symbols.posix_spawn_file_actions_adddup2(actions, stderrEnd.number, 2);
  const attributes = signalDefaults(libc, resources);

  const path = cString(options.argv[0]);
  const argv = options.argv.map(cString);
  const env = Object.entries(options.env).map(([name, value]) => cString(`${name}=${value}`));
  const addresses = env.map(addressOf);
  if (options.secretEnv !== undefined) {
    const terminated = resources.use(memory.allocate(options.secretEnv.length + 1));
    bytesOf(terminated).set(bytesOf(options.secretEnv));
    addresses.push(BigInt(Deno.UnsafePointer.value(pointerOf(terminated))));
  }
  const pid = new Int32Array(1);
  const errno = libc.symbols.posix_spawn(
    pid,
    path,
    actions,
    attributes,
    BigUint64Array.from([...argv.map(addressOf), 0n]),
    BigUint64Array.from([...addresses, 0n]),
  );
  if (errno !== 0) throw new ErrnoError("posix_spawn", errno, `start "${options.argv[0]}"`);
  return new Child(libc, pid[0] ?? 0, stdout.release(), stderr.release());
}

/** A child starts with SIGPIPE as programs expect it (Deno ignores it) and with nothing blocked. */
function signalDefaults(libc: Libc, resources: DisposableStack): Uint8Array<ArrayBuffer> {
  const attributes = new Uint8Array(ATTRIBUTES_SIZE);
  libc.symbols.posix_spawnattr_init(attributes);
  resources.defer(() => void libc.symbols.posix_spawnattr_destroy(attributes));
  const signals = new Uint8Array(SIGSET_SIZE);
  libc.symbols.posix_spawnattr_setsigmask(attributes, signals);
  signals[(SIGPIPE - 1) >> 3] = 1 << ((SIGPIPE - 1) & 7);
  libc.symbols.posix_spawnattr_setsigdefault(attributes, signals);
  libc.symbols.posix_spawnattr_setflags(attributes, SPAWN_SETSIGDEF | SPAWN_SETSIGMASK);
  return attributes;
}

/** The reading end, kept unless something fails, and the writing end, always closed on our side. */
function pipe(libc: Libc, resources: DisposableStack): [{ release(): Fd }, Fd] {
  const ends = new Int32Array(2);
  libc.check(libc.symbols.pipe2(ends, O_CLOEXEC), "pipe2", "make a pipe");
  const reading = new Fd(libc, ends[0] ?? -1);
  let released = false;
  resources.defer(() => {
    if (!released) reading[Symbol.dispose]();
  });
  const writing = resources.use(new Fd(libc, ends[1] ?? -1));
  libc.check(libc.symbols.fcntl(reading.number, F_SETFL, O_NONBLOCK), "fcntl", "make a pipe non-blocking");
  const release = (): Fd => {
    released = true;
    return reading;
  };
  return [{ release }, writing];
}

function addressOf(bytes: Uint8Array<ArrayBuffer>): bigint {
  return BigInt(Deno.UnsafePointer.value(Deno.UnsafePointer.of(bytes)));
}

/**
 * The posix_spawn(3) call itself: what a child inherits, where its descriptors go, and the memory C reads all that from.
 *
 * @module
 */

import { ErrnoError } from "./errno.ts";
import { cString, type Libc } from "./libc.ts";
import { Fd } from "./unix_socket.ts";

const O_CLOEXEC = 0o2000000;
const O_NONBLOCK = 0o4000;
const F_SETFL = 4;
const SPAWN_SETSIGDEF = 0x04;
const SPAWN_SETSIGMASK = 0x08;
const SPAWN_SETSID = 0x80; // glibc 2.26
const SIGPIPE = 13;
/** glibc: sizeof(posix_spawn_file_actions_t) is 80, sizeof(posix_spawnattr_t) 336, sizeof(sigset_t) 128. */
const FILE_ACTIONS_SIZE = 80;
const ATTRIBUTES_SIZE = 336;
const SIGSET_SIZE = 128;

/** Where one of the child's descriptors comes from: a descriptor of ours, or a file to be opened. */
export type Source = number | { readonly path: string; readonly flags: number; readonly mode?: number };

/** A call of posix_spawn. */
export interface SpawnCall {
  /** Absolute path of the program, then its arguments. */
  readonly argv: readonly [path: string, ...rest: string[]];
  readonly env: Readonly<Record<string, string>>;
  /** Addresses of further environment strings, NUL-terminated. */
  readonly envAddresses?: readonly bigint[];
  /** By the number the descriptor has in the child; what is not here and not close-on-exec is inherited. */
  readonly descriptors: Readonly<Record<number, Source>>;
  /** Whether the child leads a session of its own (setsid(2)). */
  readonly newSession?: boolean;
}

/** Starts a program. @returns Its pid. @throws {ErrnoError} As execve(2): ENOENT, EACCES, E2BIG, … */
export function spawn(libc: Libc, call: SpawnCall): number {
  using resources = new DisposableStack();
  const actions = new Uint8Array(FILE_ACTIONS_SIZE);
  libc.symbols.posix_spawn_file_actions_init(actions);
  resources.defer(() => void libc.symbols.posix_spawn_file_actions_destroy(actions));
  for (const [target, source] of Object.entries(call.descriptors)) direct(libc, actions, Number(target), source);
  const attributes = childAttributes(libc, resources, call.newSession === true);
  const argv = call.argv.map(cString);
  const env = Object.entries(call.env).map(([name, value]) => cString(`${name}=${value}`));
  const pid = new Int32Array(1);
  const errno = libc.symbols.posix_spawn(
    pid,
    cString(call.argv[0]),
    actions,
    attributes,
    BigUint64Array.from([...argv.map(addressOf), 0n]),
    BigUint64Array.from([...env.map(addressOf), ...(call.envAddresses ?? []), 0n]),
  );
  if (errno !== 0) throw new ErrnoError("posix_spawn", errno, `start "${call.argv[0]}"`);
  return pid[0] ?? 0;
}

/** A pipe, close-on-exec; our end is non-blocking. @throws {ErrnoError} */
export function openPipe(libc: Libc): { readonly reading: Fd; readonly writing: Fd } {
  const ends = new Int32Array(2);
  libc.check(libc.symbols.pipe2(ends, O_CLOEXEC), "pipe2", "make a pipe");
  const [reading = -1, writing = -1] = ends;
  libc.symbols.fcntl(reading, F_SETFL, O_NONBLOCK);
  return { reading: new Fd(libc, reading), writing: new Fd(libc, writing) };
}

function direct(libc: Libc, actions: Uint8Array<ArrayBuffer>, target: number, source: Source): void {
  if (typeof source === "number") libc.symbols.posix_spawn_file_actions_adddup2(actions, source, target);
  else {
    const { path, flags, mode = 0 } = source;
    // glibc copies the path (posix_spawn_file_actions_addopen(3)).
    libc.symbols.posix_spawn_file_actions_addopen(actions, target, cString(path), flags, mode);
  }
}

/** A child starts with SIGPIPE as programs expect it (Deno ignores it) and with nothing blocked. */
function childAttributes(libc: Libc, resources: DisposableStack, newSession: boolean): Uint8Array<ArrayBuffer> {
  const attributes = new Uint8Array(ATTRIBUTES_SIZE);
  libc.symbols.posix_spawnattr_init(attributes);
  resources.defer(() => void libc.symbols.posix_spawnattr_destroy(attributes));
  const signals = new Uint8Array(SIGSET_SIZE);
  libc.symbols.posix_spawnattr_setsigmask(attributes, signals);
  signals[(SIGPIPE - 1) >> 3] = 1 << ((SIGPIPE - 1) & 7);
  libc.symbols.posix_spawnattr_setsigdefault(attributes, signals);
  const flags = SPAWN_SETSIGDEF | SPAWN_SETSIGMASK | (newSession ? SPAWN_SETSID : 0);
  libc.symbols.posix_spawnattr_setflags(attributes, flags);
  return attributes;
}

function addressOf(bytes: Uint8Array<ArrayBuffer>): bigint {
  return BigInt(Deno.UnsafePointer.value(Deno.UnsafePointer.of(bytes)));
}

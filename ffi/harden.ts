/**
 * Closes this process to others of the same user before the first secret is read, and raises the limits it needs.
 *
 * @module
 */

import type { Libc } from "./libc.ts";

const PR_GET_DUMPABLE = 3;
const PR_SET_DUMPABLE = 4;
const RLIMIT_CORE = 4;
const RLIMIT_NOFILE = 7;
const RLIMIT_MEMLOCK = 8;
const INFINITY = 0xffff_ffff_ffff_ffffn; // RLIM_INFINITY

/** A resource limit; undefined means unlimited. */
export interface Limit {
  readonly soft: number | undefined;
  readonly hard: number | undefined;
}

/**
 * Makes the process undumpable (no ptrace, no /proc/PID/mem, no core file for the same user: prctl(2), PR_SET_DUMPABLE)
 * and sets the core limit to 0.
 *
 * @throws {ErrnoError} If the kernel refuses; nothing secret may be read then.
 */
export function hardenProcess(libc: Libc): void {
  libc.check(libc.symbols.prctl(PR_SET_DUMPABLE, 0n, 0n, 0n, 0n), "prctl", "make the process undumpable");
  const none = new BigUint64Array([0n, 0n]);
  libc.check(libc.symbols.setrlimit(RLIMIT_CORE, none), "setrlimit", "switch core dumps off");
}

/** Whether the process is closed to others of the same user, and writes no core file. */
export function hardening(libc: Libc): { readonly dumpable: boolean; readonly coreLimit: number | undefined } {
  return {
    dumpable: libc.symbols.prctl(PR_GET_DUMPABLE, 0n, 0n, 0n, 0n) !== 0,
    coreLimit: readLimit(libc, RLIMIT_CORE).soft,
  };
}

/** Raises the number of open files to the hard limit and returns what is in force. */
export function raiseFileLimit(libc: Libc): Limit {
  return raise(libc, RLIMIT_NOFILE);
}

/** Raises the amount of lockable memory to the hard limit and returns what is in force, in bytes. */
export function raiseMemlockLimit(libc: Libc): Limit {
  return raise(libc, RLIMIT_MEMLOCK);
}

function raise(libc: Libc, resource: number): Limit {
  const { hard } = readLimit(libc, resource);
  const value = hard === undefined ? INFINITY : BigInt(hard);
  libc.symbols.setrlimit(resource, new BigUint64Array([value, value])); // raising to the hard limit is always allowed
  return readLimit(libc, resource);
}

function readLimit(libc: Libc, resource: number): Limit {
  const pair = new BigUint64Array(2); // struct rlimit { rlim_t rlim_cur; rlim_t rlim_max; }
  libc.check(libc.symbols.getrlimit(resource, pair), "getrlimit", `read resource limit ${resource}`);
  const [soft = 0n, hard = 0n] = pair;
  return { soft: soft === INFINITY ? undefined : Number(soft), hard: hard === INFINITY ? undefined : Number(hard) };
}

/**
 * Runs a program on a kernel without memfd_secret(2): a seccomp(2) filter answers that one call with ENOSYS, as kernels
 * before 5.14 do and later ones that were started with `secretmem.enable=0`. Everything else is as it was.
 *
 * Not for: importing. `deno run -A without_memfd_secret.ts PROGRAM ARGUMENTS…` becomes the program.
 *
 * @module
 */

const PR_SET_SECCOMP = 22;
const PR_SET_NO_NEW_PRIVS = 38;
const SECCOMP_MODE_FILTER = 2n;
const SYS_MEMFD_SECRET = 447;
const ENOSYS = 38;

/** struct sock_filter (linux/filter.h): code, jump if true, jump if false, k. */
const PROGRAM = [
  [0x20, 0, 0, 0], // BPF_LD | BPF_W | BPF_ABS: the number of the call
  [0x15, 0, 1, SYS_MEMFD_SECRET], // BPF_JMP | BPF_JEQ
  [0x06, 0, 0, 0x0005_0000 | ENOSYS], // SECCOMP_RET_ERRNO
  [0x06, 0, 0, 0x7fff_0000], // SECCOMP_RET_ALLOW
] as const;

if (import.meta.main) {
  const { DENO_DIR: _, ...env } = Deno.env.toObject();
  become(Deno.args, env);
}

function become(argv: readonly string[], env: Readonly<Record<string, string>>): never {
  const libc = Deno.dlopen(
    "libc.so.6",
    {
      // int prctl(int option, unsigned long, unsigned long, unsigned long, unsigned long);
      prctl: { parameters: ["i32", "u64", "pointer", "u64", "u64"], result: "i32" },
      // int execve(const char *pathname, char *const argv[], char *const envp[]);
      execve: { parameters: ["buffer", "buffer", "buffer"], result: "i32" },
    } as const,
  );
  const code = new DataView(new ArrayBuffer(8 * PROGRAM.length));
  for (const [line, [operation, yes, no, k]] of PROGRAM.entries()) {
    code.setUint16(8 * line, operation, true);
    code.setUint8(8 * line + 2, yes);
    code.setUint8(8 * line + 3, no);
    code.setUint32(8 * line + 4, k, true);
  }
  const filter = new DataView(new ArrayBuffer(16)); // struct sock_fprog { unsigned short len; struct sock_filter *filter; }
  filter.setUint16(0, PROGRAM.length, true);
  filter.setBigUint64(8, addressOf(new Uint8Array(code.buffer)), true);
  const pointer = Deno.UnsafePointer.of(new Uint8Array(filter.buffer));
  if (libc.symbols.prctl(PR_SET_NO_NEW_PRIVS, 1n, null, 0n, 0n) !== 0) throw new Error("Cannot set no_new_privs");
  if (libc.symbols.prctl(PR_SET_SECCOMP, SECCOMP_MODE_FILTER, pointer, 0n, 0n) !== 0) {
    throw new Error("Cannot install the filter");
  }
  const strings = argv.map(cString);
  const variables = Object.entries(env).map(([name, value]) => cString(`${name}=${value}`));
  libc.symbols.execve(cString(argv[0] ?? ""), addresses(strings), addresses(variables));
  throw new Error(`Cannot become "${argv[0]}"`);
}

function addresses(strings: readonly Uint8Array<ArrayBuffer>[]): BigUint64Array<ArrayBuffer> {
  return BigUint64Array.from([...strings.map(addressOf), 0n]);
}

function addressOf(bytes: Uint8Array<ArrayBuffer>): bigint {
  return BigInt(Deno.UnsafePointer.value(Deno.UnsafePointer.of(bytes)));
}

function cString(text: string): Uint8Array<ArrayBuffer> {
  return new TextEncoder().encode(`${text}\0`);
}

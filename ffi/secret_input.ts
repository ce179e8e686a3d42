/**
 * Secrets from outside straight into locked memory: from a descriptor, a file, the environment.
 *
 * @module
 */

import { EINTR } from "./errno.ts";
import { cString, type Libc } from "./libc.ts";
import type { Secret, SecretMemory } from "./secret.ts";
import { bytesOf } from "./secret_bytes.ts";
import { Fd } from "./unix_socket.ts";

const O_RDONLY = 0;
const O_CLOEXEC = 0o2000000;
const CHUNK = 4096;
const NEWLINE = 10;
const RETURN = 13;

/**
 * Reads a descriptor to its end.
 * @param cap The most bytes taken. @throws {SecretMemoryError} code "too-large" beyond it.
 * @throws {ErrnoError}
 */
export function readSecretFrom(libc: Libc, memory: SecretMemory, fd: number, cap: number): Secret {
  using writer = memory.writer(cap);
  using chunk = memory.allocate(CHUNK);
  for (;;) {
    const count = libc.symbols.read(fd, bytesOf(chunk), BigInt(CHUNK));
    if (count === 0) return writer.finish();
    if (count > 0) writer.append(chunk, 0, count);
    else if (libc.errno() !== EINTR) throw libc.failure("read", `read descriptor ${fd}`);
  }
}

/** Reads a file, following links: a session or password file is the user's own choice. @throws {ErrnoError} */
export function readSecretFile(libc: Libc, memory: SecretMemory, path: string, cap: number): Secret {
  const opened = libc.symbols.open(cString(path), O_RDONLY | O_CLOEXEC, 0);
  using fd = new Fd(libc, libc.check(opened, "open", `open "${path}"`));
  return readSecretFrom(libc, memory, fd.number, cap);
}

/** Copies an environment variable of this process, or undefined if unset. The variable itself stays where it is. */
export function readSecretVariable(libc: Libc, memory: SecretMemory, name: string, cap: number): Secret | undefined {
  const found = libc.symbols.getenv(cString(name));
  if (found === null) return undefined;
  const length = Number(libc.symbols.strlen(found));
  using writer = memory.writer(cap);
  // A view onto the C string: the copy goes from the environment to the arena without a stop in the JavaScript heap.
  writer.appendPublic(new Uint8Array(Deno.UnsafePointerView.getArrayBuffer(found, length)));
  return writer.finish();
}

/** Overwrites a variable of this process where it stands, before anybody makes a string of it. Unset is fine. */
export function wipeVariable(libc: Libc, name: string): void {
  const found = libc.symbols.getenv(cString(name));
  if (found === null) return;
  const length = Number(libc.symbols.strlen(found));
  new Uint8Array(Deno.UnsafePointerView.getArrayBuffer(found, length)).fill(0);
}

/** The secret without the line end that editors, `echo` and here-documents leave; the original is wiped. */
export function withoutLineEnd(secret: Secret): Secret {
  let end = secret.length;
  while (end > 0 && (secret.uint8(end - 1) === NEWLINE || secret.uint8(end - 1) === RETURN)) end--;
  const trimmed = secret.copy(0, end);
  secret.wipe();
  return trimmed;
}

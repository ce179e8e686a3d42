/**
 * An arena and a back end for tests of mod/keys/ and ffi/crypto/.
 *
 * @module
 */

import { ok, strictEqual as equal } from "node:assert/strict";
import { type Arena, openArena } from "../../ffi/arena.ts";
import { type Libcrypto, openLibcrypto } from "../../ffi/crypto/open.ts";
import { openLibc } from "../../ffi/libc.ts";
import type { Secret } from "../../ffi/secret.ts";
import { DegradedBackend } from "../../mod/keys/degraded_backend.ts";
import { LibcryptoBackend } from "../../mod/keys/libcrypto_backend.ts";
import { type ParsedKey, type ParseParts, parsePrivateKey } from "../../mod/keys/parse.ts";
import type { PrivateKey } from "../../mod/keys/private_key.ts";
import type { KeyBackend } from "../../mod/keys/signer.ts";

/** Where keys are in a test. */
export interface Setup extends ParseParts {
  readonly memory: Arena;
}

/** libcrypto, which every machine that runs these tests has. */
export function libcrypto(): Libcrypto {
  const opened = openLibcrypto({ requireLocked: true });
  ok(opened !== undefined, "there is no libcrypto");
  return opened;
}

/** The back ends, by name; OpenSSL 1.1 where the loader finds one. */
export const BACKENDS: Readonly<Record<string, () => KeyBackend | undefined>> = {
  libcrypto: () => new LibcryptoBackend(libcrypto()),
  "libcrypto 1.1": () => {
    const opened = openLibcrypto({ requireLocked: true, names: ["libcrypto.so.1.1"] });
    return opened && new LibcryptoBackend(opened);
  },
  degraded: () => new DegradedBackend(),
};

/** Runs `body`, and demands that it gives all locked memory back. */
export async function withKeys(
  body: (setup: Setup) => void | Promise<void>,
  backend: KeyBackend = new LibcryptoBackend(libcrypto()),
): Promise<void> {
  using libc = openLibc();
  using memory = openArena(libc, { requireLocked: true });
  using _ = backend;
  await body({ memory, backend });
  equal(memory.status().used, 0, "bytes of the arena were not given back");
}

/** A secret with these bytes. */
export function secretOf(memory: Arena, content: string | Uint8Array): Secret {
  const bytes = typeof content === "string" ? new TextEncoder().encode(content) : content;
  using writer = memory.writer(Math.max(1, bytes.length));
  writer.appendPublic(bytes);
  return writer.finish();
}

/** Parses a text. */
export function parseText(setup: Setup, content: string | Uint8Array): ParsedKey {
  using text = secretOf(setup.memory, content);
  return parsePrivateKey(text, setup);
}

/** The key's public half as `type base64`. */
export function publicLineOf(key: PrivateKey): string {
  const blob = key.blob;
  const length = new DataView(blob.buffer, blob.byteOffset).getUint32(0);
  return `${new TextDecoder().decode(blob.subarray(4, 4 + length))} ${btoa(String.fromCharCode(...blob))}`;
}

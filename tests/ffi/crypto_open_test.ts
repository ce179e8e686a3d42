import { deepStrictEqual as deepEqual, match, ok, strictEqual as equal } from "node:assert/strict";
import { createHash } from "node:crypto";
import { DIGEST_LENGTH, type HashName } from "../../ffi/crypto/digest.ts";
import { CryptoError } from "../../ffi/crypto/errors.ts";
import { type Libcrypto, openLibcrypto } from "../../ffi/crypto/open.ts";
import { SECURE_HEAP_BYTES } from "../../ffi/crypto/secure_heap.ts";
import { openBackend } from "../../mod/keys/open_backend.ts";
import { baseEnv, run } from "../support/process.ts";
import { makeTempDir } from "../support/temp.ts";

const HASHES = Object.keys(DIGEST_LENGTH) as HashName[];
const CODE = new URL("../../ffi/crypto/open.ts", import.meta.url).pathname;

function open(): Libcrypto {
  const libcrypto = openLibcrypto({ requireLocked: true });
  ok(libcrypto !== undefined);
  return libcrypto;
}

Deno.test("openLibcrypto() says which library it found, and its locked heap", () => {
  using libcrypto = open();
  match(libcrypto.version, /^OpenSSL (3|1\.1)\./);
  equal(libcrypto.secureHeap().size, SECURE_HEAP_BYTES);
  using again = open(); // the heap is one for the whole process
  equal(again.secureHeap().size, SECURE_HEAP_BYTES);
  again[Symbol.dispose]();
});

Deno.test("openLibcrypto() gives undefined where there is no library", () => {
  equal(openLibcrypto({ requireLocked: true, names: ["libcrypto-of-no-kind.so.9"] }), undefined);
  equal(openLibcrypto({ requireLocked: true, names: ["libc.so.6"] }), undefined);
});

Deno.test("openBackend() is degraded only without libcrypto and only where that is allowed", async () => {
  const names = ["libcrypto-of-no-kind.so.9"];
  const refused = await openBackend({ requireLocked: true, names }).catch((error: unknown) => error);
  ok(refused instanceof CryptoError);
  equal(refused.code, "unavailable");
  match(refused.message, /require_locked = false/);
  using degraded = await openBackend({ requireLocked: false, names });
  equal(degraded.status().kind, "degraded");
  using ordinary = await openBackend({ requireLocked: false });
  equal(ordinary.status().kind, "libcrypto");
});

for (const hash of HASHES) {
  Deno.test(`digest() computes ${hash} as Node does`, () => {
    using libcrypto = open();
    for (const length of [0, 1, 64, 1000, 300_000]) {
      const data = new Uint8Array(length).fill(length % 251);
      deepEqual(libcrypto.digest(hash, data), new Uint8Array(createHash(hash).update(data).digest()));
    }
    const shared = new Uint8Array(new SharedArrayBuffer(3));
    deepEqual(libcrypto.digest(hash, shared), libcrypto.digest(hash, new Uint8Array(3)));
  });
}

/** Runs a program on the module under a limit on locked memory that binds root, too. */
async function underMemlock(bytes: number, code: string, env: Record<string, string> = {}): Promise<string> {
  await using dir = makeTempDir("memlock");
  const program = dir.write("program.ts", `import { openLibcrypto } from ${JSON.stringify(CODE)};\n${code}`);
  const limited = ["prlimit", `--memlock=${bytes}`, Deno.execPath(), "run", "-A", "--no-lock", "--no-check", program];
  // Root is not bound by RLIMIT_MEMLOCK unless it lacks CAP_IPC_LOCK (mlock(2)).
  const argv = Deno.uid() === 0 ? ["setpriv", "--bounding-set=-ipc_lock", "--inh-caps=-ipc_lock", ...limited] : limited;
  const { stdout, stderr } = await run(argv, { env: { ...baseEnv(dir.path), ...env, DENO_DIR: dir.dir("deno") } });
  return new TextDecoder().decode(stdout) || stderr;
}

Deno.test("openLibcrypto() refuses a heap that is not locked, unless that is allowed", async () => {
  const code = `
    for (const requireLocked of [true, true, false]) {
      try {
        console.log(openLibcrypto({ requireLocked })?.secureHeap().size);
      } catch (error) {
        console.log(error.code, error.message.includes("LimitMEMLOCK="));
      }
    }`;
  const refused = "secure-heap-unlocked true";
  equal(await underMemlock(64 * 1024, code), `${refused}\n${refused}\n0\n`);
  const sizes = `${SECURE_HEAP_BYTES}\n`.repeat(3);
  equal(await underMemlock(1024 * 1024, code), sizes);
});

Deno.test("openLibcrypto() ignores a configuration that OPENSSL_CONF names", async () => {
  await using dir = makeTempDir("conf");
  // A configuration without the default provider leaves libcrypto without a single algorithm.
  const conf = dir.write(
    "openssl.cnf",
    "openssl_conf = a\n[a]\nproviders = b\n[b]\nnull = c\n[c]\nactivate = 1\n",
  );
  const code = `console.log(openLibcrypto({ requireLocked: true })?.digest("sha256", new Uint8Array()).length);`;
  equal(await underMemlock(1024 * 1024, code, { OPENSSL_CONF: conf }), "32\n");
});

/**
 * A process that holds keys as the daemon does, without its sockets and with a clock of its own: reads key files into
 * locked memory, signs with each, and on SIGUSR1 behaves as if a minute without signatures had passed.
 *
 * Not for: importing. `deno run -A key_holder.ts KEY_FILE…`
 *
 * @module
 */

import { openArena } from "../../ffi/arena.ts";
import { openLibc } from "../../ffi/libc.ts";
import { readSecretFile } from "../../ffi/secret_input.ts";
import { openBackend } from "../../mod/keys/open_backend.ts";
import { parsePrivateKey } from "../../mod/keys/parse.ts";
import { signatureAlgorithm } from "../../mod/ssh/signature.ts";

const MAX_FILE = 16 * 1024;
const RSA_SHA2_512 = 4;
const SIGNATURES = 100;
const MINUTE = 60_000;

if (import.meta.main) await hold(Deno.args);

async function hold(files: readonly string[]): Promise<void> {
  using libc = openLibc();
  using memory = openArena(libc, { requireLocked: true });
  using backend = await openBackend({ requireLocked: true });
  using keys = new DisposableStack();
  for (const file of files) {
    using text = readSecretFile(libc, memory, file, MAX_FILE);
    const { key } = parsePrivateKey(text, { memory, backend });
    keys.use(key);
    const algorithm = signatureAlgorithm(key.publicKey, RSA_SHA2_512);
    for (let number = 0; number < SIGNATURES; number++) {
      await backend.sign(key, algorithm, new TextEncoder().encode(`message ${number}`));
    }
  }
  const idle = Promise.withResolvers<void>();
  Deno.addSignalListener("SIGUSR1", idle.resolve);
  say("signed");
  await idle.promise;
  backend.dropIdle(0); // the minute of what was used begins
  backend.dropIdle(MINUTE);
  say(`idle, ${backend.status().secureHeap?.used} bytes of libcrypto's heap used`);
  const ended = Promise.withResolvers<void>();
  Deno.addSignalListener("SIGTERM", ended.resolve);
  await ended.promise;
  say("ended");
}

function say(text: string): void {
  Deno.stdout.writeSync(new TextEncoder().encode(`${text}\n`));
}

import { deepStrictEqual as deepEqual, notStrictEqual as notEqual, strictEqual as equal } from "node:assert/strict";
import { KnownHostsFiles, MAX_KNOWN_HOSTS_SIZE } from "../../mod/peer/known_hosts_files.ts";
import { makeHostKey, publicKeyLine } from "../support/host_keys.ts";
import { baseEnv, runOk } from "../support/process.ts";
import { makeTempDir } from "../support/temp.ts";

const KEY = makeHostKey("ssh-ed25519");
const LINE = publicKeyLine(KEY);

Deno.test("KnownHostsFiles reads its files once, and again when one changes", async () => {
  await using dir = makeTempDir("known");
  const [user, system] = [dir.write("user", `one.example ${LINE}\n`), dir.join("system")];
  const files = new KnownHostsFiles([user, system]);
  const names = (): readonly string[] => files.current().namesOf(KEY.blob, 0);
  deepEqual(names(), ["one.example"]);
  equal(files.current(), files.current());
  const before = files.current();
  Deno.writeTextFileSync(user, `two.example ${LINE}\n`, { append: true });
  deepEqual(names(), ["one.example", "two.example"]);
  notEqual(files.current(), before);
  dir.write("system", `system.example ${LINE}\n`);
  deepEqual(names(), ["one.example", "two.example", "system.example"]);
  await runOk(["ssh-keygen", "-R", "one.example", "-f", user], { env: baseEnv(dir.path) });
  deepEqual(names(), ["two.example", "system.example"]);
  Deno.removeSync(user);
  deepEqual(names(), ["system.example"]);
  // As long as before, and in place: only the time tells.
  const { size } = Deno.statSync(system);
  Deno.writeTextFileSync(system, `sysTEM.example ${LINE.replace("AAAA", "AAAB")}\n`);
  Deno.utimeSync(system, 1, 1);
  equal(Deno.statSync(system).size, size);
  deepEqual(names(), []);
});

Deno.test("KnownHostsFiles takes nothing from what is no plain file, or too large", async () => {
  await using dir = makeTempDir("known");
  const fifo = dir.join("fifo");
  await runOk(["mkfifo", fifo], { env: baseEnv(dir.path) });
  const large = dir.write("large", `one.example ${LINE}\n`);
  Deno.truncateSync(large, MAX_KNOWN_HOSTS_SIZE + 1);
  const files = new KnownHostsFiles([fifo, large, dir.path, dir.join("none")]);
  deepEqual(files.current().namesOf(KEY.blob, 0), []);
  Deno.truncateSync(large, 1000);
  deepEqual(files.current().namesOf(KEY.blob, 0), ["one.example"]);
});

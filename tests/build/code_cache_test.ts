/**
 * V8 bytecode is never read from a file that somebody else could have put there: neither from the predictable place in
 * /tmp that `deno compile` uses without `--no-code-cache`, nor from Deno's own cache. Both controls show that the trace
 * would have caught it.
 *
 * @module
 */

import { deepStrictEqual as deepEqual, ok, strictEqual as equal } from "node:assert/strict";
import { baseEnv, run, runOk } from "../support/process.ts";
import { makeTempDir } from "../support/temp.ts";
import { chooseCompiler } from "../../tools/build/compile.ts";
import { rootTest } from "./needs.ts";
import { kinds, NOBODY, stub, warmHome } from "./support.ts";

const CODE_CACHE = /\/deno-compile-[^/]*\.cache$|\/v8_code_cache/;

/** Every path that a program and its children name to the kernel. */
async function pathsNamedBy(
  argv: readonly string[],
  env: Readonly<Record<string, string>>,
): Promise<readonly string[]> {
  using trace = makeTempDir("trace");
  const file = trace.join("trace");
  await runOk(["strace", "-f", "-s", "4096", "-e", "trace=%file", "-o", file, ...argv], { env });
  return Array.from((await Deno.readTextFile(file)).matchAll(/"(\/[^"]*)"/g), ([, path = ""]) => path);
}

for (const kind of kinds()) {
  rootTest(`${kind}: opens no code cache, though another user has planted one`, async () => {
    using shared = makeTempDir("shared");
    await Deno.chmod(shared.path, 0o1777); // as /tmp
    const program = await stub(kind);
    const name = program.slice(program.lastIndexOf("/") + 1);
    for (const planted of [`deno-compile-${name}.cache`, `deno-compile-bwssh.cache`, "v8_code_cache_v2"]) {
      const path = shared.write(planted, "planted\n", 0o666);
      await Deno.chown(path, NOBODY, NOBODY);
    }
    const env = { ...baseEnv(await warmHome()), TMPDIR: shared.path };
    for (const _ of [1, 2, 3]) {
      const paths = await pathsNamedBy([program, "empty"], env);
      ok(paths.includes(program));
      deepEqual(paths.filter((path) => CODE_CACHE.test(path) || path.startsWith(shared.path)), []);
    }
  });
}

if (kinds().includes("compiled")) {
  rootTest("control: compiled without --no-code-cache it would be opened", async () => {
    using shared = makeTempDir("shared");
    shared.write("control.mjs", "Deno.exit(0);\n");
    const { deno } = chooseCompiler((name) => Deno.env.get(name));
    const env = { ...baseEnv(shared.path), DENORT_BIN: Deno.env.get("DENORT_BIN") ?? "" };
    const flags = ["compile", "--quiet", "-A", "--no-config", "--no-lock", "--output", "control", "control.mjs"];
    await runOk([deno, ...flags], { env, cwd: shared.path });
    const paths = await pathsNamedBy([shared.join("control")], { ...baseEnv(shared.path), TMPDIR: shared.path });
    ok(paths.includes(shared.join("deno-compile-control.cache")));
    ok(paths.some((path) => CODE_CACHE.test(path)));
  });
}

Deno.test("control: run without --no-code-cache it would be opened", async () => {
  using home = makeTempDir("control");
  const script = home.write("control.mjs", "Deno.exit(0);\n");
  const env = { ...baseEnv(home.path), DENO_DIR: home.join("deno") };
  equal((await run([Deno.execPath(), "run", script], { env })).code, 0);
  ok((await pathsNamedBy([Deno.execPath(), "run", script], env)).some((path) => CODE_CACHE.test(path)));
});

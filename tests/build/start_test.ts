import { deepStrictEqual as deepEqual, match, ok, strictEqual as equal } from "node:assert/strict";
import { BackgroundProcess } from "../support/background.ts";
import { run, runOk } from "../support/process.ts";
import { makeTempDir } from "../support/temp.ts";
import { rootTest } from "./needs.ts";
import { asNobody, decodeReport, kinds, NOBODY, report, ROOT, stub, unpackEnv, warmHome } from "./support.ts";

const ARGUMENTS = [
  ["", " ", "a b", "x\ny", "\t", "'\"$(id)`id`\\", "*", "é\u{1f511}"],
  ["--help"],
  ["--version"],
  ["-A", "--v8-flags=--help", "--inspect", "--", "--"],
  ["report", "", ""],
  [],
] as const;

/** Each would change what runs, or print something else, if Deno or a library below it saw it. */
const HOSTILE = {
  DENO_V8_FLAGS: "--help",
  DENO_DIR: "/nonexistent",
  DENO_LOG: "debug",
  COMPLETE: "bash",
  NPM_CONFIG_REGISTRY: "::::",
  npm_config_registry: "::::",
  NODE_DEBUG: "*",
  OTEL_DENO: "true",
  RUST_LOG: "trace",
  OPENSSL_CONF: "/nonexistent",
  LD_LIBRARY_PATH: "/nonexistent",
  DENO_NEWLINES: "a\nexport NODE_FALSE='1'\n",
} as const;

for (const kind of kinds()) {
  Deno.test(`${kind}: says its version and kind`, async () => {
    const { version, kind: said } = await report([await stub(kind)], unpackEnv(await warmHome()));
    equal(version, JSON.parse(await Deno.readTextFile(`${ROOT}/deno.json`)).version);
    equal(said, kind);
  });

  for (const args of ARGUMENTS) {
    Deno.test(`${kind}: passes ${JSON.stringify(args)} on`, async () => {
      deepEqual((await report([await stub(kind), ...args], unpackEnv(await warmHome()))).args, args);
    });
  }

  Deno.test(`${kind}: runs a lazily imported module when it is asked for, and not before`, async () => {
    const { text } = await runOk([await stub(kind), "lazy"], { env: unpackEnv(await warmHome()) });
    equal(text, "false evaluated true\n");
  });

  Deno.test(`${kind}: keeps variables of the runtime from it, and for its user's commands`, async () => {
    using evil = makeTempDir("evil");
    const required = evil.write("evil.cjs", 'console.log("EVIL");\n');
    const hostile = { ...HOSTILE, NODE_OPTIONS: `--require ${required}` };
    const base = unpackEnv(await warmHome());
    const env = { ...base, ...hostile, MINE: "a\nb", BWSSH_ENV_FORGED: "1", BWSSH_SELF: "/forged" };
    const said = await report([await stub(kind)], env);
    deepEqual(said.held, hostile);
    const { PWD: _, ...seen } = said.env; // dash sets it
    deepEqual(seen, { ...base, MINE: "a\nb" });
    equal(said.program, await stub(kind));
  });

  Deno.test(`${kind}: reads no configuration of the directory it is started in, or of HOME`, async () => {
    using work = makeTempDir("hostile");
    work.dir("node_modules", "x");
    work.write("deno.json", '{ "imports": ]');
    work.write("package.json", "not JSON");
    work.write("deno.lock", "not JSON");
    work.write(".npmrc", "registry=::::\n");
    work.write(".env", "EVIL=1\n");
    const env = { ...unpackEnv(work.path), XDG_CACHE_HOME: `${await warmHome()}/.cache` };
    const result = await run([await stub(kind), "a"], { env, cwd: work.path });
    equal(result.stderr, "");
    const said = decodeReport(result);
    equal(said.cwd, work.path);
    equal(said.env["HOME"], work.path);
    equal(said.env["EVIL"], undefined);
  });

  Deno.test(`${kind}: keeps its pid, its umask, an inherited descriptor, and gets signals itself`, async () => {
    const shell = 'umask 027; exec 3</etc/hostname; LISTEN_PID=$$ LISTEN_FDS=1 exec "$0" "$@"';
    const argv = ["/bin/sh", "-c", shell, await stub(kind), "wait"];
    await using started = new BackgroundProcess(argv, { env: unpackEnv(await warmHome()) });
    await started.waitFor(/\}\n/);
    const said = JSON.parse(started.stdout);
    equal(said.pid, started.pid);
    equal(said.env.LISTEN_PID, String(started.pid));
    equal(said.umask, 0o027);
    equal(said.inherited, "/etc/hostname");
    match(said.comm, /^(bwssh|stub-compiled)$/);
    started.kill("SIGTERM");
    equal((await started.ended()).code, 43);
  });

  Deno.test(`${kind}: knows the name of the link it was called by`, async () => {
    using links = makeTempDir("links");
    await Deno.symlink(await stub(kind), links.join("bwssh-agentd"));
    const env = unpackEnv(await warmHome());
    equal((await report([links.join("bwssh-agentd")], env)).name, "bwssh-agentd");
    const { name, program } = await report(["./bwssh-agentd"], env, links.path);
    equal(name, "bwssh-agentd");
    equal(await Deno.realPath(program), await stub(kind));
    // As a shell calls it from PATH: argv[0] is the bare name.
    const found = await run(["/bin/sh", "-c", "bwssh-agentd"], {
      env: { ...env, PATH: `${links.path}:/usr/bin:/bin` },
    });
    equal(decodeReport(found).name, "bwssh-agentd");
  });

  rootTest(`${kind}: runs from a file and a directory nobody may write to, as a user without a home`, async () => {
    using work = makeTempDir("readonly");
    const file = work.join("bwssh");
    await Deno.copyFile(await stub(kind), file);
    await Deno.chmod(file, 0o555);
    await Deno.chmod(work.path, 0o555);
    using scratch = makeTempDir("scratch");
    await Deno.chown(scratch.path, NOBODY, NOBODY);
    const env = { PATH: "/usr/bin:/bin", HOME: "/nonexistent", TMPDIR: scratch.path };
    const said = await report(asNobody([file, "a"]), env, "/");
    deepEqual(said.args, ["a"]);
    deepEqual(said.env["HOME"], "/nonexistent");
    ok(kind === "compiled" || said.execPath.startsWith(`${scratch.path}/bwssh-${NOBODY}/bin/`));
  });
}

import {
  deepStrictEqual as deepEqual,
  doesNotMatch,
  match,
  notStrictEqual as notEqual,
  ok,
  strictEqual as equal,
} from "node:assert/strict";
import { run, runOk } from "../support/process.ts";
import { makeTempDir, type TempDir } from "../support/temp.ts";
import { rootTest } from "./needs.ts";
import {
  asNobody,
  decodeReport,
  type Header,
  kinds,
  NOBODY,
  readHeader,
  report,
  stub,
  unpacked,
  unpackEnv,
  warmHome,
} from "./support.ts";

/** What a planted program says; nothing of ours does. */
const EVIL = "#!/bin/sh\necho EVIL\n";

/**
 * A home with everything unpacked.
 *
 * @param copied Whether its files are its own; else they are links to those that other tests use too.
 */
async function unpackedHome(copied = false): Promise<TempDir> {
  const home = makeTempDir("unpack");
  const how = copied ? "--reflink=auto" : "--link";
  await runOk(["cp", "-a", how, `${await warmHome()}/.cache`, home.path], { env: unpackEnv(home.path) });
  // Deno's databases are no files to be shared by links.
  const { main } = unpacked(home.join(".cache", "bwssh"), await readHeader(await stub("self-extracting")));
  await Deno.remove(main.replace(/[^/]*$/, "deno"), { recursive: true });
  return home;
}

function mode(path: string): number {
  return (Deno.lstatSync(path).mode ?? 0) & 0o7777;
}

/** Names below bin/ that are neither a hash nor one of the unpacked files. */
function leftovers(root: string): readonly string[] {
  const found: string[] = [];
  for (const { name: directory } of Deno.readDirSync(`${root}/bin`)) {
    if (!/^[0-9a-f]{64}$/.test(directory)) found.push(directory);
    else for (const { name } of Deno.readDirSync(`${root}/bin/${directory}`)) found.push(name);
  }
  return found.filter((name) => !/^(?:bwssh|bwssh\.js|chunk-\d+\.js|deno)$/.test(name));
}

const TAMPERED = [
  { name: "a truncated Deno", spoil: ({ deno }) => Deno.truncateSync(deno, 1000) },
  { name: "an empty program", spoil: ({ main }) => Deno.truncateSync(main, 0) },
  {
    name: "a longer program",
    spoil: ({ main }) => Deno.writeTextFileSync(main, 'console.log("EVIL");\n', { append: true }),
  },
  { name: "another program in Deno's place", spoil: ({ deno }) => put(deno, EVIL, 0o500) },
  { name: "a Deno that others may write to", spoil: ({ deno }) => Deno.chmodSync(deno, 0o522) },
  { name: "a setuid Deno", spoil: ({ deno }) => Deno.chmodSync(deno, 0o4500) },
  { name: "a missing program", spoil: ({ main }) => Deno.removeSync(main) },
  { name: "a missing chunk", spoil: ({ main }) => Deno.removeSync(chunkBeside(main)) },
  { name: "another program's chunk", spoil: ({ main }) => put(chunkBeside(main), 'console.log("EVIL");\n', 0o400) },
  {
    name: "a link in Deno's place, to a file of its size and mode",
    spoil: ({ deno }, header) => link(deno, header.denoSize),
  },
  { name: "a dangling link in the program's place", spoil: ({ main }) => relink(main, "/nonexistent/evil") },
] as const satisfies readonly {
  readonly name: string;
  readonly spoil: (files: ReturnType<typeof unpacked>, header: Header) => void;
}[];

function chunkBeside(main: string): string {
  return main.replace(/bwssh\.js$/, "chunk-1.js");
}

function put(path: string, text: string, fileMode: number): void {
  Deno.removeSync(path);
  Deno.writeTextFileSync(path, text, { mode: fileMode });
}

function relink(path: string, target: string): void {
  Deno.removeSync(path);
  Deno.symlinkSync(target, path);
}

function link(path: string, size: number): void {
  const evil = `${path}-evil`;
  Deno.writeTextFileSync(evil, EVIL, { mode: 0o700 });
  Deno.truncateSync(evil, size);
  Deno.chmodSync(evil, 0o500);
  relink(path, evil);
}

const UNSAFE = [
  {
    name: "a cache directory others may write to",
    path: "",
    spoil: (path) => Deno.chmodSync(path, 0o777),
    says: /others may write/,
  },
  {
    name: "a group that may write",
    path: "/bwssh",
    spoil: (path) => Deno.chmodSync(path, 0o770),
    says: /others may write/,
  },
  {
    name: "a bin that others may write to",
    path: "/bwssh/bin",
    spoil: (path) => Deno.chmodSync(path, 0o702),
    says: /others may write/,
  },
  { name: "a link in bin's place", path: "/bwssh/bin", spoil: moveAndLink, says: /not a directory/ },
  { name: "a link in bwssh's place", path: "/bwssh", spoil: moveAndLink, says: /not a directory/ },
] as const satisfies readonly {
  readonly name: string;
  readonly path: string;
  readonly spoil: (path: string) => void;
  readonly says: RegExp;
}[];

function moveAndLink(path: string): void {
  Deno.renameSync(path, `${path}-moved`);
  Deno.symlinkSync(`${path}-moved`, path);
}

if (kinds().includes("self-extracting")) {
  Deno.test("first starts at once unpack the same two private files, and none gets in another's way", async () => {
    using home = makeTempDir("first");
    const env = unpackEnv(home.path);
    const program = await stub("self-extracting");
    const both = await Promise.all(["1", "2"].map((word) => report([program, word], env)));
    deepEqual(both.map(({ args }) => args), [["1"], ["2"]]);
    const root = home.join(".cache", "bwssh");
    const { deno, main } = unpacked(root, await readHeader(program));
    deepEqual([deno, main].map(mode), [0o500, 0o400]);
    for (const path of [home.join(".cache"), root, `${root}/bin`, deno, main]) {
      const directory = path.endsWith("/bwssh") || path.endsWith(".js") ? path.slice(0, path.lastIndexOf("/")) : path;
      equal(mode(directory), 0o700, directory);
    }
    deepEqual(leftovers(root), []);
    const { text } = await runOk(["sha256sum", deno], { env });
    equal(text.slice(0, 64), deno.split("/").at(-2));
  });

  Deno.test("later starts hash nothing and run one program besides Deno", async () => {
    using trace = makeTempDir("later");
    const program = await stub("self-extracting");
    const flags = ["-f", "-e", "trace=execve,unlink,rename,renameat2,chmod", "-o", trace.join("trace")];
    await runOk(["strace", ...flags, program, "empty"], { env: unpackEnv(await warmHome()) });
    const calls = (await Deno.readTextFile(trace.join("trace"))).match(/\w+\("[^"]*/g) ?? [];
    const own = calls.filter((call) => /^(execve|rename|renameat2|chmod)/.test(call));
    deepEqual(own.map((call) => call.replace(/\/[0-9a-f]{64}\//, "/HASH/").replace(/.*\//, "")), [
      program.replace(/.*\//, ""),
      "stat",
      "bwssh",
    ]);
  });

  for (const { name, spoil } of TAMPERED) {
    Deno.test(`${name} is replaced, never run`, async () => {
      using home = await unpackedHome(true);
      const program = await stub("self-extracting");
      const header = await readHeader(program);
      const files = unpacked(home.join(".cache", "bwssh"), header);
      spoil(files, header);
      const result = await run([program, "lazy"], { env: unpackEnv(home.path) });
      deepEqual([result.code, result.text, result.stderr], [0, "false evaluated true\n", ""]);
      deepEqual([files.deno, files.main].map(mode), [0o500, 0o400]);
      deepEqual([files.deno, files.main].map((path) => Deno.lstatSync(path).size), [header.denoSize, header.mainSize]);
      ok(Deno.lstatSync(files.deno).isFile);
    });
  }

  rootTest("a Deno of another user is replaced, never run", async () => {
    using home = await unpackedHome(true);
    const program = await stub("self-extracting");
    const { deno } = unpacked(home.join(".cache", "bwssh"), await readHeader(program));
    await Deno.chown(deno, NOBODY, NOBODY);
    await report([program], unpackEnv(home.path));
    equal(Deno.lstatSync(deno).uid, 0);
  });

  for (const { name, path, spoil, says } of UNSAFE) {
    Deno.test(`${name} ends the start`, async () => {
      using home = await unpackedHome();
      spoil(home.join(".cache") + path);
      const result = await run([await stub("self-extracting")], { env: unpackEnv(home.path) });
      deepEqual([result.code, result.text], [1, ""]);
      match(result.stderr, says);
      match(result.stderr, /^bwssh: Cannot use '.*\nhint: .*\n$/);
    });
  }

  rootTest("a directory of another user ends the start", async () => {
    for (const path of ["/bwssh", "/bwssh/bin", ""]) {
      using home = await unpackedHome();
      await Deno.chown(home.join(".cache") + path, NOBODY, NOBODY);
      const result = await run([await stub("self-extracting")], { env: unpackEnv(home.path) });
      deepEqual([result.code, result.text], [1, ""]);
      match(result.stderr, /it belongs to user 65534/);
    }
  });

  Deno.test("a sticky directory among the parents is no danger, a link among them is followed", async () => {
    using home = await unpackedHome();
    const shared = home.dir("shared");
    await Deno.chmod(shared, 0o1777);
    await Deno.rename(home.join(".cache"), `${shared}/mine`);
    await Deno.symlink("shared/mine", home.join(".cache"));
    const { execPath } = await report([await stub("self-extracting")], unpackEnv(home.path));
    ok(execPath.startsWith(`${shared}/mine/bwssh/bin/`));
  });

  Deno.test("what a killed start left behind is removed by the next that unpacks, and nothing else is", async () => {
    using home = await unpackedHome();
    const program = await stub("self-extracting");
    const root = home.join(".cache", "bwssh");
    const { main } = unpacked(root, await readHeader(program));
    await Deno.remove(main);
    const directory = main.slice(0, main.lastIndexOf("/"));
    // Above any pid_max (4194304, proc(5)), and one that runs.
    for (const pid of [99999999, Deno.pid]) await Deno.writeTextFile(`${directory}/.new.${pid}.x`, "");
    await report([program], unpackEnv(home.path));
    deepEqual(leftovers(root), [`.new.${Deno.pid}.x`]);
  });

  for (const where of ["deno", "main"] as const) {
    Deno.test(`a file damaged in its ${where} part is not unpacked`, async () => {
      using home = makeTempDir("damaged");
      const program = await stub("self-extracting");
      const header = await readHeader(program);
      const bytes = await Deno.readFile(program);
      // Within the compressed data, so that gzip or the hash must notice.
      const at = (where === "deno" ? header.denoAt : header.mainAt) + 600;
      bytes[at] = (bytes[at] ?? 0) ^ 1;
      const damaged = home.write("damaged", bytes, 0o700);
      const result = await run([damaged], { env: unpackEnv(home.path) });
      deepEqual([result.code, result.text], [1, ""]);
      match(result.stderr, /bwssh: Cannot unpack/);
      deepEqual(leftovers(home.join(".cache", "bwssh")), []);
    });
  }

  Deno.test("programs of PATH are not asked, and PATH comes through", async () => {
    using evil = makeTempDir("evil");
    for (const name of ["stat", "id", "mktemp", "tail", "head", "gzip", "sha256sum", "chmod", "sync", "mv", "mkdir"]) {
      evil.write(name, EVIL, 0o700);
    }
    using home = await unpackedHome();
    const program = await stub("self-extracting");
    const { main } = unpacked(home.join(".cache", "bwssh"), await readHeader(program));
    await Deno.remove(main);
    const result = await run([program], { env: { ...unpackEnv(home.path), PATH: evil.path } });
    doesNotMatch(result.text + result.stderr, /EVIL/);
    equal(decodeReport(result).env["PATH"], evil.path);
  });

  Deno.test("XDG_CACHE_HOME is where it goes, and a relative one is ignored", async () => {
    using home = await unpackedHome();
    const program = await stub("self-extracting");
    const env = unpackEnv(home.path);
    const ignored = await report([program], { ...env, XDG_CACHE_HOME: "elsewhere" }, home.path);
    ok(ignored.execPath.startsWith(home.join(".cache", "bwssh", "bin/")));
    await Deno.rename(home.join(".cache"), home.join("a b"));
    const followed = await report([program], { ...env, XDG_CACHE_HOME: home.join("a b") });
    ok(followed.execPath.startsWith(home.join("a b", "bwssh", "bin/")));
  });

  rootTest("without a home to write to it goes below TMPDIR; a directory waiting there is refused", async () => {
    using scratch = makeTempDir("scratch");
    await Deno.chmod(scratch.path, 0o1777);
    const squatted = scratch.dir(`bwssh-${NOBODY}`);
    await Deno.chmod(squatted, 0o777);
    const program = await stub("self-extracting");
    const env = { PATH: "/usr/bin:/bin", TMPDIR: scratch.path };
    const refused = await run(asNobody([program]), { env, cwd: "/" });
    deepEqual([refused.code, refused.text], [1, ""]);
    match(refused.stderr, /belongs to user 0/);
    await Deno.remove(squatted, { recursive: true });
    const { execPath } = await report(asNobody([program]), env, "/");
    ok(execPath.startsWith(`${scratch.path}/bwssh-${NOBODY}/bin/`));
    const again = await report(asNobody([program]), { ...env, HOME: "/" }, "/");
    equal(again.execPath, execPath);
    notEqual(again.pid, 0);
  });
}

import { deepStrictEqual as deepEqual, ok, strictEqual as equal, throws } from "node:assert/strict";
import { bwArgv, bwEnvironment, sessionVariable } from "../../mod/source/bitwarden/bw_command.ts";
import { type ProgramLookup, resolveBwPath, systemLookup } from "../../mod/source/bitwarden/bw_path.ts";
import { SourceError } from "../../mod/source/source.ts";
import { HeapMemory, peekText } from "../support/heap_memory.ts";

function codeOf(work: () => unknown): string {
  let code = "";
  throws(work, (error: unknown) => {
    ok(error instanceof SourceError);
    ok(error.hint.length > 0);
    code = error.code;
    return true;
  });
  return code;
}

function lookup(directories: readonly string[], files: Record<string, "executable" | "not-executable">): ProgramLookup {
  return { directories, probe: (path) => files[path] ?? "missing" };
}

const FOUND = [
  {
    name: "the first executable of PATH",
    words: ["bw"],
    lookup: lookup(["/a", "/b", "/c"], { "/a/bw": "not-executable", "/b/bw": "executable", "/c/bw": "executable" }),
    path: ["/b/bw"],
  },
  {
    name: "an absolute path as it is, with its arguments",
    words: ["/opt/deno", "run", "-A", "bw.js"],
    lookup: lookup([], { "/opt/deno": "executable" }),
    path: ["/opt/deno", "run", "-A", "bw.js"],
  },
  {
    name: "nothing in relative directories",
    words: ["bw"],
    lookup: lookup([".", "", "bin", "/b"], { "./bw": "executable", "bin/bw": "executable", "/b/bw": "executable" }),
    path: ["/b/bw"],
  },
] as const;

for (const { name, words, lookup, path } of FOUND) {
  Deno.test(`resolveBwPath() finds ${name}`, () => deepEqual(resolveBwPath(words, lookup), path));
}

const ABSENT = [
  { name: "no such program", words: ["bw"], files: {}, code: "bw-absent" },
  { name: "no words", words: [], files: {}, code: "bw-absent" },
  {
    name: "a relative path",
    words: ["./bw"],
    files: { "./bw": "executable", "/a/./bw": "executable" },
    code: "bw-absent",
  },
  { name: "an absolute path that is not there", words: ["/x/bw"], files: {}, code: "bw-absent" },
  {
    name: "a file that may not be run",
    words: ["bw"],
    files: { "/a/bw": "not-executable" },
    code: "bw-not-executable",
  },
] as const;

for (const { name, words, files, code } of ABSENT) {
  Deno.test(`resolveBwPath() refuses ${name}`, () => {
    equal(codeOf(() => resolveBwPath(words, lookup(["/a"], files))), code);
  });
}

Deno.test("systemLookup() tells programs, other files and directories apart", () => {
  const directory = Deno.makeTempDirSync();
  try {
    Deno.writeTextFileSync(`${directory}/run`, "", { mode: 0o755 });
    Deno.writeTextFileSync(`${directory}/read`, "", { mode: 0o644 });
    Deno.symlinkSync(`${directory}/run`, `${directory}/link`);
    Deno.symlinkSync(`${directory}/gone`, `${directory}/dangling`);
    const { directories, probe } = systemLookup(`/x::${directory}`);
    deepEqual(directories, ["/x", "", directory]);
    const states = ["run", "link", "read", "dangling", "none", "."].map((name) => probe(`${directory}/${name}`));
    deepEqual(states, ["executable", "executable", "not-executable", "missing", "missing", "missing"]);
    deepEqual(systemLookup(undefined).directories, [""]);
  } finally {
    Deno.removeSync(directory, { recursive: true });
  }
});

Deno.test("bwEnvironment() keeps what bw needs and drops what would change or betray it", () => {
  const inherited: Readonly<Record<string, string>> = {
    PATH: "/usr/bin",
    HOME: "/home/u",
    LANG: "C.UTF-8",
    LC_ALL: "C",
    XDG_CONFIG_HOME: "/home/u/.config",
    BITWARDENCLI_APPDATA_DIR: "/home/u/bw",
    NODE_EXTRA_CA_CERTS: "/ca.pem",
    https_proxy: "http://127.0.0.1:1",
    NO_PROXY: "localhost",
    BW_SESSION: "x",
    BW_PASSWORD: "x",
    BW_CLIENTSECRET: "x",
    BW_RESPONSE: "true",
    BW_CLEANEXIT: "0",
    BW_NOINTERACTION: "false",
    BITWARDENCLI_DEBUG: "true",
    FORCE_COLOR: "1",
    NODE_OPTIONS: "--require=/tmp/x.js",
    DENO_DIR: "/x",
    DENO_V8_FLAGS: "x",
    LD_PRELOAD: "/tmp/x.so",
    SSH_AUTH_SOCK: "/x",
    INFISICAL_TOKEN: "x",
  };
  const asked = new Set<string>();
  const lookUp = (name: string): string | undefined => {
    asked.add(name);
    return inherited[name];
  };
  deepEqual(bwEnvironment(lookUp, undefined), {
    PATH: "/usr/bin",
    HOME: "/home/u",
    LANG: "C.UTF-8",
    LC_ALL: "C",
    XDG_CONFIG_HOME: "/home/u/.config",
    BITWARDENCLI_APPDATA_DIR: "/home/u/bw",
    NODE_EXTRA_CA_CERTS: "/ca.pem",
    https_proxy: "http://127.0.0.1:1",
    NO_PROXY: "localhost",
    BW_NOINTERACTION: "true",
  });
  equal(bwEnvironment(lookUp, "/other")["BITWARDENCLI_APPDATA_DIR"], "/other");
  deepEqual(
    [...asked].filter((name) => name.startsWith("BW_") || name.includes("TOKEN")),
    [],
    "a secret became a string",
  );
});

Deno.test("bwArgv() never lets bw ask", () => {
  deepEqual(bwArgv(["/bw"], ["list", "items"]), ["/bw", "list", "items", "--nointeraction"]);
});

const SESSION = `${"aB3+/9".repeat(15).slice(0, 86)}==`;

for (const text of [SESSION, `${SESSION}\n`, ` \t${SESSION}\r\n\n`]) {
  Deno.test(`sessionVariable() takes ${JSON.stringify(text.replace(SESSION, "…"))}`, () => {
    const memory = new HeapMemory();
    using session = memory.of(text);
    using variable = sessionVariable(memory, session);
    equal(peekText(variable), `BW_SESSION=${SESSION}`);
    deepEqual(memory.published, []);
  });
}

const NO_SESSIONS = {
  "nothing": "",
  "blanks": " \n",
  "a short one": SESSION.slice(4),
  "a long one": `AAAA${SESSION}`,
  "two lines": `${SESSION}\n${SESSION}`,
  "a blank within": `${SESSION.slice(0, 40)} ${SESSION.slice(41)}`,
  "another alphabet": SESSION.replaceAll("+", "-"),
  "a NUL within": `${SESSION.slice(0, 40)}\0${SESSION.slice(41)}`,
  "the paragraph of bw unlock without --raw": `Your vault is now unlocked!\n\n$ export BW_SESSION="${SESSION}"`,
};

for (const [name, text] of Object.entries(NO_SESSIONS)) {
  Deno.test(`sessionVariable() refuses ${name}, and does not repeat it`, () => {
    const memory = new HeapMemory();
    using session = memory.of(text);
    equal(codeOf(() => sessionVariable(memory, session)), "session-malformed");
    deepEqual(memory.published, []);
    throws(() => sessionVariable(memory, session), (error: Error) => !error.message.includes("aB3"));
  });
}

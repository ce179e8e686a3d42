import { deepStrictEqual as deepEqual, match, strictEqual as equal, throws } from "node:assert/strict";
import { ConfigError } from "../../mod/config/error.ts";
import { listDropIns, readTrustedFile } from "../../mod/config/trusted_file.ts";
import { makeTempDir, type TempDir } from "../support/temp.ts";

const UID = Deno.uid() ?? -1;
const OURS = { uid: UID };

/** What reading fails with, the temporary directory's name taken out. */
function refusal(work: () => unknown, temp: TempDir): string {
  try {
    work();
  } catch (error) {
    if (!(error instanceof ConfigError)) throw error;
    return `${error.code} ${error.message.replaceAll(temp.path, "T")}`;
  }
  throw new Error("It was read, and should not have been");
}

/** Gives a file to somebody else: really where we may, else by calling ourselves somebody else. */
function disown(path: string): { uid: number } {
  if (UID !== 0) return { uid: UID + 1 };
  Deno.chownSync(path, 12345, 12345);
  return OURS;
}

Deno.test("readTrustedFile() reads a file of ours, and finds that there is none", () => {
  using temp = makeTempDir();
  equal(readTrustedFile(temp.write("a", "x = 1\n", 0o644), OURS), "x = 1\n");
  equal(readTrustedFile(temp.write("b", "\ufeffx", 0o600), OURS), "x");
  equal(readTrustedFile(temp.join("missing"), OURS), undefined);
  equal(readTrustedFile(temp.join("no", "dir"), OURS), undefined);
});

for (const mode of [0o620, 0o602, 0o666, 0o777]) {
  Deno.test(`readTrustedFile() refuses mode ${mode.toString(8)} and names the chmod`, () => {
    using temp = makeTempDir();
    const file = temp.write("it's.toml", "", mode);
    equal(
      refusal(() => readTrustedFile(file, OURS), temp),
      "unsafe T/it's.toml: can be written by others: a file decides who may sign (look at what is in the file, then: " +
        "chmod go-w 'T/it'\\''s.toml')",
    );
  });
}

for (const mode of [0o720, 0o702, 0o1777]) {
  Deno.test(`readTrustedFile() refuses a directory of mode ${mode.toString(8)}`, () => {
    using temp = makeTempDir();
    const directory = temp.dir("d");
    const file = temp.write("d/a", "");
    Deno.chmodSync(directory, mode);
    equal(
      refusal(() => readTrustedFile(file, OURS), temp),
      "unsafe T/d: can be written by others: a directory of configuration files decides who may sign (look at what is in " +
        "the directory, then: chmod go-w T/d)",
    );
  });
}

Deno.test("readTrustedFile() refuses a file of another user, and trusts root's", () => {
  using temp = makeTempDir();
  const file = temp.write("a", "");
  if (UID === 0) equal(readTrustedFile(file, { uid: 1000 }), "");
  match(
    refusal(() => readTrustedFile(file, disown(file)), temp),
    /^unsafe T.*: belongs to uid \d+: .* must belong to you \(uid \d+\) or root \(.*sudo chown \d+ T/,
  );
});

Deno.test("readTrustedFile() refuses a directory of another user", () => {
  using temp = makeTempDir();
  temp.dir("d");
  const file = temp.write("d/a", "");
  match(refusal(() => readTrustedFile(file, disown(temp.join("d"))), temp), /^unsafe T\/d: belongs to uid/);
});

Deno.test("readTrustedFile() follows a link only to where nobody else can write", () => {
  using temp = makeTempDir();
  temp.dir("link");
  temp.dir("real");
  const file = temp.write("real/a", "text");
  Deno.symlinkSync(file, temp.join("link", "a"));
  const read = () => readTrustedFile(temp.join("link", "a"), OURS);
  equal(read(), "text");
  Deno.chmodSync(temp.join("real"), 0o777);
  match(refusal(read, temp), /^unsafe T\/real: can be written by others/);
  Deno.chmodSync(temp.join("real"), 0o1777); // as /nix/store: others can add files, but not replace this one
  equal(read(), "text");
  Deno.chmodSync(file, 0o666);
  match(refusal(read, temp), /^unsafe T\/link\/a: can be written by others/);
  Deno.removeSync(file);
  equal(refusal(read, temp), "unreadable T/link/a: is a link to a file that does not exist");
});

Deno.test("readTrustedFile() trusts no sticky directory of another user, who may replace what is in it", () => {
  using temp = makeTempDir();
  temp.dir("link");
  temp.dir("real");
  Deno.symlinkSync(temp.write("real/a", ""), temp.join("link", "a"));
  Deno.chmodSync(temp.join("real"), 0o1755);
  const reader = disown(temp.join("real"));
  match(refusal(() => readTrustedFile(temp.join("link", "a"), reader), temp), /^unsafe T\/\w+: belongs to uid/);
});

Deno.test("readTrustedFile() refuses what is not a regular file, without waiting for a FIFO", () => {
  using temp = makeTempDir();
  equal(refusal(() => readTrustedFile(temp.dir("d"), OURS), temp), "unreadable T/d: is not a regular file");
  const fifo = temp.join("fifo");
  new Deno.Command("mkfifo", { args: ["-m", "600", fifo] }).outputSync();
  equal(refusal(() => readTrustedFile(fifo, OURS), temp), "unreadable T/fifo: is not a regular file");
  throws(() => readTrustedFile("/dev/null", OURS), /is not a regular file/);
});

Deno.test("readTrustedFile() has a limit of 1 MiB", () => {
  using temp = makeTempDir();
  const file = temp.write("a", "x".repeat(1024 * 1024));
  equal((readTrustedFile(file, OURS))?.length, 1024 * 1024);
  Deno.writeTextFileSync(file, "x", { append: true });
  equal(refusal(() => readTrustedFile(file, OURS), temp), "unreadable T/a: is larger than 1048576 bytes");
});

Deno.test("readTrustedFile() refuses bytes that are not UTF-8", () => {
  using temp = makeTempDir();
  const file = temp.write("a", new Uint8Array([0x78, 0xff]));
  equal(refusal(() => readTrustedFile(file, OURS), temp), "unreadable T/a: is not UTF-8 text");
});

Deno.test("readTrustedFile() says when it cannot read", () => {
  using temp = makeTempDir();
  const below = `${temp.write("file", "")}/config.toml`;
  equal(
    refusal(() => readTrustedFile(below, OURS), temp),
    "unreadable T/file/config.toml: cannot be read: the system refused",
  );
  Deno.symlinkSync("loop", temp.join("loop"));
  equal(
    refusal(() => readTrustedFile(temp.join("loop"), OURS), temp),
    "unreadable T/loop: cannot be read: the system refused",
  );
  if (UID === 0) return; // nothing is forbidden to root
  const file = temp.write("a", "", 0o000);
  equal(refusal(() => readTrustedFile(file, OURS), temp), "unreadable T/a: cannot be read: permission denied");
});

Deno.test("listDropIns() takes visible .toml files by name", () => {
  using temp = makeTempDir();
  temp.dir("c");
  for (const name of ["20.toml", "10-b.toml", "10-B.toml", ".hidden.toml", "x.toml~", "README", "10.toml.bak"]) {
    temp.write(`c/${name}`, "");
  }
  const names = (listDropIns(temp.join("c"), OURS)).map((path) => path.replace(`${temp.path}/c/`, ""));
  deepEqual(names, ["10-B.toml", "10-b.toml", "20.toml"]);
  deepEqual(listDropIns(temp.join("missing"), OURS), []);
});

Deno.test("listDropIns() refuses what it cannot trust", () => {
  using temp = makeTempDir();
  temp.dir("o", "c");
  Deno.chmodSync(temp.join("o"), 0o770);
  match(refusal(() => listDropIns(temp.join("o", "c"), OURS), temp), /^unsafe T\/o: can be written by others/);
  equal(refusal(() => listDropIns(temp.write("f", ""), OURS), temp), "unreadable T/f: is not a directory");
  temp.dir("many");
  for (let index = 0; index < 257; index++) temp.write(`many/${index}.toml`, "");
  equal(refusal(() => listDropIns(temp.join("many"), OURS), temp), "unreadable T/many: has more than 256 files");
});

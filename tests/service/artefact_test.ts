/** Files and links of an installation: whose they are, and what is done to them. @module */

import { deepStrictEqual as deepEqual, rejects, strictEqual as equal } from "node:assert/strict";
import { type Artefact, install, sealedFile, standingOf, uninstall } from "../../mod/service/artefact.ts";
import { makeTempDir, type TempDir } from "../support/temp.ts";

const BODY = "[Unit]\nDescription=a\n";

async function unit(dir: TempDir, body = BODY): Promise<Artefact & { readonly kind: "file" }> {
  const artefact = await sealedFile(dir.join("systemd", "user", "a.service"), body);
  if (artefact.kind !== "file") throw new TypeError("Expected a file");
  return artefact;
}

/** Every path below a directory with what is there. */
function tree(path: string): readonly string[] {
  return [...Deno.readDirSync(path)].flatMap(({ name, isDirectory, isSymlink }) => {
    const at = `${path}/${name}`;
    if (isDirectory) return [`${at}/`, ...tree(at)];
    return [isSymlink ? `${at} -> ${Deno.readLinkSync(at)}` : `${at}: ${Deno.readTextFileSync(at)}`];
  }).sort();
}

Deno.test("install() writes files whole, readable, and nothing beside them", async () => {
  await using dir = makeTempDir("artefact");
  const artefact = await unit(dir);
  deepEqual(await install([artefact]), [{ path: artefact.path, did: "written" }]);
  equal(Deno.readTextFileSync(artefact.path), artefact.text);
  equal((Deno.statSync(artefact.path).mode ?? 0) & 0o777, 0o644);
  equal([...Deno.readDirSync(dir.join("systemd", "user"))].length, 1);
  deepEqual(await install([artefact]), [{ path: artefact.path, did: "unchanged" }]);
});

Deno.test("install() replaces what an older version wrote", async () => {
  await using dir = makeTempDir("artefact");
  await install([await unit(dir, "[Unit]\nDescription=older\n")]);
  const artefact = await unit(dir);
  equal(await standingOf(artefact), "ours");
  deepEqual(await install([artefact]), [{ path: artefact.path, did: "written" }]);
  equal(Deno.readTextFileSync(artefact.path), artefact.text);
});

const NOT_OURS = [
  { name: "another's file", make: (path: string) => Deno.writeTextFileSync(path, BODY), standing: "foreign" },
  { name: "an empty file", make: (path: string) => Deno.writeTextFileSync(path, ""), standing: "foreign" },
  {
    name: "a link, as systemctl mask makes",
    make: (path: string) => Deno.symlinkSync("/dev/null", path),
    standing: "foreign",
  },
  { name: "a directory", make: (path: string) => Deno.mkdirSync(path), standing: "foreign" },
  {
    name: "our file with a line added",
    make: (path: string, text: string) => Deno.writeTextFileSync(path, `${text}LimitCORE=infinity\n`),
    standing: "changed",
  },
  {
    name: "our file with its first line changed",
    make: (path: string, text: string) => Deno.writeTextFileSync(path, text.replace(/[0-9a-f]{8}\n/, "00000000\n")),
    standing: "changed",
  },
  {
    name: "our first line and no more",
    make: (path: string, text: string) => Deno.writeTextFileSync(path, text.slice(0, text.indexOf("\n"))),
    standing: "changed",
  },
] as const;

for (const { name, make, standing } of NOT_OURS) {
  Deno.test(`install() and uninstall() leave ${name} alone, and install() everything else too`, async () => {
    await using dir = makeTempDir("artefact");
    const other = await sealedFile(dir.join("systemd", "user", "a.socket"), BODY);
    const artefact = await unit(dir);
    dir.dir("systemd", "user");
    make(artefact.path, artefact.text);
    const before = tree(dir.path);
    equal(await standingOf(artefact), standing);
    await rejects(install([other, artefact]), { name: "ServiceError", code: "foreign-file" });
    equal(await uninstall(artefact), standing);
    deepEqual(tree(dir.path), before);
  });
}

Deno.test("uninstall() removes what is ours, of any version, and says when there is nothing", async () => {
  await using dir = makeTempDir("artefact");
  await install([await unit(dir, "[Unit]\nDescription=older\n")]);
  const artefact = await unit(dir);
  equal(await uninstall(artefact), "ours");
  equal(await uninstall(artefact), "absent");
  deepEqual(tree(dir.join("systemd", "user")), []);
});

Deno.test("A link is ours where it leads to our program, however it is written", async () => {
  await using dir = makeTempDir("artefact");
  const program = dir.write("bwssh", "");
  dir.write("other", "");
  const link: Artefact = { kind: "link", path: dir.join("bwssh-agentd"), target: "bwssh" };
  equal(await standingOf(link), "absent");
  deepEqual(await install([link]), [{ path: link.path, did: "written" }]);
  equal(Deno.readLinkSync(link.path), "bwssh");
  deepEqual(await install([link]), [{ path: link.path, did: "unchanged" }]);
  equal(await uninstall(link), "same");
  for (const [target, standing] of [[program, "same"], ["other", "foreign"], ["nowhere", "foreign"]] as const) {
    Deno.symlinkSync(target, link.path);
    equal(await standingOf(link), standing, target);
    Deno.removeSync(link.path);
  }
  dir.write("bwssh-agentd", "a program of somebody's");
  equal(await standingOf(link), "foreign");
  await rejects(install([link]), { code: "foreign-file" });
});

Deno.test("install() goes on without a link that cannot be made", async () => {
  await using dir = makeTempDir("artefact");
  const artefact = await unit(dir);
  const link: Artefact = { kind: "link", path: dir.join("no", "such", "directory"), target: "bwssh" };
  const [written, skipped] = await install([artefact, link]);
  equal(written?.did, "written");
  equal(skipped?.did, "skipped");
  equal(typeof skipped?.reason, "string");
});

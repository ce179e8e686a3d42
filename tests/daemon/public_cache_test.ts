import { deepStrictEqual as deepEqual, strictEqual as equal, throws } from "node:assert/strict";
import { type CachedIdentity, readPublicCache, writePublicCache } from "../../mod/daemon/public_cache.ts";
import { encodePublicKey } from "../../mod/ssh/public_key.ts";
import { makeTempDir } from "../support/temp.ts";

const IDENTITY: CachedIdentity = {
  id: "item#key",
  itemName: 'a "name" with\nlines',
  comment: "me",
  source: "bitwarden",
  reprompt: true,
  blob: encodePublicKey({ type: "ed25519", point: new Uint8Array(32).fill(7) }),
};

Deno.test("what is written is read back, in a file of ours alone", () => {
  using dir = makeTempDir();
  const path = dir.join("cache");
  deepEqual(readPublicCache(path), []);
  writePublicCache(path, [IDENTITY, { ...IDENTITY, id: "other#notes", reprompt: false }]);
  const read = readPublicCache(path);
  deepEqual(read.map(({ id, itemName, reprompt }) => ({ id, itemName, reprompt })), [
    { id: "item#key", itemName: IDENTITY.itemName, reprompt: true },
    { id: "other#notes", itemName: IDENTITY.itemName, reprompt: false },
  ]);
  deepEqual([...read[0]?.blob ?? []], [...IDENTITY.blob]);
  equal((Deno.lstatSync(`${path}/identities.json`).mode ?? 0) & 0o077, 0);
  deepEqual([...Deno.readDirSync(path)].map(({ name }) => name), ["identities.json"]);
});

const BROKEN = [
  ["nothing", ""],
  ["no JSON", "{"],
  ["another version", JSON.stringify({ version: 2, identities: [] })],
  ["no list", JSON.stringify({ version: 1, identities: {} })],
  ["a row without a blob", JSON.stringify({ version: 1, identities: [{ ...IDENTITY, blob: undefined }] })],
  ["a blob that is no key", JSON.stringify({ version: 1, identities: [{ ...IDENTITY, blob: "0000" }] })],
] as const;

for (const [name, text] of BROKEN) {
  Deno.test(`a cache file with ${name} is an empty cache, and can be replaced`, () => {
    using dir = makeTempDir();
    dir.write("identities.json", text);
    deepEqual(readPublicCache(dir.path), []);
    writePublicCache(dir.path, [IDENTITY]);
    equal(readPublicCache(dir.path).length, 1);
  });
}

Deno.test("a link in the place of the cache file is not followed, neither to read nor to write", () => {
  using dir = makeTempDir();
  const cache = dir.dir("cache");
  const elsewhere = dir.join("elsewhere");
  writePublicCache(elsewhere, [IDENTITY]);
  Deno.symlinkSync(`${elsewhere}/identities.json`, `${cache}/identities.json`);
  deepEqual(readPublicCache(cache), []);
  writePublicCache(cache, []);
  equal(readPublicCache(elsewhere).length, 1);
});

Deno.test("writePublicCache() leaves nothing half-written where it cannot write", () => {
  using dir = makeTempDir();
  dir.write("file", "");
  throws(() => writePublicCache(dir.join("file"), [IDENTITY]));
  deepEqual([...Deno.readDirSync(dir.path)].map(({ name }) => name), ["file"]);
});

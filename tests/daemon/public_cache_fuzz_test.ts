/**
 * Whatever stands in the cache's file, reading it gives public keys or nothing.
 *
 * @module
 */

import { deepStrictEqual as deepEqual, ok, strictEqual as equal } from "node:assert/strict";
import fc from "fast-check";
import { readPublicCache, writePublicCache } from "../../mod/daemon/public_cache.ts";
import { encodePublicKey, parsePublicKey } from "../../mod/ssh/public_key.ts";
import { joined } from "../support/raw_client.ts";
import { makeTempDir } from "../support/temp.ts";

const BLOB = encodePublicKey({ type: "ed25519", point: new Uint8Array(32).fill(7) });
const HEX = [...BLOB].map((byte) => byte.toString(16).padStart(2, "0")).join("");
const TEXT = fc.oneof(fc.string({ unit: "binary" }), fc.constantFrom("", HEX, HEX.slice(2), "00", "zz"));
const ANY = fc.oneof(TEXT, fc.boolean(), fc.double(), fc.constant(null), fc.array(TEXT, { maxLength: 2 }));
const ROW = fc.record({ id: ANY, itemName: ANY, comment: ANY, source: ANY, reprompt: ANY, blob: ANY }, {
  requiredKeys: [],
});
const RIGHT = fc.record({
  id: TEXT,
  itemName: TEXT,
  comment: TEXT,
  source: TEXT,
  reprompt: fc.boolean(),
  blob: fc.constant(HEX),
});
const ONE_WRONG = fc.tuple(RIGHT, fc.constantFrom("id", "itemName", "comment", "source", "reprompt", "blob"), ANY)
  .map(([row, field, value]) => ({ ...row, [field]: value }));
const FILE = fc.record({
  version: fc.oneof({ weight: 9, arbitrary: fc.constant(1) }, ANY),
  identities: fc.oneof(
    fc.array(RIGHT, { maxLength: 4 }),
    fc.array(fc.oneof(RIGHT, ONE_WRONG, ROW), { maxLength: 2 }),
    ANY,
  ),
}, { requiredKeys: [] });

Deno.test("a cache file of any JSON gives identities with real public keys, or none", () => {
  using dir = makeTempDir();
  let some = 0;
  fc.assert(
    fc.property(FILE, (file) => {
      dir.write("identities.json", JSON.stringify(file));
      const read = readPublicCache(dir.path);
      for (const { id, itemName, comment, source, reprompt, blob } of read) {
        equal([id, itemName, comment, source].every((text) => typeof text === "string"), true);
        equal(typeof reprompt, "boolean");
        parsePublicKey(blob);
      }
      some += read.length;
      writePublicCache(dir.path, read);
      deepEqual(readPublicCache(dir.path).map(({ id }) => id), read.map(({ id }) => id.toWellFormed()));
    }),
    { numRuns: 300 },
  );
  ok(some > 0, "no file of these was a right one");
});

Deno.test("a cache file of any bytes, or a huge one, gives none and no error", () => {
  using dir = makeTempDir();
  writePublicCache(dir.path, [{ id: "a", itemName: "b", comment: "c", source: "d", reprompt: false, blob: BLOB }]);
  const right = Deno.readFileSync(dir.join("identities.json"));
  equal(readPublicCache(dir.path).length, 1);
  fc.assert(
    fc.property(fc.uint8Array({ minLength: 1, maxLength: 20 }), fc.nat(right.length - 1), (bytes, at) => {
      const damaged = right.slice();
      damaged.set(bytes.subarray(0, damaged.length - at), at);
      dir.write("identities.json", damaged);
      ok(readPublicCache(dir.path).length <= 1);
    }),
    { numRuns: 300 },
  );
  dir.write("identities.json", "[".repeat(200_000));
  equal(readPublicCache(dir.path).length, 0);
  const spaces = new Uint8Array(16 * 1024 * 1024).fill(0x20);
  dir.write("identities.json", joined(right, spaces));
  equal(readPublicCache(dir.path).length, 0);
});

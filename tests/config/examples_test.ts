import { deepStrictEqual as deepEqual, strictEqual as equal } from "node:assert/strict";
import { load } from "./harness.ts";

const EXAMPLES = new URL("../../examples/", import.meta.url);

const files = [...Deno.readDirSync(EXAMPLES)].map(({ name }) => name).filter((name) => name.endsWith(".toml"));

for (const name of files) {
  Deno.test(`examples/${name} loads without a warning`, async () => {
    const text = await Deno.readTextFile(new URL(name, EXAMPLES));
    deepEqual((await load(text, { env: { HOME: "/home/user" } })).warnings, []);
  });
}

Deno.test("the examples say what they are for", async () => {
  const read = (name: string) => Deno.readTextFile(new URL(name, EXAMPLES)).then((text) => load(text));
  const headless = (await read("headless-git.toml")).config;
  equal(headless.auth.approver, "none");
  equal(headless.rules.every((rule) => rule.action === "allow" && rule.keys !== undefined), true);
  // Its settings are the defaults, so that none of them can go stale.
  const laptop = (await read("laptop.toml")).config;
  deepEqual({ ...laptop, rules: [] }, (await load("")).config);
});

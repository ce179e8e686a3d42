import { deepStrictEqual as deepEqual, doesNotMatch, match, rejects, strictEqual as equal } from "node:assert/strict";
import { POLKIT_ACTIONS } from "../../mod/approval/polkit.ts";
import { POLICY_FILE } from "../../mod/approval/polkit_failure.ts";
import { install, standingOf, uninstall } from "../../mod/service/artefact.ts";
import { ServiceError } from "../../mod/service/error.ts";
import { planPolicy, policyArtefact, requirePolkit } from "../../mod/service/polkit_file.ts";
import { isUser, ownersIn, policyText } from "../../mod/service/polkit_policy.ts";
import { ServiceUser } from "../support/service_user.ts";
import { makeTempDir } from "../support/temp.ts";

Deno.test("policyText() has the actions that the approver asks for, and keeps no answer", () => {
  const text = policyText(["alice", "1001"]);
  deepEqual([...text.matchAll(/<action id="([^"]*)">/g)].map(([, id]) => id), Object.values(POLKIT_ACTIONS));
  equal(text.match(/<allow_(?:any|active|inactive)>auth_self</g)?.length, 3 * 3);
  doesNotMatch(text, /_keep|unix-group|\$\(/);
  match(text, /policykit\.owner">unix-user:alice unix-user:1001</);
  deepEqual(ownersIn(text), ["alice", "1001"]);
});

Deno.test("policyText() escapes whatever it is given", () => {
  match(policyText(['a"<b>&']), />unix-user:a&quot;&lt;b&gt;&amp;</);
});

for (const name of ["alice", "_apt", "a.b-c_D", "machine$", "1000"]) {
  Deno.test(`isUser() accepts ${name}`, () => equal(isUser(name), true));
}
for (const name of ["", "a b", "-a", "a:b", "a<b", "a\n", "x".repeat(40), "12345678901", "ä"]) {
  Deno.test(`isUser() refuses ${JSON.stringify(name)}`, () => equal(isUser(name), false));
}

Deno.test("The policy's file is where the approver says it is missing", () => {
  equal(policyArtefact("").path, POLICY_FILE);
});

Deno.test("planPolicy() adds an owner to a file of ours, and starts anew where it was changed", async () => {
  using dir = makeTempDir("policy");
  const first = await planPolicy("alice", dir.path);
  await install([first.artefact]);
  equal(Deno.statSync(first.artefact.path).mode, 0o100644);
  match(
    Deno.readTextFileSync(first.artefact.path),
    /^<\?xml version="1\.0" encoding="UTF-8"\?><!-- .* -->\n<!DOCTYPE /,
  );
  const second = await planPolicy("bob", dir.path);
  deepEqual(second.owners, ["alice", "bob"]);
  deepEqual((await install([second.artefact])).map(({ did }) => did), ["written"]);
  const again = await planPolicy("bob", dir.path);
  deepEqual((await install([again.artefact])).map(({ did }) => did), ["unchanged"]);

  await Deno.writeTextFile(again.artefact.path, again.artefact.text.replace("auth_self<", "yes<"));
  const changed = await planPolicy("carol", dir.path);
  deepEqual(changed.owners, ["carol"]);
  await rejects(install([changed.artefact]), /it was changed after bwssh wrote it/);
  equal(await uninstall(policyArtefact("", dir.path)), "changed");
  await Deno.writeTextFile(again.artefact.path, again.artefact.text);
  equal(await uninstall(policyArtefact("", dir.path)), "ours");
  equal(await standingOf(policyArtefact("", dir.path)), "absent");
});

for (const user of ["root", "0", "a b", "x</annotate>"]) {
  Deno.test(`planPolicy() refuses ${JSON.stringify(user)} as the owner`, async () => {
    using dir = makeTempDir("policy");
    await rejects(planPolicy(user, dir.path), (error) => error instanceof ServiceError && error.code === "invalid");
  });
}

Deno.test("requirePolkit() says what to install", async () => {
  using dir = makeTempDir("policy");
  await requirePolkit(dir.path);
  await rejects(requirePolkit(dir.join("none")), /there is no/);
});

Deno.test("bwssh install --polkit --print prints the file and writes nothing", async () => {
  using user = new ServiceUser({ env: { SUDO_UID: "1001" } });
  const { code, stdout, stderr } = await user.bwssh("install", "--polkit", "--user", "alice", "--print");
  equal(code, 0, stderr);
  deepEqual(ownersIn(stdout), ["alice"]);
  deepEqual(user.files(), []);
});

const USAGE = [
  { args: ["install", "--user-systemd", "--polkit"], says: /one thing at a time/ },
  { args: ["uninstall", "--user-systemd", "--polkit"], says: /one thing at a time/ },
  { args: ["install", "--user-systemd", "--user", "alice"], says: /--user goes with --polkit/ },
  { args: ["install", "--polkit", "--print", "--user", "root"], says: /Cannot make root the owner/ },
];
for (const { args, says } of USAGE) {
  Deno.test(`bwssh ${args.join(" ")} is refused`, async () => {
    using user = new ServiceUser();
    const { code, stderr } = await user.bwssh(...args);
    equal(code, 2, stderr);
    match(stderr, says);
  });
}

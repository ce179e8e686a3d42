/**
 * What systemctl says, read. The program itself is a stub here, to make it fail; the real one is asked in
 * tests/real/user_manager_test.ts.
 *
 * @module
 */

import { deepStrictEqual as deepEqual, rejects, strictEqual as equal } from "node:assert/strict";
import { managementOf } from "../../mod/service/managed.ts";
import { parseUnits, UserManager } from "../../mod/service/user_manager.ts";
import { makeTempDir, type TempDir } from "../support/temp.ts";

const SERVICE = "LoadState=loaded\nActiveState=inactive\nFragmentPath=/h/.config/systemd/user/bwssh-agent.service\n";
const SOCKET = "Listen=/run/u/bwssh/agent.sock (Stream)\nListen=/run/u/a = (b)/control.sock (Stream)\n" +
  "LoadState=loaded\nActiveState=active\nFragmentPath=/h/.config/systemd/user/bwssh-agent.socket\n";

Deno.test("parseUnits() reads both units, in whatever order systemctl puts the properties", () => {
  deepEqual(parseUnits(`${SERVICE}\n${SOCKET}`), {
    service: "inactive",
    socket: "active",
    listens: ["/run/u/bwssh/agent.sock", "/run/u/a = (b)/control.sock"],
    file: "/h/.config/systemd/user/bwssh-agent.service",
  });
});

Deno.test("parseUnits() reads paths as systemctl escapes them", () => {
  const escaped = `Listen=/a \\"b\\' $c \\\\303\\303\\244\\351\\215\\265/agent.sock (Stream)\nLoadState=loaded\n`;
  deepEqual(parseUnits(`${SERVICE}\n${escaped}`)?.listens, [`/a "b' $c \\303ä鍵/agent.sock`]);
});

const NO_UNITS = [
  { name: "the service is not there", text: `${SERVICE.replace("loaded", "not-found")}\n${SOCKET}` },
  { name: "the socket is not there", text: `${SERVICE}\n${SOCKET.replace("loaded", "not-found")}` },
  { name: "a unit is masked", text: `${SERVICE.replace("loaded", "masked")}\n${SOCKET}` },
  { name: "one unit is left out", text: SERVICE },
  { name: "nothing is said", text: "" },
] as const;

for (const { name, text } of NO_UNITS) {
  Deno.test(`parseUnits() has nothing when ${name}`, () => equal(parseUnits(text), undefined));
}

function stubbed(dir: TempDir, script: string): UserManager {
  dir.write("systemctl", `#!/bin/sh\n${script}\n`, 0o755);
  const env: Readonly<Record<string, string>> = { PATH: `${dir.path}:/usr/bin:/bin`, SYSTEMD_LOG_LEVEL: "debug" };
  return new UserManager((name) => env[name]);
}

const ANSWERS = [
  { says: "running", code: 0, answers: true },
  { says: "degraded", code: 1, answers: true },
  { says: "starting", code: 1, answers: true },
  { says: "stopping", code: 1, answers: false },
  { says: "offline", code: 1, answers: false },
  { says: "", code: 1, answers: false },
] as const;

for (const { says, code, answers } of ANSWERS) {
  Deno.test(`UserManager.answers() is ${answers} when systemctl says "${says}"`, async () => {
    await using dir = makeTempDir("systemctl");
    equal(await stubbed(dir, `echo ${says}; exit ${code}`).answers(), answers);
  });
}

Deno.test("UserManager asks the user's manager, without a pager, a prompt or switches from our environment", async () => {
  await using dir = makeTempDir("systemctl");
  const log = dir.join("log");
  const shells = "PWD|OLDPWD|SHLVL|_"; // what sh sets by itself
  const script = `{ echo "$*"; env | grep -vE '^(${shells})='; } >'${log}'`;
  await stubbed(dir, script).ask("start", "bwssh-agent.service");
  const [asked, ...env] = Deno.readTextFileSync(log).trim().split("\n");
  equal(asked, "--user --no-pager --no-ask-password start bwssh-agent.service");
  deepEqual(env.sort(), ["LANG=C.UTF-8", `PATH=${dir.path}:/usr/bin:/bin`]);
});

Deno.test("UserManager.ask() says what systemctl said", async () => {
  await using dir = makeTempDir("systemctl");
  const manager = stubbed(dir, "echo 'Job failed.' >&2; echo more >&2; exit 5");
  await rejects(manager.ask("start", "bwssh-agent.service"), {
    code: "manager",
    message: "Cannot start bwssh-agent.service: Job failed.",
  });
  await rejects(stubbed(dir, "exit 5").ask("start"), { message: "Cannot start: systemctl ended with 5" });
});

Deno.test("UserManager is no manager where there is no systemctl", async () => {
  await using dir = makeTempDir("systemctl");
  const manager = new UserManager((name) => name === "PATH" ? dir.path : undefined);
  equal(await manager.answers(), false);
  equal(await manager.units(), undefined);
  await manager.askQuietly("daemon-reload");
  await rejects(manager.ask("daemon-reload"), { message: "Cannot daemon-reload: systemctl is not installed" });
});

Deno.test("managementOf() takes only units that serve our control socket for ours", async () => {
  await using dir = makeTempDir("systemctl");
  const manager = stubbed(dir, `cat <<'END'\n${SERVICE}\n${SOCKET}END`);
  equal((await managementOf(manager, "/run/u/a = (b)/control.sock")).kind, "units");
  deepEqual(await managementOf(manager, "/elsewhere/control.sock"), {
    kind: "elsewhere",
    listens: ["/run/u/bwssh/agent.sock", "/run/u/a = (b)/control.sock"],
  });
  equal((await managementOf(stubbed(dir, "exit 1"), "/run/u/bwssh/control.sock")).kind, "none");
});

/**
 * `install` and `uninstall` in process, with directories of their own and a stub for systemctl (fault injection).
 *
 * @module
 */

import { deepStrictEqual as deepEqual, match, strictEqual as equal } from "node:assert/strict";
import { ServiceUser } from "../support/service_user.ts";

const WRITTEN = [
  "/bin/bwssh-agentd",
  "/home/.config/systemd/user/bwssh-agent.service",
  "/home/.config/systemd/user/bwssh-agent.socket",
];
const INSTALL = ["install", "--user-systemd"] as const;
const UNINSTALL = ["uninstall", "--user-systemd"] as const;

Deno.test("install and uninstall say what they could do when not told", async () => {
  using user = new ServiceUser();
  for (const command of ["install", "uninstall"]) {
    const { code, stderr } = await user.bwssh(command);
    equal(code, 2);
    match(stderr, /^bwssh: hint: bwssh (un)?install --user-systemd/m);
  }
  deepEqual(user.files(), []);
});

Deno.test("install --print shows every file, writes none and asks nobody", async () => {
  using user = new ServiceUser();
  user.haveUnits("inactive", "inactive");
  const { code, stdout } = await user.bwssh(...INSTALL, "--environment", "--print");
  equal(code, 0);
  for (const name of ["bwssh-agent.service", "bwssh-agent.socket"]) {
    equal(stdout.split("\n").includes(`# ${user.units}/${name}`), true, name);
  }
  match(stdout, /^# .*\/environment\.d\/60-bwssh\.conf$/m);
  match(stdout, /^# .*\/bwssh-agentd -> bwssh$/m);
  match(stdout, /^ListenStream=%t\/bwssh\/agent\.sock$/m);
  match(stdout, /^SSH_AUTH_SOCK="\$\{XDG_RUNTIME_DIR\}\/bwssh\/agent\.sock"$/m);
  deepEqual(user.files(), []);
  deepEqual(user.asked(), []);
});

Deno.test("install --print shows what install writes", async () => {
  using user = new ServiceUser();
  const { stdout } = await user.bwssh(...INSTALL, "--print");
  await user.bwssh(...INSTALL);
  for (const name of ["bwssh-agent.service", "bwssh-agent.socket"]) {
    const path = `${user.units}/${name}`;
    equal(stdout.includes(`# ${path}\n${Deno.readTextFileSync(path)}`), true, name);
  }
});

Deno.test("install without a manager writes the files and says what to type; once more changes nothing", async () => {
  using user = new ServiceUser();
  const first = await user.bwssh(...INSTALL);
  equal(first.code, 0);
  match(first.stderr, /^bwssh: hint: systemctl --user daemon-reload && .* enable --now bwssh-agent\.socket$/m);
  deepEqual(user.files(), WRITTEN);
  const second = await user.bwssh(...INSTALL);
  equal(second.code, 0);
  equal(second.stderr.match(/^bwssh: unchanged /gm)?.length, WRITTEN.length);
  equal(second.stderr.includes("written"), false);
  deepEqual(user.asked(), []);
});

Deno.test("install carries over what decides which daemon it is", async () => {
  const env = {
    BWSSH_AGENT_SOCKET: "/srv/a.sock",
    BITWARDENCLI_APPDATA_DIR: "/srv/bw",
    NODE_OPTIONS: "--x",
    EDITOR: "e",
  };
  using user = new ServiceUser({ env });
  const { stdout } = await user.bwssh(...INSTALL, "--print");
  const carried = stdout.split("\n").filter((line) => line.startsWith("Environment="));
  deepEqual(carried, [
    'Environment="BWSSH_AGENT_SOCKET=/srv/a.sock"',
    'Environment="BITWARDENCLI_APPDATA_DIR=/srv/bw"',
    `Environment="PATH=${user.bin}:/usr/bin:/bin"`,
  ]);
  match(stdout, /^ListenStream=\/srv\/a\.sock$/m);
});

Deno.test("install puts units where systemd looks, wherever bwssh's configuration is", async () => {
  using user = new ServiceUser();
  using moved = new ServiceUser({
    env: { BWSSH_CONFIG: `${user.home}/elsewhere/bwssh.toml`, BWSSH_AGENT_SOCKET: "/a/b" },
  });
  Deno.mkdirSync(`${user.home}/elsewhere`);
  Deno.writeTextFileSync(`${user.home}/elsewhere/bwssh.toml`, "", { mode: 0o600 });
  const { code, stderr } = await moved.bwssh(...INSTALL);
  equal(code, 0, stderr);
  deepEqual(moved.files(), WRITTEN);
});

Deno.test("install switches the sockets on where a manager answers", async () => {
  using user = new ServiceUser();
  user.haveUnits("inactive", "inactive");
  equal((await user.bwssh(...INSTALL)).code, 0);
  deepEqual(user.asked(), [
    "daemon-reload",
    "reset-failed bwssh-agent.socket",
    "enable bwssh-agent.socket",
    "restart bwssh-agent.socket",
  ]);
});

Deno.test("install leaves a daemon alone that runs as a unit", async () => {
  using user = new ServiceUser();
  user.haveUnits("active", "active");
  match((await user.bwssh(...INSTALL)).stderr, /counts after: bwssh stop && bwssh start$/m);
  deepEqual(user.asked(), ["daemon-reload", "enable bwssh-agent.socket"]);
});

Deno.test("install leaves a daemon alone that systemd did not start: systemd would unlink its sockets", async () => {
  using user = new ServiceUser();
  user.haveUnits("inactive", "inactive");
  Deno.mkdirSync(user.control.replace("/control.sock", ""));
  using _daemon = Deno.listen({ transport: "unix", path: user.control });
  match((await user.bwssh(...INSTALL)).stderr, /to hand over: bwssh stop && bwssh start$/m);
  deepEqual(user.asked(), ["daemon-reload", "enable bwssh-agent.socket"]);
});

Deno.test("install says when the manager reads other directories", async () => {
  using user = new ServiceUser();
  user.haveUnits("inactive", "inactive", { file: "/usr/lib/systemd/user" });
  const { code, stderr } = await user.bwssh(...INSTALL);
  equal(code, 1);
  match(stderr, /does not read ".*"; it has another one, "\/usr\/lib\/systemd\/user\/bwssh-agent\.service"/);
  deepEqual(user.asked(), ["daemon-reload"]);
});

Deno.test("install refuses to replace another's unit, and then writes nothing", async () => {
  using user = new ServiceUser();
  Deno.mkdirSync(user.units, { recursive: true });
  Deno.writeTextFileSync(`${user.units}/bwssh-agent.service`, "[Service]\nExecStart=/bin/true\n");
  const { code, stderr } = await user.bwssh(...INSTALL);
  equal(code, 1);
  match(stderr, /bwssh did not make what is there\nbwssh: hint: rm /);
  deepEqual(user.files(), [WRITTEN[1]]);
});

Deno.test("install refuses sources and paths that a unit cannot hold", async () => {
  using source = new ServiceUser({ fromSource: true });
  const said = await source.bwssh(...INSTALL);
  equal(said.code, 1);
  match(said.stderr, /hint: deno task build/);
  using odd = new ServiceUser({ env: { BWSSH_CONTROL_SOCKET: "/srv/a\nUser=root/control.sock" } });
  const refused = await odd.bwssh(...INSTALL);
  equal(refused.code, 2);
  match(refused.stderr, /^bwssh: Cannot write "\/srv\/a\\nUser=root\/control\.sock" into a unit file/);
  deepEqual([...source.files(), ...odd.files()], []);
});

Deno.test("uninstall removes what install wrote and the link of systemctl enable, and nothing else", async () => {
  using user = new ServiceUser();
  await user.bwssh(...INSTALL, "--environment");
  Deno.writeTextFileSync(`${user.units}/other.service`, "");
  Deno.mkdirSync(`${user.units}/sockets.target.wants`);
  Deno.symlinkSync("../bwssh-agent.socket", `${user.units}/sockets.target.wants/bwssh-agent.socket`);
  user.haveUnits("active", "active");
  const listed = (await user.bwssh(...UNINSTALL, "--print")).stdout.trim().split("\n");
  equal(listed.length, WRITTEN.length + 2);
  deepEqual(user.asked(), []);
  equal(user.files().length, listed.length + 1);
  equal((await user.bwssh(...UNINSTALL)).code, 0);
  deepEqual(user.files(), ["/home/.config/systemd/user/other.service"]);
  deepEqual(user.asked(), ["disable --now bwssh-agent.socket bwssh-agent.service", "daemon-reload"]);
  const again = await user.bwssh(...UNINSTALL);
  equal(again.code, 0);
  deepEqual(user.asked(), ["daemon-reload"]);
});

Deno.test("uninstall removes nothing where the manager does not let the daemon go", async () => {
  using user = new ServiceUser();
  await user.bwssh(...INSTALL);
  user.haveUnits("active", "active");
  user.tell("fails", "disable");
  const { code, stderr } = await user.bwssh(...UNINSTALL);
  equal(code, 1);
  match(stderr, /It did not work/);
  deepEqual(user.files(), WRITTEN);
});

Deno.test("uninstall leaves what was changed and fails; what is another's it only names", async () => {
  using user = new ServiceUser();
  await user.bwssh(...INSTALL, "--environment");
  const service = `${user.units}/bwssh-agent.service`;
  Deno.writeTextFileSync(service, "# mine\n", { append: true });
  const environment = `${user.home}/.config/environment.d/60-bwssh.conf`;
  Deno.writeTextFileSync(environment, "SSH_AUTH_SOCK=/elsewhere\n");
  const { code, stderr } = await user.bwssh(...UNINSTALL);
  equal(code, 1);
  match(stderr, /Cannot remove '.*bwssh-agent\.service': changed after bwssh wrote it/);
  match(stderr, /left ".*60-bwssh\.conf": bwssh did not make it/);
  deepEqual(user.files(), ["/home/.config/environment.d/60-bwssh.conf", WRITTEN[1]]);
});

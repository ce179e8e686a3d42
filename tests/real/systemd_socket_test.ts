/**
 * The built daemon on sockets it inherits, from systemd's own systemd-socket-activate(1).
 *
 * @module
 */

import { deepStrictEqual as deepEqual, match, ok, strictEqual as equal } from "node:assert/strict";
import { BackgroundProcess } from "../support/background.ts";
import { BwsshHome } from "../support/bwssh.ts";
import { NotifySocket } from "../support/notify_socket.ts";
import { run } from "../support/process.ts";

const CONFIG = `[auth]\napprover = "none"\n[bitwarden]\nbw_path = "/bin/false"\n`;

/** Listens at the paths and waits to start the daemon until somebody connects. */
async function activate(
  home: BwsshHome,
  paths: readonly string[],
  env: Readonly<Record<string, string>> = {},
): Promise<BackgroundProcess> {
  Deno.mkdirSync(`${home.path}/run/bwssh`, { mode: 0o700 });
  const passed = Object.entries({ ...home.env, ...env }).flatMap(([name, value]) => ["-E", `${name}=${value}`]);
  const listens = paths.flatMap((path) => ["-l", path]);
  const command = ["systemd-socket-activate", ...listens, ...passed, ...home.argv(["daemon", "--foreground"])];
  const process = new BackgroundProcess(command, { env: home.env, cwd: home.path });
  await process.waitFor(/Listening on .* as 4\./);
  return process;
}

function inodes(home: BwsshHome): readonly unknown[] {
  return [home.agentSocket, home.controlSocket].map((path) => {
    const { ino, isSocket } = Deno.lstatSync(path);
    return { ino, isSocket };
  });
}

for (const order of ["agent first", "control first"]) {
  Deno.test(`A daemon serves the sockets it inherits and leaves them where they are, ${order}`, async () => {
    using home = await BwsshHome.create({ config: CONFIG });
    using notifications = new NotifySocket(`${home.path}/notify`);
    const paths = [home.agentSocket, home.controlSocket];
    if (order === "control first") paths.reverse();
    await using daemon = await activate(home, paths, { NOTIFY_SOCKET: `${home.path}/notify` });
    const before = inodes(home);
    equal(notifications.receive(), undefined, "nobody has connected yet");

    const listed = await run(["ssh-add", "-l"], { env: home.clientEnv });
    equal(listed.code, 1, `no identities, and an agent that says so: ${listed.stderr}${daemon.stderr}`);
    match(listed.text, /no identities/);
    match(await notifications.next(), /^READY=1$/m);
    deepEqual(inodes(home), before);
    const status = await home.bwsshJson(["status"]);
    ok(typeof status === "object" && status !== null && "pid" in status);
    equal(status.pid, daemon.pid);

    equal((await home.bwssh(["stop"])).code, 0);
    equal((await daemon.ended()).code, 0);
    deepEqual(inodes(home), before);
    equal((await home.bwssh(["stop"])).code, 4);
  });
}

Deno.test("A daemon tells systemd that it is ready only once it serves", async () => {
  using home = await BwsshHome.create({ config: CONFIG });
  using notifications = new NotifySocket(`${home.path}/notify`);
  const env = { NOTIFY_SOCKET: `${home.path}/notify` };
  await using daemon = new BackgroundProcess(home.argv(["daemon", "--foreground"]), { env: { ...home.env, ...env } });
  const told = await daemon.waitUntil(() => notifications.receive(), { what: "the notification" });
  match(told, /^READY=1$/m);
  equal((await run(["ssh-add", "-l"], { env: home.clientEnv })).code, 1);
  equal((await daemon.stop()).code, 0);
  equal(notifications.receive()?.includes("READY"), undefined);
});

Deno.test("A daemon refuses inherited sockets that its configuration does not name, and leaves them", async () => {
  using home = await BwsshHome.create({ config: CONFIG });
  const other = `${home.path}/run/bwssh/other.sock`;
  await using daemon = await activate(home, [home.agentSocket, other]);
  (await Deno.connect({ transport: "unix", path: other })).close();
  equal((await daemon.ended()).code === 0, false);
  match(daemon.stderr, /Cannot serve the inherited socket ".*\/other\.sock"/);
  match(daemon.stderr, /hint: .*bwssh install --user-systemd/);
  equal(Deno.lstatSync(other).isSocket, true);
  equal(Deno.lstatSync(home.agentSocket).isSocket, true);
});

Deno.test("A daemon that inherits one socket makes the other", async () => {
  using home = await BwsshHome.create({ config: CONFIG });
  Deno.mkdirSync(`${home.path}/run/bwssh`, { mode: 0o700 });
  const passed = Object.entries(home.env).flatMap(([name, value]) => ["-E", `${name}=${value}`]);
  const command = [
    "systemd-socket-activate",
    "-l",
    home.agentSocket,
    ...passed,
    ...home.argv(["daemon", "--foreground"]),
  ];
  await using daemon = new BackgroundProcess(command, { env: home.env });
  await daemon.waitFor(/Listening on/);
  equal((await run(["ssh-add", "-l"], { env: home.clientEnv })).code, 1);
  equal((Deno.lstatSync(home.controlSocket).mode ?? 0) & 0o777, 0o600);
  equal((await daemon.stop()).code, 0);
  equal(Deno.lstatSync(home.agentSocket).isSocket, true);
  equal((await run(["test", "-e", home.controlSocket], { env: home.env })).code, 1);
});

/**
 * `start` and `stop` in process, with directories of their own and a stub for systemctl (fault injection).
 *
 * @module
 */

import { deepStrictEqual as deepEqual, match, strictEqual as equal } from "node:assert/strict";
import { ServiceUser } from "../support/service_user.ts";

Deno.test("start without units starts a background daemon", async () => {
  using user = new ServiceUser();
  equal((await user.bwssh("start")).code, 0);
  deepEqual(user.daemons, [{}]);
  deepEqual(user.asked(), []);
});

Deno.test("start with units for other sockets says so and starts a daemon beside them", async () => {
  using user = new ServiceUser();
  user.haveUnits("active", "active", { listen: "/run/user/1000/bwssh/control.sock" });
  const { code, stderr } = await user.bwssh("start");
  equal(code, 0);
  match(stderr, /units of systemd serve \/run\/user\/1000\/bwssh\/control\.sock/);
  deepEqual(user.daemons, [{}]);
  deepEqual(user.asked(), []);
});

const RESET = "reset-failed bwssh-agent.service bwssh-agent.socket";
const STARTS = [
  { service: "inactive", socket: "active", asked: [RESET, "start bwssh-agent.service"] },
  { service: "inactive", socket: "inactive", asked: [RESET, "start bwssh-agent.service"] },
  { service: "failed", socket: "failed", asked: [RESET, "start bwssh-agent.service"] },
  { service: "activating", socket: "active", asked: [RESET, "start bwssh-agent.service"] },
  { service: "active", socket: "active", asked: [] },
  { service: "reloading", socket: "active", asked: [] },
] as const;

for (const { service, socket, asked } of STARTS) {
  Deno.test(`start with units asks systemd when they are ${service} and ${socket}`, async () => {
    using user = new ServiceUser();
    user.haveUnits(service, socket);
    const { code, stderr } = await user.bwssh("start");
    equal(code, 0);
    match(stderr, asked.length === 0 ? /already running/ : /daemon running/);
    deepEqual(user.asked(), asked);
    deepEqual(user.daemons, []);
  });
}

Deno.test("start tells where to look when the unit does not start", async () => {
  using user = new ServiceUser();
  user.haveUnits("failed", "active");
  user.tell("fails", "start");
  const { code, stderr } = await user.bwssh("start");
  equal(code, 1);
  match(stderr, /Cannot start bwssh-agent\.service: It did not work\.\nbwssh: hint: journalctl --user/);
  deepEqual(user.daemons, []);
});

const STOPS = [
  { service: "active", socket: "active" },
  { service: "inactive", socket: "active" },
  { service: "active", socket: "inactive" },
  { service: "activating", socket: "active" },
] as const;

for (const { service, socket } of STOPS) {
  Deno.test(`stop ends both units when they are ${service} and ${socket}, or the next ssh would start one`, async () => {
    using user = new ServiceUser();
    user.haveUnits(service, socket);
    equal((await user.bwssh("stop")).code, 0);
    deepEqual(user.asked(), ["stop bwssh-agent.socket bwssh-agent.service"]);
  });
}

Deno.test("stop without a daemon is exit code 4, with units or without", async () => {
  using user = new ServiceUser();
  equal((await user.bwssh("stop")).code, 4);
  user.haveUnits("inactive", "failed");
  equal((await user.bwssh("stop")).code, 4);
  user.haveUnits("active", "active", { listen: "/elsewhere" });
  const { code, stderr } = await user.bwssh("stop");
  equal(code, 4);
  match(stderr, /No daemon answers at ".*\/run\/bwssh\/control\.sock"\nbwssh: hint: bwssh start/);
  deepEqual(user.asked(), []);
});

Deno.test("status with units does not start the daemon by asking it, and without a file of ours asks systemd nothing", async () => {
  using user = new ServiceUser();
  user.haveUnits("inactive", "active");
  match((await user.bwssh("status")).stderr, /No daemon answers/);
  Deno.mkdirSync(user.units, { recursive: true });
  Deno.writeTextFileSync(`${user.units}/bwssh-agent.service`, "");
  const { code, stderr } = await user.bwssh("status");
  equal(code, 4);
  match(stderr, /systemd listens and starts it at the first use/);
});

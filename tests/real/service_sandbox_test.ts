/**
 * The unit's sandbox under a real user manager of systemd, with a program like `bw` in the daemon's place.
 *
 * @module
 */

import { strictEqual as equal } from "node:assert/strict";
import { serviceUnit } from "../../mod/service/units.ts";
import { managerTests, TestUserManager } from "../support/user_manager.ts";

const managed = await managerTests();

managed(
  "The sandbox lets a program like bw compile code and reach a server, and a stricter one would not",
  async (t) => {
    await using manager = await TestUserManager.start();
    using server = Deno.listen({ hostname: "127.0.0.1", port: 0 });
    const deno = manager.write("deno", await Deno.readFile(Deno.execPath()), 0o755);
    const probe = manager.write("probe.js", probeText(server.addr.port));
    const unit = serviceUnit({ ...PATHS, program: deno }).replace("Type=notify", "Type=oneshot")
      .replace("Restart=on-failure\n", "").replace(/^(Requires|After)=.*\n/gm, "")
      .replace(
        " daemon --foreground",
        ` run -A --no-config ${probe}\nStandardOutput=truncate:%h/out\nStandardError=null\nEnvironment=DENO_DIR=%h/cache`,
      );
    const cases = [
      { name: "as it is", text: unit, out: "compiled, connected\n" },
      { name: "without machine code", text: `${unit}[Service]\nMemoryDenyWriteExecute=yes\n`, out: "" },
      { name: "without internet", text: unit.replace(" AF_INET AF_INET6", ""), out: "compiled, not connected\n" },
    ];
    for (const { name, text, out } of cases) {
      await t.step(name, async () => {
        manager.write(".config/systemd/user/probe.service", text);
        equal((await manager.run(["systemctl", "--user", "daemon-reload"])).code, 0);
        await manager.run(["systemctl", "--user", "start", "probe.service"]);
        equal((await manager.run(["cat", manager.home.join("out")])).text, out);
      });
    }
  },
);

const PATHS = { agentSocket: "/a/agent.sock", controlSocket: "/a/control.sock", runtimeBase: undefined, variables: [] };

/** Does what bw does that a sandbox could forbid: a loop hot enough for V8 to compile, and a connection. */
function probeText(port: number): string {
  return `let sum = 0;
for (let at = 0; at < 3e7; at++) sum = (sum + at * 7) | 0;
const connected = await Deno.connect({ hostname: "localhost", port: ${port} }).then(() => "", () => "not ");
console.log((sum === 0 ? "not " : "") + "compiled, " + connected + "connected");
Deno.exit(0);
`;
}

/** The units as text, and what systemd itself thinks of them. @module */

import { match, ok, strictEqual as equal } from "node:assert/strict";
import { environmentFile, SERVICE_UNIT, serviceUnit, SOCKET_UNIT, socketUnit } from "../../mod/service/units.ts";
import type { UnitOptions } from "../../mod/service/units.ts";
import { run, type RunResult } from "../support/process.ts";
import { makeTempDir, type TempDir } from "../support/temp.ts";

const OPTIONS: UnitOptions = {
  program: "/home/u/.local/bin/bwssh",
  agentSocket: "/run/user/1000/bwssh/agent.sock",
  controlSocket: "/run/user/1000/bwssh/control.sock",
  runtimeBase: "/run/user/1000",
  variables: [],
};

/** The settings of a unit: comments left out, a list where a key is set more than once. */
function settings(unit: string): ReadonlyMap<string, readonly string[]> {
  const found = new Map<string, string[]>();
  for (const line of unit.split("\n").filter((line) => /^\w+=/.test(line))) {
    const [key = ""] = line.split("=", 1);
    found.set(key, [...found.get(key) ?? [], line.slice(key.length + 1)]);
  }
  return found;
}

const SETTINGS = [
  { unit: "socket", key: "ListenStream", values: ["%t/bwssh/agent.sock", "%t/bwssh/control.sock"] },
  { unit: "socket", key: "SocketMode", values: ["0600"] },
  { unit: "socket", key: "DirectoryMode", values: ["0700"] },
  { unit: "socket", key: "WantedBy", values: ["sockets.target"] },
  { unit: "service", key: "Type", values: ["notify"] },
  { unit: "service", key: "ExecStart", values: [':"/home/u/.local/bin/bwssh" daemon --foreground'] },
  { unit: "service", key: "ExecReload", values: ["kill -HUP $MAINPID"] },
  { unit: "service", key: "Restart", values: ["on-failure"] },
  { unit: "service", key: "Requires", values: [SOCKET_UNIT] },
  { unit: "service", key: "UMask", values: ["0077"] },
  { unit: "service", key: "LimitMEMLOCK", values: ["64M"] },
  { unit: "service", key: "LimitCORE", values: ["0"] },
  { unit: "service", key: "NoNewPrivileges", values: ["yes"] },
  { unit: "service", key: "Environment", values: undefined },
  // What would break the daemon or bw, see the unit's own comments.
  { unit: "service", key: "MemoryDenyWriteExecute", values: undefined },
  { unit: "service", key: "IPAddressDeny", values: undefined },
  { unit: "service", key: "PrivateUsers", values: undefined },
  { unit: "service", key: "PrivateTmp", values: undefined },
  { unit: "service", key: "ProtectProc", values: undefined },
] as const;

for (const { unit, key, values } of SETTINGS) {
  Deno.test(`${unit} unit: ${key} is ${values ?? "not set"}`, () => {
    const text = unit === "socket" ? socketUnit(OPTIONS) : serviceUnit(OPTIONS);
    equal(settings(text).get(key)?.join(" "), values?.join(" "));
  });
}

Deno.test("serviceUnit() carries variables over", () => {
  const variables = [["BWSSH_CONFIG", "/a b/c.toml"], ["PATH", "/opt/bin:/bin"]] as const;
  equal(
    settings(serviceUnit({ ...OPTIONS, variables })).get("Environment")?.join(" "),
    '"BWSSH_CONFIG=/a b/c.toml" "PATH=/opt/bin:/bin"',
  );
});

Deno.test("environmentFile() follows the runtime directory", () => {
  equal(environmentFile(OPTIONS), 'SSH_AUTH_SOCK="${XDG_RUNTIME_DIR}/bwssh/agent.sock"\n');
});

Deno.test("The names are those of the specification", () => {
  equal(`${SERVICE_UNIT} ${SOCKET_UNIT}`, "bwssh-agent.service bwssh-agent.socket");
});

async function verify(dir: TempDir, service: string, socket: string): Promise<RunResult> {
  const files = [dir.write(SOCKET_UNIT, socket), dir.write(SERVICE_UNIT, service)];
  const env = { PATH: "/usr/bin:/bin", HOME: dir.path, XDG_RUNTIME_DIR: dir.path };
  return await run(["systemd-analyze", "verify", "--user", "--man=no", ...files], { env });
}

for (const name of ["plain", "with blanks", "100%t", "$HOME"]) {
  Deno.test(`systemd-analyze verify finds nothing wrong when the paths are "${name}"`, async () => {
    await using dir = makeTempDir("units");
    const below = dir.dir(name);
    const program = dir.write(`${name}/bwssh`, "#!/bin/sh\n", 0o755);
    const options: UnitOptions = {
      program,
      agentSocket: `${below}/agent.sock`,
      controlSocket: `${below}/control.sock`,
      runtimeBase: undefined,
      variables: [["BWSSH_RUNTIME_DIR", below], ["PATH", `${below}"\\:/bin`]],
    };
    const { code, stderr } = await verify(dir, serviceUnit(options), socketUnit(options));
    equal(stderr, "");
    equal(code, 0);
  });
}

Deno.test("systemd-analyze verify would have said so", async () => {
  await using dir = makeTempDir("units");
  const broken = serviceUnit({ ...OPTIONS, program: "/bin/true" }).replace("LimitCORE=", "LimitCORPSE=");
  const { stderr } = await verify(dir, broken, socketUnit(OPTIONS));
  match(stderr, /LimitCORPSE/);
  const absent = await verify(dir, serviceUnit({ ...OPTIONS, program: "/bin/no such" }), socketUnit(OPTIONS));
  ok(absent.code !== 0);
  match(absent.stderr, /\/bin\/no such is not executable/);
});

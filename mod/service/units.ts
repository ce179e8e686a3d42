/**
 * The units of the user manager and the environment.d file, as text. Pure: paths come in as arguments.
 *
 * Not for: where these files go and whether they may be written; see `plan.ts` and `artefact.ts`.
 *
 * @module
 */

import { assignment, commandValue, environmentLine, listenValue } from "./unit_text.ts";

/** The daemon. */
export const SERVICE_UNIT = "bwssh-agent.service";
/** Its two sockets. */
export const SOCKET_UNIT = "bwssh-agent.socket";
/** The name of the program that the specification gives the daemon; a link, see `main.ts`. */
export const DAEMON_LINK = "bwssh-agentd";
/** 60: after what distributions ship, before the administrator's last words. */
export const ENVIRONMENT_FILE = "60-bwssh.conf";

/** As the daemon itself has it. */
const BACKLOG = 512;

/** What the units depend on. */
export interface UnitOptions {
  /** Absolute path of the binary. */
  readonly program: string;
  readonly agentSocket: string;
  readonly controlSocket: string;
  /** XDG_RUNTIME_DIR; undefined writes the sockets' paths out. */
  readonly runtimeBase: string | undefined;
  /** Variables the daemon is to see, because whoever installs it sees them. */
  readonly variables: readonly (readonly [name: string, value: string])[];
}

/** @returns The text of {@linkcode SOCKET_UNIT}. @throws {ServiceError} If a path cannot be said. */
export function socketUnit({ agentSocket, controlSocket, runtimeBase }: UnitOptions): string {
  return `[Unit]
Description=Sockets of the SSH agent bwssh

[Socket]
# Exactly the paths of the configuration: the daemon tells its sockets apart by them and refuses any other.
ListenStream=${listenValue(agentSocket, runtimeBase)}
ListenStream=${listenValue(controlSocket, runtimeBase)}
SocketMode=0600
DirectoryMode=0700
Backlog=${BACKLOG}
# The service ends when this unit is stopped (Requires=), so nobody listens behind a path that is left over.
RemoveOnStop=yes

[Install]
WantedBy=sockets.target
`;
}

/** @returns The text of {@linkcode SERVICE_UNIT}. @throws {ServiceError} If a path cannot be said. */
export function serviceUnit({ program, runtimeBase, variables }: UnitOptions): string {
  const environment = variables.map(([name, value]) => `Environment=${assignment(name, value, runtimeBase)}`);
  if (environment.length > 0) environment.unshift("# As they were when this was written; bw is looked up in PATH.");
  return `[Unit]
Description=SSH agent bwssh, keys from a vault
Requires=${SOCKET_UNIT}
After=${SOCKET_UNIT}

[Service]
Type=notify
ExecStart=${commandValue(program, ["daemon", "--foreground"])}
# \`bwssh reload\` does the same and says what has changed.
ExecReload=kill -HUP $MAINPID
Restart=on-failure
# 2 is a wrong configuration: trying again does not mend it.
RestartPreventExitStatus=2
TimeoutStartSec=30
# bw gets ten seconds to end by itself; killed, it leaves a lock behind.
TimeoutStopSec=20
# The kernel may pick bw when memory is short; the agent goes on with the keys it has.
OOMPolicy=continue
UMask=0077
${environment.map((line) => `${line}\n`).join("")}
# Keys lie in locked memory. A user manager cannot give more than its own hard limit; where that is less, raise it for
# user@.service, as root: systemctl edit user@.service, [Service], LimitMEMLOCK=64M.
LimitMEMLOCK=64M
LimitCORE=0
# 2,048 connections, a socket and a pidfd each, and room.
LimitNOFILE=16384

# A bw from snap is a set-user-ID program; it needs a drop-in with NoNewPrivileges=no and the five below it set to
# nothing, for each of them implies it.
NoNewPrivileges=yes
LockPersonality=yes
RestrictAddressFamilies=AF_UNIX AF_INET AF_INET6 AF_NETLINK
RestrictRealtime=yes
RestrictSUIDSGID=yes
SystemCallArchitectures=native
# Left out on purpose:
#   MemoryDenyWriteExecute=  V8 compiles to machine code at run time, here and in bw
#   IPAddressDeny=, PrivateNetwork=  bw talks to the vault's server
#   PrivateUsers=  from within a user namespace /proc/PID/exe of ssh, which the rules ask for, cannot be read
#   PrivateTmp=, ProtectSystem=, ProtectHome=, ProtectProc=, PrivateDevices=, ProtectKernelTunables=
#     a user manager ignores them (systemd 252) or makes a user namespace for them (newer)
#   ProtectClock=, ProtectKernelModules=, CapabilityBoundingSet=  a user manager may not, and the service fails
#   RestrictNamespaces=, SystemCallFilter=  a bw from flatpak makes namespaces; memfd_secret(2), which holds the keys,
#     is in no predefined set of system calls

[Install]
Also=${SOCKET_UNIT}
`;
}

/** @returns The text of {@linkcode ENVIRONMENT_FILE}. @throws {ServiceError} If the path cannot be said. */
export function environmentFile({ agentSocket, runtimeBase }: UnitOptions): string {
  return `${environmentLine("SSH_AUTH_SOCK", agentSocket, runtimeBase)}\n`;
}

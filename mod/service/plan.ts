/**
 * What an installation for one user consists of and where it goes.
 *
 * @module
 */

import { locateSocket } from "../config/locate.ts";
import { configPlaces, type Environment, parentOf, variable } from "../config/paths.ts";
import { type Artefact, sealedFile } from "./artefact.ts";
import {
  DAEMON_LINK,
  ENVIRONMENT_FILE,
  environmentFile,
  SERVICE_UNIT,
  serviceUnit,
  SOCKET_UNIT,
  socketUnit,
  type UnitOptions,
} from "./units.ts";

/**
 * Variables that decide which files, sockets and vault the daemon uses. The user manager has an environment of its own;
 * a daemon that saw others than the shell it was installed from would answer elsewhere, or with another vault.
 */
const CARRIED = [
  "BWSSH_CONFIG",
  "BWSSH_RUNTIME_DIR",
  "BWSSH_AGENT_SOCKET",
  "BWSSH_CONTROL_SOCKET",
  "BWSSH_LOG_LEVEL",
  "BITWARDENCLI_APPDATA_DIR",
  "XDG_CONFIG_HOME",
  "XDG_STATE_HOME",
  "XDG_CACHE_HOME",
] as const;

/** Who installs. */
export interface Installer {
  readonly env: Environment;
  readonly uid: number;
}

/** Where things go. */
export interface Places {
  readonly service: string;
  readonly socket: string;
  readonly environment: string;
  /** The link that `systemctl enable` makes. */
  readonly enabled: string;
}

/** @throws {ConfigError} If there is neither XDG_CONFIG_HOME nor HOME. */
export function places(env: Environment): Places {
  // BWSSH_CONFIG names a file of bwssh's; systemd's stay where they are.
  const { file } = configPlaces((name) => name === "BWSSH_CONFIG" ? undefined : env(name));
  const base = parentOf(parentOf(file));
  return {
    service: `${base}/systemd/user/${SERVICE_UNIT}`,
    socket: `${base}/systemd/user/${SOCKET_UNIT}`,
    environment: `${base}/environment.d/${ENVIRONMENT_FILE}`,
    enabled: `${base}/systemd/user/sockets.target.wants/${SOCKET_UNIT}`,
  };
}

/** Whether our service is installed, as far as the file system says. */
export function hasUnits(env: Environment): boolean {
  try {
    return Deno.statSync(places(env).service).isFile;
  } catch {
    return false; // not there, or nowhere to look
  }
}

/** The absolute path of this program, without links on the way. @param program As started. */
export async function resolveProgram(program: string): Promise<string> {
  return await Deno.realPath(program);
}

/**
 * Everything to put in place.
 *
 * @param program Absolute path of the binary.
 * @param options.environment Whether SSH_AUTH_SOCK is to be set for the whole session.
 * @throws {ConfigError} If the sockets' places are not known.
 * @throws {ServiceError} If a unit file cannot hold one of the paths.
 */
export async function planInstall(
  { env, uid }: Installer,
  program: string,
  { environment }: { readonly environment: boolean },
): Promise<readonly Artefact[]> {
  const [agent, control] = await Promise.all([
    locateSocket("agent", { env, uid }),
    locateSocket("control", { env, uid }),
  ]);
  const options: UnitOptions = {
    program,
    agentSocket: agent.path,
    controlSocket: control.path,
    runtimeBase: runtimeBase(env),
    variables: carried(env),
  };
  const at = places(env);
  return [
    await sealedFile(at.socket, socketUnit(options)),
    await sealedFile(at.service, serviceUnit(options)),
    ...(environment ? [await sealedFile(at.environment, environmentFile(options))] : []),
    ...daemonLink(program),
  ];
}

/**
 * Everything that may have been put in place, in the order of removal. Whether it was, and is as it was, only the file
 * system can say.
 *
 * @param program Absolute path of the binary; undefined leaves the link beside it alone.
 */
export function planUninstall(env: Environment, program: string | undefined): readonly Artefact[] {
  const at = places(env);
  const written = [at.environment, at.socket, at.service].map((path) => ({ kind: "file", path, text: "" }) as const);
  return [
    { kind: "link", path: at.enabled, target: at.socket }, // while there still is what it leads to
    ...written,
    ...(program === undefined ? [] : daemonLink(program)),
  ];
}

/** `bwssh-agentd` beside the binary, unless that is the binary's own name. */
function daemonLink(program: string): readonly Artefact[] {
  const path = `${program.slice(0, program.lastIndexOf("/"))}/${DAEMON_LINK}`;
  return path === program ? [] : [{ kind: "link", path, target: program.slice(program.lastIndexOf("/") + 1) }];
}

function carried(env: Environment): readonly (readonly [string, string])[] {
  const set = CARRIED.flatMap((name) => {
    const value = variable(env, name);
    return value === undefined ? [] : [[name, value] as const];
  });
  // A relative directory would mean another one for the daemon, and bw is not looked up in any.
  const path = variable(env, "PATH")?.split(":").filter((directory) => directory.startsWith("/")).join(":");
  return path === undefined || path === "" ? set : [...set, ["PATH", path]];
}

function runtimeBase(env: Environment): string | undefined {
  const base = variable(env, "XDG_RUNTIME_DIR")?.replace(/(?<=.)\/+$/, "");
  return base?.startsWith("/") === true && base !== "/" ? base : undefined;
}

/**
 * Where bwssh's files are: the XDG base directories and the environment variables that override single paths. The only
 * reader of the process environment. Not for creating or checking any of these places.
 *
 * Source: XDG Base Directory Specification 0.8: a path in these variables must be absolute, a relative one is ignored,
 * and an empty variable is an unset one.
 *
 * @module
 */

import { ConfigError } from "./error.ts";

/** Looks up one environment variable. Passed in everywhere, so that tests are tables. */
export type Environment = (name: string) => string | undefined;

/** The environment of this process. */
export function processEnvironment(): Environment {
  return (name) => Deno.env.get(name);
}

/** A variable's value, where an empty one counts as unset. */
export function variable(env: Environment, name: string): string | undefined {
  const value = env(name);
  return value === "" ? undefined : value;
}

/** The default for `daemon.runtime_dir`, or undefined where XDG_RUNTIME_DIR is not usable: there is no safe guess. */
export function defaultRuntimeDirectory(env: Environment): string | undefined {
  const base = absolute(env, "XDG_RUNTIME_DIR");
  return base === undefined ? undefined : `${base}/bwssh`;
}

/** Says what to do where {@linkcode defaultRuntimeDirectory} has no answer. */
export function noRuntimeDirectory(): ConfigError {
  return new ConfigError("no-runtime-dir", [{
    origin: { kind: "default" },
    key: "daemon.runtime_dir",
    message: "Cannot choose a runtime directory: XDG_RUNTIME_DIR is not set to an absolute path",
    hint: "pass --runtime-dir DIR or set BWSSH_RUNTIME_DIR; only you may be able to enter DIR",
  }]);
}

/** What to read: one file, and a directory of drop-ins where there is one. */
export interface ConfigPlaces {
  readonly file: string;
  /** True if the user named the file: then it has to exist. */
  readonly named: boolean;
  /** `config.d`; undefined if the user named a file, which then is all there is. */
  readonly dropIns: string | undefined;
}

/**
 * The configuration's places: `BWSSH_CONFIG` alone, or `config.toml` and `config.d` below `$XDG_CONFIG_HOME/bwssh`.
 *
 * @throws {ConfigError} If BWSSH_CONFIG is relative, or there is neither XDG_CONFIG_HOME nor HOME.
 */
export function configPlaces(env: Environment): ConfigPlaces {
  const named = variable(env, "BWSSH_CONFIG");
  if (named === undefined) {
    const directory = `${absolute(env, "XDG_CONFIG_HOME") ?? `${home(env)}/.config`}/bwssh`;
    return { file: `${directory}/config.toml`, named: false, dropIns: `${directory}/config.d` };
  }
  if (named.startsWith("/")) return { file: named, named: true, dropIns: undefined };
  throw new ConfigError("invalid", [{
    origin: { kind: "environment", name: "BWSSH_CONFIG" },
    key: undefined,
    message: "BWSSH_CONFIG must be an absolute path",
    hint: undefined,
  }]);
}

/** `$XDG_STATE_HOME/bwssh`. @throws {ConfigError} If there is neither XDG_STATE_HOME nor HOME. */
export function stateDirectory(env: Environment): string {
  return `${absolute(env, "XDG_STATE_HOME") ?? `${home(env)}/.local/state`}/bwssh`;
}

/** `$XDG_CACHE_HOME/bwssh`. @throws {ConfigError} If there is neither XDG_CACHE_HOME nor HOME. */
export function cacheDirectory(env: Environment): string {
  return `${absolute(env, "XDG_CACHE_HOME") ?? `${home(env)}/.cache`}/bwssh`;
}

/** The default for `auth.known_hosts`: what ssh_config(5) has for UserKnownHostsFile and GlobalKnownHostsFile. */
export function defaultKnownHosts(env: Environment): readonly string[] {
  const home = absolute(env, "HOME");
  const ofUser = home === undefined ? [] : [`${home}/.ssh/known_hosts`, `${home}/.ssh/known_hosts2`];
  return [...ofUser, "/etc/ssh/ssh_known_hosts"];
}

/** The default for `audit.file`, or undefined where there is neither XDG_STATE_HOME nor HOME. */
export function defaultAuditFile(env: Environment): string | undefined {
  const isKnown = absolute(env, "XDG_STATE_HOME") !== undefined || absolute(env, "HOME") !== undefined;
  return isKnown ? `${stateDirectory(env)}/audit.jsonl` : undefined;
}

/** The directory a path lies in. */
export function parentOf(path: string): string {
  return path.slice(0, Math.max(1, path.lastIndexOf("/")));
}

function home(env: Environment): string {
  const directory = absolute(env, "HOME");
  if (directory !== undefined) return directory;
  throw new ConfigError("no-home", [{
    origin: { kind: "default" },
    key: undefined,
    message: "Cannot find bwssh's files: HOME is not set to an absolute path",
    hint: "set HOME, or XDG_CONFIG_HOME, XDG_STATE_HOME and XDG_CACHE_HOME",
  }]);
}

function absolute(env: Environment, name: string): string | undefined {
  const value = env(name);
  return value?.startsWith("/") ? value.replace(/(?<=.)\/+$/, "") : undefined;
}

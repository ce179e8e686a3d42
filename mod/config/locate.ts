/**
 * Finds one of the daemon's sockets quickly: the command line's every call starts here. Looks at the environment, then, if
 * that does not decide, at the `[daemon]` tables of the configuration files; validates nothing else.
 *
 * @module
 */

import { readDocuments } from "./document.ts";
import { collectEntries, type CommandLineSettings, effectiveEntries } from "./entries.ts";
import { ConfigError, originText } from "./error.ts";
import { InterpolationError, Interpolator } from "./interpolate.ts";
import { type Environment, noRuntimeDirectory, variable } from "./paths.ts";
import { OVERRIDES } from "./settings.ts";
import { quote, typeName } from "./text.ts";

/** Which socket. */
export type SocketName = "agent" | "control";

/** Where a socket should be. */
export interface LocatedSocket {
  /** Absolute. */
  readonly path: string;
  /** Who says so: `default`, `FILE:LINE`, `environment BWSSH_X`. */
  readonly origin: string;
}

/** What to look at. */
export interface LocateOptions {
  readonly env: Environment;
  /** Who we are; files of anybody else but root are refused. */
  readonly uid: number;
  readonly commandLine?: CommandLineSettings | undefined;
}

/**
 * Finds a socket's path, exactly as the daemon with the same configuration would.
 *
 * @throws {ConfigError} If there is no way to know.
 */
export async function locateSocket(socket: SocketName, options: LocateOptions): Promise<LocatedSocket> {
  const { env, commandLine } = options;
  const key = `daemon.${socket}_socket`;
  const isDecided = OVERRIDES.some(([name, overridden]) => overridden === key && variable(env, name) !== undefined);
  const documents = isDecided ? [] : await readDocuments(env, options);
  const effective = effectiveEntries(collectEntries({ documents, env, commandLine }));
  const entry = effective.get(key);
  // The default is made of the runtime directory: if it is wrong, that is.
  const blamed = entry?.origin.kind === "default" ? effective.get("daemon.runtime_dir") ?? entry : entry;
  const origin = blamed?.origin ?? { kind: "default" };
  const refuse = (message: string, hint?: string): never => {
    const name = blamed?.key ?? key;
    throw new ConfigError("invalid", [{ origin, key: name, message: `${quote(name)}${message}`, hint }]);
  };
  if (typeof entry?.value !== "string") return refuse(` must be an absolute path, found ${typeName(entry?.value)}`);
  let path = entry.value;
  try {
    if (!entry.literal) path = new Interpolator(env, effective).text(path);
  } catch (error) {
    if (!(error instanceof InterpolationError)) throw error;
    if (!effective.has("daemon.runtime_dir")) throw noRuntimeDirectory();
    return refuse(`: ${error.message}`, error.hint);
  }
  return path.startsWith("/") ? { path, origin: originText(entry.origin) } : refuse(" must be an absolute path");
}

/**
 * `bwssh daemon`: from configuration to serving sockets to a clean end.
 *
 * @module
 */

import { reportReady } from "../../ffi/detached.ts";
import { hardenProcess, raiseFileLimit, raiseMemlockLimit } from "../../ffi/harden.ts";
import { type Libc, openLibc } from "../../ffi/libc.ts";
import { wipeVariable } from "../../ffi/secret_input.ts";
import { notifyManager } from "../../ffi/notify.ts";
import type { BuildInfo } from "../config/build_info.ts";
import { ConfigError } from "../config/error.ts";
import type { Launch } from "../config/launch.ts";
import { loadConfig, type LoadedConfig } from "../config/load.ts";
import { cacheDirectory, type Environment } from "../config/paths.ts";
import { BW_VARIABLES } from "../source/bitwarden/bw_command.ts";
import { BACKGROUND_LOG, StartError, startInBackground } from "./background.ts";
import { composeDaemon } from "./compose.ts";
import type { Daemon } from "./daemon_parts.ts";
import { openListeners } from "./listeners.ts";
import { Log } from "./log.ts";

/** Everything the daemon is told from outside. */
export interface RunOptions {
  readonly env: Environment;
  readonly uid: number;
  readonly build: BuildInfo;
  readonly launch: Launch;
  readonly foreground?: boolean;
  readonly runtimeDir?: string;
  /** Started by {@linkcode startInBackground}, which waits for a word. */
  readonly background?: boolean;
}

/** What a runner may have exported for `bw`; nothing here is to have it, and it would outlive every lock. */
const BW_SECRETS = ["BW_SESSION", "BW_PASSWORD", "BW_CLIENTID", "BW_CLIENTSECRET"] as const;
/** How long closed clients and stalled ones go unnoticed. */
const SWEEP_MS = 10_000;

/** Runs or starts the daemon. @returns The exit code. */
export async function runDaemon(given: RunOptions): Promise<number> {
  const { runtimeDir: directory } = given;
  const options = directory === undefined ? given : { ...given, runtimeDir: absolute(directory) };
  if (options.foreground === true || options.background === true) return await serve(options);
  const { program } = options.launch;
  if (program === undefined) throw new StartError("Cannot start in the background when run from the sources");
  // What the configuration asks the environment for is what the daemon will ask for; the rest, which may hold the
  // secrets of a runner, does not come along.
  const names = new Set(BW_VARIABLES);
  const env: Environment = (name) => {
    names.add(name);
    return options.env(name);
  };
  const { runtimeDir } = (await loadConfig(loadOptions({ ...options, env }))).config.daemon;
  cacheDirectoryOrNone(env);
  const args = ["daemon", "--background", ...(options.runtimeDir === undefined ? [] : ["--runtime-dir", runtimeDir])];
  const pid = await startInBackground({ program, args, env: chosen(names, lookup(options)), runtimeDir });
  Deno.stderr.writeSync(new TextEncoder().encode(`bwssh: daemon running, pid ${pid}\n`));
  return 0;
}

/** The daemon leaves the directory it was called in. */
function absolute(path: string): string {
  return path.startsWith("/") ? path : `${Deno.cwd()}/${path}`;
}

async function serve(options: RunOptions): Promise<number> {
  const load = (): Promise<LoadedConfig> => loadConfig(loadOptions(options));
  const loaded = await load();
  using libc = openLibc();
  hardenProcess(libc); // before anything secret exists
  for (const name of BW_SECRETS) wipeVariable(libc, name);
  const files = raiseFileLimit(libc);
  const memlock = raiseMemlockLimit(libc);
  Deno.umask(0o077);
  Deno.chdir("/");
  const log = new Log(loaded.config.daemon.logLevel, writeError);
  using signals = handleSignals(); // before there is a socket: a signal must never find it without its remover
  using listeners = openListeners(libc, { ...loaded.config.daemon, inherited: inheritedSockets(options.env) });
  await using daemon = await composeDaemon({
    libc,
    log,
    listeners,
    loaded,
    load,
    build: options.build,
    memlock,
    files,
    cacheDir: cacheDirectoryOrNone(options.env),
    environment: lookup(options),
  });
  signals.serve(daemon);
  const sweep = setInterval(() => daemon.sweep(), SWEEP_MS);
  announce(libc, options, log);
  daemon.sweep();
  try {
    await daemon.run();
  } finally {
    clearInterval(sweep);
    log.info("stopping");
    log.flush();
    if (options.background === true) removeQuietly(`${loaded.config.daemon.runtimeDir}/${BACKGROUND_LOG}`);
  }
  return 0;
}

/** The environment with what was held back from the runtime: `bw` needs NODE_EXTRA_CA_CERTS. */
function lookup({ env, launch }: RunOptions): Environment {
  return (name) => env(name) ?? launch.held[name];
}

function chosen(names: Iterable<string>, env: Environment): Record<string, string> {
  const variables: Record<string, string> = {};
  for (const name of names) {
    const value = env(name);
    if (value !== undefined) variables[name] = value;
  }
  return variables;
}

function loadOptions({ env, uid, runtimeDir }: RunOptions): Parameters<typeof loadConfig>[0] {
  return { env, uid, commandLine: { runtimeDir } };
}

/** Signal handlers, effective at once; until there is a daemon they only remember that it is to end. */
interface Signals extends Disposable {
  /** Hands the signals to a daemon, those that came already included. */
  serve(daemon: Daemon): void;
}

/** TERM and INT end it, HUP reloads, USR1 wipes. */
function handleSignals(): Signals {
  let daemon: Daemon | undefined;
  let ending = false;
  const end = (): void => {
    ending = true;
    daemon?.stop();
  };
  const handlers = {
    SIGTERM: end,
    SIGINT: end,
    SIGHUP: () => daemon?.reloadQuietly(),
    SIGUSR1: () => daemon?.lock(),
  } as const;
  const names = Object.keys(handlers) as (keyof typeof handlers)[];
  for (const name of names) Deno.addSignalListener(name, handlers[name]);
  return {
    serve: (made): void => {
      daemon = made;
      if (ending) daemon.stop();
    },
    [Symbol.dispose]: (): void => {
      for (const name of names) Deno.removeSignalListener(name, handlers[name]);
    },
  };
}

/** Tells whoever waits for us: the service manager, the command that started us. */
function announce(libc: Libc, options: RunOptions, log: Log): void {
  const manager = options.env("NOTIFY_SOCKET");
  try {
    if (manager !== undefined) notifyManager(libc, manager, `READY=1\nMAINPID=${Deno.pid}`);
  } catch (error) {
    log.warning(error instanceof Error ? error.message : "Cannot notify the service manager");
  }
  log.flush();
  if (options.background === true) reportReady(libc);
}

/** Without HOME there is nowhere to keep public keys; everything else works. */
function cacheDirectoryOrNone(env: Environment): string | undefined {
  try {
    return cacheDirectory(env);
  } catch (error) {
    if (error instanceof ConfigError) return undefined;
    throw error;
  }
}

/** sd_listen_fds(3): how many, if they are meant for this very process. */
function inheritedSockets(env: Environment): number {
  return env("LISTEN_PID") === String(Deno.pid) ? Number.parseInt(env("LISTEN_FDS") ?? "0", 10) || 0 : 0;
}

function writeError(text: Uint8Array): void {
  try {
    for (let at = 0; at < text.length;) at += Deno.stderr.writeSync(text.subarray(at));
  } catch {
    // Nobody reads our log, or its disk is full; signatures do not depend on it.
  }
}

function removeQuietly(path: string): void {
  try {
    Deno.removeSync(path);
  } catch {
    // already gone
  }
}

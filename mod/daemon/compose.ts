/**
 * The composition root: the only place that says `new` to adapters and knows how the parts hang together.
 *
 * @module
 */

import { type Arena, openArena } from "../../ffi/arena.ts";
import { giveBackFreeMemory } from "../../ffi/free_memory.ts";
import type { Limit } from "../../ffi/harden.ts";
import type { Libc } from "../../ffi/libc.ts";
import { Poller } from "../../ffi/poller.ts";
import { ReceiveBuffer } from "../../ffi/stream.ts";
import { AbsentApprover } from "../approval/absent.ts";
import type { Approver } from "../approval/approver.ts";
import { NoneApprover } from "../approval/none.ts";
import type { BuildInfo } from "../config/build_info.ts";
import type { LoadedConfig } from "../config/load.ts";
import type { Config } from "../config/model.ts";
import type { ReloadReport } from "../control/messages.ts";
import { Keyring } from "../keys/keyring.ts";
import { openBackend } from "../keys/open_backend.ts";
import type { KeyBackend } from "../keys/signer.ts";
import { readPeer } from "../peer/peer.ts";
import { BitwardenSource } from "../source/bitwarden/bitwarden_source.ts";
import { ChildRunner } from "../source/child_runner.ts";
import { AgentSession } from "./agent_session.ts";
import { BitwardenSetup } from "./bitwarden_setup.ts";
import { controlHandlers } from "./control_handlers.ts";
import { ControlSession } from "./control_session.ts";
import { EventLoop } from "./event_loop.ts";
import { KeyLoader } from "./key_loader.ts";
import type { Listeners } from "./listeners.ts";
import type { Log } from "./log.ts";
import { Offer } from "./offer.ts";
import { Settings } from "./settings.ts";
import { SignService } from "./sign_service.ts";
import { SocketServer } from "./socket_server.ts";
import { VaultService } from "./vault_service.ts";

/** Bytes taken from a client at one go. */
const RECEIVE_SIZE = 64 * 1024;
/** The command line asks briefly and one at a time. */
const MAX_CONTROL_CONNECTIONS = 64;
/**
 * Descriptors that agent connections leave to others: the control socket's connections, the pipes of `bw`, the look into
 * /proc at who asks, the runtime. Without them a crowd of clients would make `bwssh lock` and all signatures fail.
 */
const RESERVED_FILES = 2 * MAX_CONTROL_CONNECTIONS;

/** What the daemon is made of and told. */
export interface DaemonParts {
  readonly libc: Libc;
  readonly log: Log;
  readonly listeners: Listeners;
  readonly loaded: LoadedConfig;
  /** Reads the configuration again. */
  readonly load: () => Promise<LoadedConfig>;
  readonly build: BuildInfo;
  readonly memlock: Limit;
  /** The number of open files. */
  readonly files: Limit;
  /** Undefined where there is no place for a cache. */
  readonly cacheDir: string | undefined;
  /** Looks up a variable of the environment, of which `bw` gets a part. */
  readonly environment: (name: string) => string | undefined;
}

/** A daemon that serves. */
export interface Daemon extends AsyncDisposable {
  readonly memory: Arena;
  readonly backend: KeyBackend;
  readonly keyring: Keyring;
  readonly offer: Offer;
  /** Serves until {@linkcode Daemon.stop}. */
  run(): Promise<void>;
  stop(): void;
  /** Wipes keys and session. */
  lock(): void;
  /** Reads the configuration again; what is wrong with it is logged and the old one stays. */
  reloadQuietly(): void;
  /**
   * Closes stalled clients, drops what was kept for speed; to be called every few seconds.
   * @param now Monotonic milliseconds; performance.now() if left out.
   */
  sweep(now?: number): void;
}

/** Puts a daemon together. @throws {SecretMemoryError | CryptoError} If keys could not be kept safe. */
export async function composeDaemon(parts: DaemonParts): Promise<Daemon> {
  const { libc, log, listeners, loaded } = parts;
  await using stack = new AsyncDisposableStack();
  const requireLocked = loaded.config.memory.requireLocked;
  const memory = stack.use(openArena(libc, { requireLocked }));
  const backend = stack.use(await openBackend({ requireLocked }));
  const poller = stack.use(new Poller(libc));
  const loop = new EventLoop(poller, () => log.flush());
  const buffer = stack.use(new ReceiveBuffer(memory, RECEIVE_SIZE));
  const runner = stack.use(new ChildRunner(libc, memory, poller));
  const keyring = new Keyring(backend);
  stack.defer(() => keyring.wipe());
  const settings = new Settings(loaded, parts.load, approverFor);
  const { listWhenLocked } = loaded.config.agent;
  const offer = new Offer(keyring, log, { cacheDir: parts.cacheDir, listWhenLocked });
  const bitwarden = new BitwardenSetup({ ...parts, memory, runner, config: () => settings.config });
  const vault = stack.use(
    new VaultService({
      log,
      offer,
      openSource: () => new BitwardenSource(bitwarden.settings()),
      newLoader: () => new KeyLoader({ source: "bitwarden", ssh: settings.config.ssh, keyring, memory, backend }),
      wipeKeys: () => keyring.wipe(),
    }),
  );
  const signing = new SignService({
    keyring,
    log,
    rules: () => settings.signing,
    isListed: (blob) => offer.isListedLocked(blob),
  });
  const reload = async (): Promise<ReloadReport> => {
    let dropped = false;
    const report = await settings.reload((changed) => {
      dropped = keyring.list().length > 0;
      // Also with no keys: an unlock may be under way, and the source has the old selection and the old bw.
      vault.lock("the configuration changed", changed);
    });
    const { config } = settings;
    log.setLevel(config.daemon.logLevel);
    offer.configure(config.agent.listWhenLocked);
    bitwarden.lookUp();
    return { ...report, dropped };
  };
  const stop = (): void => {
    vault.lock("stopping"); // ends what waits for bw
    loop.stop();
  };

  const maxConnections = connectionsWithin(parts.files, loaded.config.daemon.maxConnections);
  if (maxConnections < loaded.config.daemon.maxConnections) {
    log.warning(`serving ${maxConnections} connections at a time: the limit of open files allows no more`);
  }
  const server = { libc, loop, log, buffer };
  const agents: SocketServer = stack.use(
    new SocketServer(
      { ...server, listener: listeners.agent, name: "agent", maxConnections },
      (_fd, peer) => {
        // root may list: it could read our memory's owner out of existence anyway. Signing is policy's business.
        if (peer.uid !== Deno.uid() && peer.uid !== 0) return refuseUser(log, "agent", peer.uid);
        return new AgentSession({ log, signing, identities: () => offer.answer() }, () => readPeer(peer));
      },
    ),
  );
  const handlers = controlHandlers({
    ...parts,
    settings,
    memory,
    backend,
    keyring,
    offer,
    vault,
    signing,
    reload,
    stop,
    bwWords: () => bitwarden.words(),
    connections: () => agents.connections,
    served: loaded.config.daemon,
  });
  const control = stack.use(
    new SocketServer(
      { ...server, listener: listeners.control, name: "control", maxConnections: MAX_CONTROL_CONNECTIONS },
      (_fd, peer) => {
        if (peer.uid !== Deno.uid()) return refuseUser(log, "control", peer.uid);
        return new ControlSession(handlers, memory, log);
      },
    ),
  );
  for (const warning of loaded.warnings) log.warning(warning);
  bitwarden.lookUp();
  log.info(`serving ${loaded.config.daemon.agentSocket}, keys in ${memory.status().protection}`);

  const resources = stack.move();
  return {
    memory,
    backend,
    keyring,
    offer,
    run: () => loop.run(),
    stop,
    lock: (): void => vault.lock("asked to by a signal"),
    reloadQuietly: (): void => {
      reload().then(
        ({ changed }) => log.info(`configuration read again, ${changed.length} changes of what may sign`),
        (error) => log.error(`kept the old configuration: ${error instanceof Error ? error.message : "unknown error"}`),
      ).finally(() => log.flush());
    },
    sweep: (now = performance.now()): void => {
      agents.sweep(now);
      control.sweep(now);
      backend.dropIdle(now);
      giveBackFreeMemory(libc);
      log.flush(); // there may be no round of the loop for hours
    },
    [Symbol.asyncDispose]: () => resources.disposeAsync(),
  };
}

/** How many agent connections there may be; half of the descriptors where a small limit leaves no reserve. */
function connectionsWithin({ soft = Infinity }: Limit, wanted: number): number {
  return Math.min(wanted, Math.max(soft - RESERVED_FILES, Math.floor(soft / 2)));
}

/** The approver that the configuration names. */
function approverFor(config: Config): Approver {
  return config.auth.approver === "none" ? new NoneApprover() : new AbsentApprover(config.auth.approver);
}

function refuseUser(log: Log, socket: string, uid: number): undefined {
  log.warning(`closed a connection to the ${socket} socket: it came from uid ${uid}`);
  return undefined;
}

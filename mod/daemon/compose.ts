/**
 * The composition root: the only place that says `new` to adapters and knows how the parts hang together.
 *
 * @module
 */

import { openArena } from "../../ffi/arena.ts";
import { Bus, SYSTEM_BUS } from "../../ffi/dbus/bus.ts";
import { giveBackFreeMemory } from "../../ffi/free_memory.ts";
import type { Limit } from "../../ffi/harden.ts";
import { Poller } from "../../ffi/poller.ts";
import { ReceiveBuffer } from "../../ffi/stream.ts";
import { AbsentApprover } from "../approval/absent.ts";
import { NoneApprover } from "../approval/none.ts";
import { PolkitApprover } from "../approval/polkit.ts";
import { PolkitAuthority } from "../approval/polkit_authority.ts";
import { ownSubject, peerSubject } from "../approval/polkit_subject.ts";
import { PromptQueue, type QueueLimits } from "../approval/queue.ts";
import type { Config } from "../config/model.ts";
import { floodLimitsOf } from "../config/policy.ts";
import type { ReloadReport } from "../control/messages.ts";
import { Keyring } from "../keys/keyring.ts";
import { openBackend } from "../keys/open_backend.ts";
import { KnownHostsFiles } from "../peer/known_hosts_files.ts";
import type { HostNames } from "../policy/binds.ts";
import { FloodGuard } from "../policy/flood.ts";
import { GrantBook } from "../policy/grants.ts";
import type { KeyBlob } from "../ssh/public_key.ts";
import { BitwardenSource } from "../source/bitwarden/bitwarden_source.ts";
import { ChildRunner } from "../source/child_runner.ts";
import { AgentSession } from "./agent_session.ts";
import { AuditTrail, openAudit } from "./audit_trail.ts";
import { BitwardenSetup } from "./bitwarden_setup.ts";
import { Client, namesIn } from "./client.ts";
import { controlHandlers } from "./control_handlers.ts";
import { ControlSession } from "./control_session.ts";
import type { Daemon, DaemonParts } from "./daemon_parts.ts";
import { EventLoop } from "./event_loop.ts";
import { KeyLoader } from "./key_loader.ts";
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
  const grants = new GrantBook();
  const polkit = openPolkit(parts, stack, () => settings.config);
  const settings: Settings = new Settings(loaded, parts.load, ({ auth: { approver } }) => {
    if (approver === "none") return new NoneApprover();
    return approver === "polkit" ? polkit.queue : new AbsentApprover(approver);
  });
  const flood = new FloodGuard(floodLimitsOf(loaded.config));
  const audit = stack.use(
    new AuditTrail({ log, onFailure: () => settings.config.audit.onFailure, open: () => openAudit(settings.config) }),
  );
  audit.open();
  const knownHosts = new KnownHostsFiles(loaded.config.auth.knownHosts);
  const { listWhenLocked } = loaded.config.agent;
  const offer = new Offer(keyring, log, { cacheDir: parts.cacheDir, listWhenLocked });
  const bitwarden = new BitwardenSetup({ ...parts, memory, runner, config: () => settings.config });
  const vault = stack.use(
    new VaultService({
      log,
      offer,
      openSource: () => new BitwardenSource(bitwarden.settings()),
      newLoader: () => new KeyLoader({ source: "bitwarden", ssh: settings.config.ssh, keyring, memory, backend }),
      wipeKeys: () => {
        keyring.wipe();
        grants.revokeAll();
        polkit.queue.withdrawAll("The daemon locked");
      },
    }),
  );
  const signing = new SignService({
    keyring,
    log,
    rules: () => settings.signing,
    grants,
    flood,
    waiting: () => polkit.queue.state.waiting + (polkit.queue.state.shown ? 1 : 0),
    audit: (ask, decision) => audit.record(ask, decision),
    listed: (blob) => offer.listedLocked(blob),
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
    flood.limits = floodLimitsOf(config);
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
  let connections = 0;
  const agents: SocketServer = stack.use(
    new SocketServer(
      { ...server, listener: listeners.agent, name: "agent", maxConnections },
      (fd, credentials) => {
        // root may list: it could read our memory's owner out of existence anyway. Signing is policy's business.
        const { uid } = credentials;
        if (uid !== Deno.uid() && uid !== 0) return refuseUser(log, "agent", uid);
        const nameHost = (hostKey: KeyBlob): HostNames => namesIn(knownHosts.current(), hostKey);
        const client = new Client({ libc, fd, credentials, number: ++connections, nameHost });
        return new AgentSession({ log, signing, identities: () => offer.answer() }, client);
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
    auditHead: () => audit.head,
    approverHints: polkit.hints,
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
      grants.dropExpired({ wall: Date.now(), monotonic: now });
      giveBackFreeMemory(libc);
      log.flush(); // there may be no round of the loop for hours
    },
    [Symbol.asyncDispose]: () => resources.disposeAsync(),
  };
}

/**
 * How many agent connections there may be. Each takes a socket and, once it signs, a pidfd of who is there; half of the
 * descriptors where a small limit leaves no reserve.
 */
function connectionsWithin({ soft = Infinity }: Limit, wanted: number): number {
  return Math.min(wanted, Math.floor(Math.max(soft - RESERVED_FILES, soft / 2) / 2));
}

/** polkit behind a queue. Nothing is connected, and libdbus not loaded, before somebody is to be asked. */
function openPolkit(
  { libc, log, loaded }: DaemonParts,
  stack: AsyncDisposableStack,
  config: () => Config,
): { readonly queue: PromptQueue; readonly hints: () => readonly string[] } {
  const { systemBus } = loaded.config.auth;
  const bus = stack.use(new Bus({ socketPath: systemBus?.replace(/^unix:path=/, "") ?? SYSTEM_BUS }));
  const approver = new PolkitApprover({
    authority: new PolkitAuthority(bus),
    ourUid: Deno.uid() ?? -1,
    subjectFor: (peer) => config().auth.subject === "daemon" ? ownSubject(libc) : peerSubject(libc, peer),
    interactive: true,
    onHint: (hint) => log.warning(hint),
  });
  const limits = (): QueueLimits => {
    const { queue, promptSeconds } = config().auth;
    return { maxWaiting: queue, deadlineMs: promptSeconds * 1000 };
  };
  return { queue: new PromptQueue(approver, limits), hints: () => approver.hints };
}

function refuseUser(log: Log, socket: string, uid: number): undefined {
  log.warning(`closed a connection to the ${socket} socket: it came from uid ${uid}`);
  return undefined;
}

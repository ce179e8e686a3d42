/**
 * The user's service manager, through systemctl(1): whether it is there, what it does with our units, and asking it for
 * something.
 *
 * @module
 */

import { type Environment, variable } from "../config/paths.ts";
import { ServiceError } from "./error.ts";
import { SERVICE_UNIT, SOCKET_UNIT } from "./units.ts";

/** Starting waits until the daemon is ready (TimeoutStartSec=), stopping until it has ended, and this for both. */
const DEADLINE_MS = 60_000;
/** Everything systemctl needs to find the manager; its own switches (SYSTEMD_*, SYSTEMCTL_*) stay away from it. */
const PASSED = ["PATH", "HOME", "XDG_RUNTIME_DIR", "XDG_CONFIG_HOME", "DBUS_SESSION_BUS_ADDRESS"] as const;
/** systemctl(1), is-system-running: what a manager says that takes jobs. `degraded` only means that some unit failed. */
const SERVING = ["initializing", "starting", "running", "degraded"];

/** ActiveState of systemctl show: `active`, `inactive`, `failed`, `activating`, `deactivating`, `reloading`. */
export interface UnitStates {
  readonly service: string;
  readonly socket: string;
  /** Where the socket unit listens, as the manager has it. */
  readonly listens: readonly string[];
  /** The service unit's file; empty for a unit without one. */
  readonly file: string;
}

interface CommandOutcome {
  readonly code: number;
  readonly stdout: string;
  readonly stderr: string;
}

/** Speaks to the manager of the user who runs this. */
export class UserManager {
  readonly #env: Readonly<Record<string, string>>;

  constructor(env: Environment) {
    const passed = PASSED.flatMap((name) => {
      const value = variable(env, name);
      return value === undefined ? [] : [[name, value] as const];
    });
    this.#env = { ...Object.fromEntries(passed), LANG: "C.UTF-8" };
  }

  /** Whether there is one that takes jobs. */
  async answers(): Promise<boolean> {
    return SERVING.includes((await this.#run(["is-system-running"])).stdout.trim());
  }

  /** What it does with our units, or undefined where it does not have both or does not answer. */
  async units(): Promise<UnitStates | undefined> {
    const properties = ["LoadState", "ActiveState", "Listen", "FragmentPath"].map((name) => `--property=${name}`);
    const { code, stdout } = await this.#run(["show", ...properties, SERVICE_UNIT, SOCKET_UNIT]);
    return code === 0 ? parseUnits(stdout) : undefined;
  }

  /** @param args Such as `start`, `bwssh-agent.service`. @throws {ServiceError} `manager`, with what systemctl said. */
  async ask(...args: readonly string[]): Promise<void> {
    const { code, stderr } = await this.#run(args);
    if (code === 0) return;
    throw new ServiceError(
      "manager",
      `Cannot ${args.join(" ")}: ${stderr.trim().split("\n")[0] || `systemctl ended with ${code}`}`,
      `journalctl --user --unit=${SERVICE_UNIT} --lines=20`,
    );
  }

  /** Like {@linkcode UserManager.ask}, where nothing hangs on it. */
  async askQuietly(...args: readonly string[]): Promise<void> {
    await this.#run(args);
  }

  async #run(args: readonly string[]): Promise<CommandOutcome> {
    const stop = new AbortController();
    const timer = setTimeout(() => stop.abort(), DEADLINE_MS);
    try {
      const { code, stdout, stderr } = await new Deno.Command("systemctl", {
        args: ["--user", "--no-pager", "--no-ask-password", ...args],
        env: this.#env,
        clearEnv: true,
        signal: stop.signal,
        stdin: "null",
      }).output();
      const decoder = new TextDecoder();
      const said = stop.signal.aborted ? `no answer within ${DEADLINE_MS / 1000} s` : decoder.decode(stderr);
      return { code, stdout: decoder.decode(stdout), stderr: said };
    } catch (error) {
      if (!(error instanceof Deno.errors.NotFound)) throw error;
      return { code: 127, stdout: "", stderr: "systemctl is not installed" };
    } finally {
      clearTimeout(timer);
    }
  }
}

/**
 * Reads what `systemctl show` says of both units, in the order asked for.
 *
 * @returns Undefined if one of them is not loaded.
 */
export function parseUnits(text: string): UnitStates | undefined {
  const [service, socket] = text.split("\n\n").map(parseProperties);
  if (service?.get("LoadState")?.[0] !== "loaded" || socket?.get("LoadState")?.[0] !== "loaded") return undefined;
  return {
    service: service.get("ActiveState")?.[0] ?? "",
    socket: socket.get("ActiveState")?.[0] ?? "",
    listens: (socket.get("Listen") ?? []).map((listen) => unescape(listen.replace(/ \(\w+\)$/, ""))),
    file: service.get("FragmentPath")?.[0] ?? "",
  };
}

/** Of all the properties asked for, systemctl escapes this one as C would: quotes, backslashes, every byte above 126. */
function unescape(text: string): string {
  return text.replace(/((?:\\[0-3][0-7]{2})+)|\\(.)/g, (_, octal: string | undefined, plain: string) => {
    if (octal === undefined) return plain;
    return new TextDecoder().decode(
      Uint8Array.from(octal.split("\\").slice(1), (digits) => Number.parseInt(digits, 8)),
    );
  });
}

function parseProperties(block: string): ReadonlyMap<string, readonly string[]> {
  const found = new Map<string, string[]>();
  for (const line of block.split("\n")) {
    const equals = line.indexOf("=");
    if (equals > 0) {
      found.set(line.slice(0, equals), [...found.get(line.slice(0, equals)) ?? [], line.slice(equals + 1)]);
    }
  }
  return found;
}

/**
 * The program under test with XDG directories of its own, and its daemon.
 *
 * Not for: looking inside; tests see what a user sees: commands, sockets, files, the log.
 *
 * @module
 */

import { BackgroundProcess } from "./background.ts";
import { bwsshBinary, lendUnpacked } from "./binary.ts";
import type { BwAccount } from "./bw.ts";
import { baseEnv, CommandError, type Env, run, type RunOptions, type RunResult } from "./process.ts";
import { makeTempDir, type TempDir } from "./temp.ts";

/** What a user of bwssh has set up. */
export interface HomeOptions {
  /** The text of config.toml; no file if left out. */
  readonly config?: string;
  /** Variables beside the XDG directories. */
  readonly env?: Env;
  /** Fills in `[bitwarden]` variables: where bw's data lies and whom it trusts. Its `bw_path` goes into the config. */
  readonly bw?: BwAccount;
  /** The program, instead of the built one. */
  readonly binary?: string;
}

/** A user's directories. Survives daemons, as a home does. */
export class BwsshHome implements Disposable {
  readonly #dir: TempDir;
  readonly #binary: string;
  /** The environment of every command and daemon in it. */
  readonly env: Env;

  private constructor(dir: TempDir, binary: string, { env = {}, bw, config }: HomeOptions) {
    this.#dir = dir;
    this.#binary = binary;
    this.env = {
      ...baseEnv(dir.dir("home")),
      XDG_RUNTIME_DIR: dir.dir("run"),
      XDG_CONFIG_HOME: dir.dir("config"),
      XDG_STATE_HOME: dir.dir("state"),
      XDG_CACHE_HOME: dir.dir("cache"),
      XDG_DATA_HOME: dir.dir("data"),
      ...bw?.daemonEnv,
      ...env,
    };
    dir.dir("config", "bwssh");
    if (config !== undefined) this.writeConfig(config);
  }

  /** Makes one. @throws {Error} If the program cannot be built. */
  static async create(options: HomeOptions = {}): Promise<BwsshHome> {
    const dir = makeTempDir("home");
    try {
      const binary = options.binary ?? await bwsshBinary();
      if (options.binary === undefined) await lendUnpacked(dir.dir("cache"));
      return new BwsshHome(dir, binary, options);
    } catch (error) {
      dir[Symbol.dispose]();
      throw error;
    }
  }

  /** The directory that holds all of it, for searching. */
  get path(): string {
    return this.#dir.path;
  }

  get agentSocket(): string {
    return this.env["BWSSH_AGENT_SOCKET"] ?? this.#dir.join("run", "bwssh", "agent.sock");
  }

  get controlSocket(): string {
    return this.env["BWSSH_CONTROL_SOCKET"] ?? this.#dir.join("run", "bwssh", "control.sock");
  }

  /** Writes config.toml, or `config.d/NAME`. @returns Its path. */
  writeConfig(text: string, dropIn?: string): string {
    if (dropIn === undefined) return this.#dir.write("config/bwssh/config.toml", text);
    this.#dir.dir("config", "bwssh", "config.d");
    return this.#dir.write(`config/bwssh/config.d/${dropIn}`, text);
  }

  /** The environment of ssh, git and the like: with this agent, without anything of the user's. */
  get clientEnv(): Env {
    return { ...baseEnv(this.#dir.join("home")), SSH_AUTH_SOCK: this.agentSocket };
  }

  /** The words that start the program, for tests that wrap it (in strace, say). */
  argv(args: readonly string[]): readonly string[] {
    return [this.#binary, ...args];
  }

  /** Runs a command; any exit code is an answer. */
  bwssh(args: readonly string[], options: Partial<RunOptions> = {}): Promise<RunResult> {
    return run(this.argv(args), { ...options, env: { ...this.env, ...options.env } });
  }

  /** Runs a command that must succeed. @throws {CommandError} */
  async bwsshOk(args: readonly string[], options: Partial<RunOptions> = {}): Promise<RunResult> {
    const result = await this.bwssh(args, options);
    if (result.code === 0) return result;
    throw new CommandError(`bwssh ${args.join(" ")} exited with ${result.code}: ${result.stderr.trim()}`);
  }

  /** Runs a listing with `--json`. @throws {CommandError} @throws {SyntaxError} */
  async bwsshJson(args: readonly string[]): Promise<unknown> {
    return JSON.parse((await this.bwsshOk([...args, "--json"])).text);
  }

  /** Starts a daemon and waits for its control socket. @throws {CommandError} With its log. @throws {DeadlineError} */
  async start(words: readonly string[] = ["daemon", "--foreground"]): Promise<Daemon> {
    const process = new BackgroundProcess(this.argv(words), { env: this.env, cwd: this.#dir.path });
    try {
      await process.waitForSocket(this.controlSocket);
      return new Daemon(this, process);
    } catch (error) {
      await process.stop();
      throw error;
    }
  }

  [Symbol.dispose](): void {
    this.#dir[Symbol.dispose]();
  }
}

/** A running daemon. */
export class Daemon implements AsyncDisposable {
  readonly home: BwsshHome;
  readonly #process: BackgroundProcess;
  /** Whether the home ends with it. */
  readonly #ownsHome: boolean;

  /** Made by {@linkcode BwsshHome.start} and {@linkcode startDaemon}. */
  constructor(home: BwsshHome, process: BackgroundProcess, { ownsHome = false } = {}) {
    this.home = home;
    this.#process = process;
    this.#ownsHome = ownsHome;
  }

  get pid(): number {
    return this.#process.pid;
  }

  get agentSocket(): string {
    return this.home.agentSocket;
  }

  get controlSocket(): string {
    return this.home.controlSocket;
  }

  /** Everything it has written to stderr so far. */
  get log(): string {
    return this.#process.stderr;
  }

  /** The process, for signals and for waiting. */
  get process(): BackgroundProcess {
    return this.#process;
  }

  /** As {@linkcode BwsshHome.bwssh}. */
  bwssh(args: readonly string[], options: Partial<RunOptions> = {}): Promise<RunResult> {
    return this.home.bwssh(args, options);
  }

  /** `bwssh unlock` with a session key by stdin, which must succeed. @throws {CommandError} With the log. */
  async unlock(session: Uint8Array): Promise<RunResult> {
    const result = await this.bwssh(["unlock", "--session-stdin"], { stdin: session, deadline: UNLOCK_DEADLINE });
    if (result.code === 0) return result;
    throw new CommandError(`bwssh unlock exited with ${result.code}: ${result.stderr.trim()}\nlog:\n${this.log}`);
  }

  /** SIGTERM, then SIGKILL. */
  stop(): Promise<Deno.CommandStatus> {
    return this.#process.stop();
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.stop();
    if (this.#ownsHome) this.home[Symbol.dispose]();
  }
}

/** One run of `bw` with 5,000 items on a loaded machine. */
const UNLOCK_DEADLINE = 180_000;

/** Starts a daemon in a home of its own, which ends with it. @throws {CommandError} @throws {DeadlineError} */
export async function startDaemon(options: HomeOptions = {}): Promise<Daemon> {
  const home = await BwsshHome.create(options);
  try {
    return new Daemon(home, (await home.start()).process, { ownsHome: true });
  } catch (error) {
    home[Symbol.dispose]();
    throw error;
  }
}

/** The `[bitwarden]` table for an account of the test vault; `more` are further lines of it. */
export function bitwardenTable(bw: BwAccount, more: readonly string[] = []): string {
  const path = `bw_path = [${bw.words.map((word) => JSON.stringify(word)).join(", ")}]`;
  return ["[bitwarden]", path, `data_dir = ${JSON.stringify(bw.dataDir)}`, ...more, ""].join("\n");
}

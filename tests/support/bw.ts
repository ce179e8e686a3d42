/**
 * The real `bw` with a data directory of its own, pointed at a test vault.
 *
 * Not for: installing it (`tools/setup_bw.ts`).
 *
 * @module
 */

import type { BwProgram } from "../../tools/setup_bw.ts";
import { BackgroundProcess } from "./background.ts";
import { baseEnv, CommandError, type Env, run, type RunOptions, type RunResult } from "./process.ts";
import { makeTempDir, type TempDir } from "./temp.ts";
import type { VaultServer } from "./vault_server.ts";

/** What differs from one call to another. */
export interface BwCall extends Partial<RunOptions> {
  /** A session key; without one the vault is locked. */
  readonly session?: Uint8Array;
}

/** A vault of 5,000 items on a loaded machine; without either it is seconds. */
const BW_DEADLINE = 180_000;

/** The base64 of 64 bytes. */
const SESSION_LENGTH = 88;

/** One logged-out, logged-in or unlocked `bw`. */
export class BwAccount implements AsyncDisposable {
  readonly #server: VaultServer;
  readonly #bw: BwProgram;
  readonly #dir: TempDir;
  /** The whole environment of `bw`; holds no secret. */
  readonly env: Env;

  constructor(server: VaultServer, bw: BwProgram) {
    this.#server = server;
    this.#bw = bw;
    this.#dir = makeTempDir("bw");
    const home = this.#dir.dir("home");
    const xdg = ["CONFIG", "CACHE", "STATE", "DATA"].map((
      kind,
    ) => [`XDG_${kind}_HOME`, this.#dir.dir("xdg", kind.toLowerCase())]);
    this.env = {
      ...baseEnv(home),
      ...Object.fromEntries(xdg),
      BITWARDENCLI_APPDATA_DIR: this.#dir.dir("data"),
      NODE_EXTRA_CA_CERTS: server.authorityFile,
    };
  }

  /** What a daemon needs in its environment so that the `bw` it starts is this one. */
  get daemonEnv(): Env {
    return { BITWARDENCLI_APPDATA_DIR: this.dataDir, NODE_EXTRA_CA_CERTS: this.#server.authorityFile };
  }

  /** The command line's first words, for `[bitwarden] bw_path`. */
  get words(): readonly string[] {
    return this.#bw.words;
  }

  /** Where its data lies, for `[bitwarden] data_dir`. */
  get dataDir(): string {
    return this.#dir.join("data");
  }

  /**
   * A second, independent account directory in the same state: cheaper than a second login, and its fate is its own.
   * A session key of the first opens both.
   */
  clone(): BwAccount {
    const copy = new BwAccount(this.#server, this.#bw);
    for (const { name, isFile } of Deno.readDirSync(this.dataDir)) {
      if (isFile) Deno.copyFileSync(`${this.dataDir}/${name}`, `${copy.dataDir}/${name}`);
    }
    return copy;
  }

  /** Runs `bw` with some arguments, never prompting; any exit code is an answer. */
  run(args: readonly string[], call: BwCall = {}): Promise<RunResult> {
    const { session, ...options } = call;
    return run([...this.words, "--nointeraction", ...args], {
      deadline: BW_DEADLINE,
      cwd: this.#dir.path,
      ...options,
      env: { ...this.env, ...options.env, ...sessionEnv(session) },
    });
  }

  /** Starts `bw` beside the test, for calls that hang or serve. */
  start(args: readonly string[], { session }: BwCall = {}): BackgroundProcess {
    const env = { ...this.env, ...sessionEnv(session) };
    return new BackgroundProcess([...this.words, "--nointeraction", ...args], { env, cwd: this.#dir.path });
  }

  /** Runs `bw`, which must succeed. @throws {CommandError} With stderr, never stdout. */
  async runOk(args: readonly string[], call: BwCall = {}): Promise<RunResult> {
    const result = await this.run(args, call);
    if (result.code !== 0) throw new CommandError(`bw ${args[0]} exited with ${result.code}: ${result.stderr.trim()}`);
    return result;
  }

  /**
   * Runs `bw`, which must print JSON, and ends it as soon as it has: it would linger for two seconds.
   *
   * @throws {CommandError} @throws {DeadlineError}
   */
  async json(args: readonly string[], call: BwCall = {}): Promise<unknown> {
    await using child = this.start(args, call);
    const what = `the JSON of bw ${args.join(" ")}`;
    const { parsed } = await child.waitUntil(() => whole(child.stdout), { milliseconds: BW_DEADLINE, what });
    return parsed;
  }

  /** `bw config server` with the test vault's address. */
  async configureServer(): Promise<void> {
    await this.runOk(["config", "server", this.#server.url]);
  }

  /**
   * Logs in with the password.
   *
   * @returns A session key: the vault is unlocked with it.
   */
  async login(): Promise<Uint8Array> {
    const { email } = this.#server.account;
    const { stdout } = await this.runOk(["login", email, "--passwordenv", PASSWORD, "--raw"], this.#withPassword());
    return sessionKey(stdout);
  }

  /** Logs in with the API key; the vault stays locked. */
  async loginApiKey(): Promise<void> {
    const { clientId, clientSecret } = this.#server.account;
    await this.runOk(["login", "--apikey"], { env: { BW_CLIENTID: clientId, BW_CLIENTSECRET: clientSecret } });
  }

  /**
   * Unlocks the vault, which makes every earlier session key worthless. Tries twice: the first unlock after an API-key
   * login talks to the server, and on a failure there only the second counts.
   *
   * @returns The session key, 88 bytes of base64.
   */
  async unlockRaw(): Promise<Uint8Array> {
    const words = ["unlock", "--passwordenv", PASSWORD, "--raw"];
    const first = await this.run(words, this.#withPassword());
    if (first.code === 0) return sessionKey(first.stdout);
    return sessionKey((await this.runOk(words, this.#withPassword())).stdout);
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.#dir[Symbol.asyncDispose]();
  }

  #withPassword(): BwCall {
    return { env: { [PASSWORD]: this.#server.account.password } };
  }
}

const PASSWORD = "BWSSH_TEST_PASSWORD";

/** Cheap to ask of a text that grows: it is parsed only where it may be complete. */
function whole(text: string): { readonly parsed: unknown } | undefined {
  if (!/[\]}]\s*$/.test(text.slice(-3))) return undefined;
  try {
    return { parsed: JSON.parse(text) };
  } catch {
    return undefined;
  }
}

function sessionEnv(session: Uint8Array | undefined): Env {
  return session === undefined ? {} : { BW_SESSION: new TextDecoder().decode(session) };
}

function sessionKey(stdout: Uint8Array): Uint8Array {
  if (stdout.length !== SESSION_LENGTH) {
    throw new CommandError(`bw printed ${stdout.length} bytes where a session key has ${SESSION_LENGTH}`);
  }
  return stdout;
}

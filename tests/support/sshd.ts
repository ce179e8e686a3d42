/**
 * A real OpenSSH server on a loopback port, run as whoever runs the tests, with keys and configuration of its own, and
 * the client's side of it: known_hosts, ssh_config, commands.
 *
 * Not for: logging in as somebody else, nor for anything that reads the machine's own SSH configuration.
 *
 * @module
 */

import { BackgroundProcess } from "./background.ts";
import { until } from "./deadline.ts";
import { baseEnv, CommandError, type Env, run, type RunOptions, type RunResult } from "./process.ts";
import { killAll, processesBelow } from "./process_tree.ts";
import { HOST_KEY_TYPES, prepareSshd, serverConfig, type SshdOptions } from "./sshd_setup.ts";
import { makeTempDir, type TempDir } from "./temp.ts";

/** How a client goes about it. */
export interface SshClientOptions {
  /** The agent's socket; no agent if left out. */
  readonly agent?: string;
  /** Private key files; none if left out, not even the user's own. */
  readonly identityFiles?: readonly string[];
  /** Further lines of ssh_config; they win over ours. */
  readonly config?: readonly string[];
}

/** Somebody else may take the port between our looking and sshd's binding. */
const START_ATTEMPTS = 5;

/** From SIGKILL to all sessions' ends. */
const SESSIONS_END = 5_000;

/** A running server. */
export class Sshd implements AsyncDisposable {
  readonly #dir: TempDir;
  readonly #process: BackgroundProcess;
  readonly port: number;
  readonly hostName: string;
  /** Lines `type base64`, in the order of {@linkcode HOST_KEY_TYPES}. */
  readonly hostKeys: readonly string[];
  #clients = 0;

  private constructor(dir: TempDir, process: BackgroundProcess, port: number, hostName: string) {
    this.#dir = dir;
    this.#process = process;
    this.port = port;
    this.hostName = hostName;
    this.hostKeys = HOST_KEY_TYPES.map((type) => {
      const [kind, body] = Deno.readTextFileSync(dir.join(`host_${type}.pub`)).split(" ");
      return `${kind} ${body}`;
    });
    dir.write("known_hosts", this.hostKeys.map((key) => `${hostName} ${key}\n`).join(""));
  }

  /** Starts one and waits until it listens. @throws {CommandError} With its log. @throws {DeadlineError} */
  static async start(options: SshdOptions = {}): Promise<Sshd> {
    const dir = makeTempDir("sshd");
    try {
      await prepareSshd(dir, options);
      for (let attempt = 1;; attempt++) {
        const port = freePort();
        const process = listen(dir, port, options);
        try {
          await process.waitFor(/Server listening on 127\.0\.0\.1/);
          await process.waitForPort(port);
          return new Sshd(dir, process, port, options.hostName ?? "host.bwssh.test");
        } catch (error) {
          await process.stop();
          const taken = error instanceof CommandError && error.message.includes("Address already in use");
          if (!taken || attempt === START_ATTEMPTS) throw error;
        }
      }
    } catch (error) {
      dir[Symbol.dispose]();
      throw error;
    }
  }

  /** Its log so far, at level VERBOSE: who logged in with which key. */
  get log(): string {
    return this.#process.stderr;
  }

  /** Waits for a line in its log. @throws {DeadlineError} */
  waitForLog(pattern: RegExp): Promise<RegExpExecArray> {
    return this.#process.waitFor(pattern);
  }

  /** Whose home directory logins have. */
  get home(): string {
    return this.#dir.join("home");
  }

  get knownHostsFile(): string {
    return this.#dir.join("known_hosts");
  }

  /** Lets a public key in; the server reads the file at each login. */
  authorize(...publicKeyLines: readonly string[]): void {
    const lines = publicKeyLines.map((line) => `${line}\n`).join("");
    Deno.writeTextFileSync(this.#dir.join("authorized_keys"), lines, { append: true });
  }

  /** Lets nobody in any more. */
  authorizeNobody(): void {
    this.#dir.write("authorized_keys", "");
  }

  /**
   * Writes a client configuration that reaches this server by its host name and asks nobody anything.
   *
   * @returns The file, for `ssh -F`, `sftp -F`, `scp -F` or `GIT_SSH_COMMAND`.
   */
  clientConfig({ agent = "none", identityFiles = ["none"], config = [] }: SshClientOptions = {}): string {
    const lines = [
      `Host ${this.hostName}`,
      // ssh takes the first value it meets.
      ...config.map((line) => `  ${line}`),
      "  HostName 127.0.0.1",
      `  Port ${this.port}`,
      `  HostKeyAlias ${this.hostName}`,
      `  User ${loginName()}`,
      `  UserKnownHostsFile ${this.knownHostsFile}`,
      "  GlobalKnownHostsFile /dev/null",
      "  StrictHostKeyChecking yes",
      "  UpdateHostKeys no",
      "  PreferredAuthentications publickey",
      "  BatchMode yes",
      "  ControlMaster no",
      "  ConnectTimeout 20",
      `  IdentityAgent ${agent}`,
      ...identityFiles.map((file) => `  IdentityFile ${file}`),
    ];
    return this.#dir.write(`ssh_config_${this.#clients++}`, lines.join("\n") + "\n");
  }

  /** Runs a command on the server. Any exit code is an answer; 255 is ssh's own. */
  ssh(
    command: readonly string[],
    client: SshClientOptions = {},
    options: Partial<RunOptions> = {},
  ): Promise<RunResult> {
    return run(["ssh", "-F", this.clientConfig(client), this.hostName, ...command], {
      env: this.clientEnv,
      ...options,
    });
  }

  /** The environment of client programs: nothing of the user's. */
  get clientEnv(): Env {
    return baseEnv(this.#dir.join("client-home"));
  }

  /** Makes a path below the logins' home directory, for repositories and files to copy. */
  homePath(name: string): string {
    return `${this.home}/${name}`;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    // Its sessions first, while it is there to wait for them: whose parent is gone stays a zombie where init is lazy.
    killAll(processesBelow(this.#process.pid));
    await until(() => processesBelow(this.#process.pid).length === 0 || undefined, SESSIONS_END, "sessions to end");
    await this.#process.stop();
    this.#dir[Symbol.dispose]();
  }
}

/** The account that runs the tests, which is the only one that an unprivileged sshd can log in. */
export function loginName(): string {
  const line = Deno.readTextFileSync("/etc/passwd").split("\n").find((each) =>
    Number(each.split(":")[2]) === Deno.uid()
  );
  const name = line?.split(":")[0];
  if (name === undefined) throw new TypeError(`Cannot find the login name of uid ${Deno.uid()}`);
  return name;
}

function listen(dir: TempDir, port: number, options: SshdOptions): BackgroundProcess {
  const file = dir.write("sshd_config", serverConfig(dir, port, options));
  // sshd wants its absolute path, because it runs itself anew for each connection.
  return new BackgroundProcess(["/usr/sbin/sshd", "-D", "-e", "-f", file], { env: baseEnv(dir.path) });
}

function freePort(): number {
  using listener = Deno.listen({ hostname: "127.0.0.1", port: 0 });
  return listener.addr.port;
}

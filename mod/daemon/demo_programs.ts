/**
 * OpenSSH's programs as the demo uses them, with an environment and directories of the demo's own.
 *
 * @module
 */

/** What a program did. */
export interface ProgramResult {
  readonly ok: boolean;
  readonly stdout: string;
  readonly stderr: string;
}

/** Where distributions put sshd, which is seldom in PATH. */
const SSHD_PATHS = ["/usr/sbin/sshd", "/usr/lib/ssh/sshd", "/usr/local/sbin/sshd", "/usr/bin/sshd"];
/** sshd is up in some 20 ms; a loaded machine takes longer. */
const LOGIN_ATTEMPTS = 40;
const LOGIN_PAUSE_MS = 250;

/** Runs programs against the demo's agent. */
export class DemoPrograms {
  readonly #root: string;
  readonly #env: Readonly<Record<string, string>>;

  constructor(root: string, agentSocket: string, path: string) {
    this.#root = root;
    this.#env = { PATH: `${path}:/usr/sbin`, HOME: root, SSH_AUTH_SOCK: agentSocket, LC_ALL: "C" };
  }

  /** Runs a program to its end. */
  async run(program: string, args: readonly string[], input?: string): Promise<ProgramResult> {
    try {
      const child = new Deno.Command(program, {
        args: [...args],
        env: this.#env,
        clearEnv: true,
        cwd: this.#root,
        stdin: input === undefined ? "null" : "piped",
        stdout: "piped",
        stderr: "piped",
      }).spawn();
      if (input !== undefined) {
        const writer = child.stdin.getWriter();
        await writer.write(new TextEncoder().encode(input));
        await writer.close();
      }
      const { success, stdout, stderr } = await child.output();
      const decoder = new TextDecoder();
      return { ok: success, stdout: decoder.decode(stdout), stderr: decoder.decode(stderr) };
    } catch (error) {
      return { ok: false, stdout: "", stderr: error instanceof Error ? error.message : String(error) };
    }
  }

  /** `ssh-keygen -Y sign` with the agent's key. @param line Its public key line. */
  async sign(line: string, namespace: string): Promise<ProgramResult> {
    Deno.writeTextFileSync(`${this.#root}/key.pub`, `${line}\n`);
    return await this.run("ssh-keygen", ["-Y", "sign", "-f", "key.pub", "-n", namespace], "a message\n");
  }

  /** The same, then `ssh-keygen -Y check-novalidate` on what came of it. */
  async signAndVerify(line: string): Promise<ProgramResult> {
    const signed = await this.sign(line, "demo");
    if (!signed.ok) return signed;
    Deno.writeTextFileSync(`${this.#root}/message.sig`, signed.stdout);
    return await this.run("ssh-keygen", ["-Y", "check-novalidate", "-n", "demo", "-s", "message.sig"], "a message\n");
  }

  /** Logs in to an sshd of our own. @returns undefined where there is no sshd. */
  async logIn(lines: readonly string[]): Promise<ProgramResult | undefined> {
    const sshd = SSHD_PATHS.find(isFile);
    if (sshd === undefined) return undefined;
    const hostKey = await this.run("ssh-keygen", ["-q", "-t", "ed25519", "-N", "", "-f", `${this.#root}/host`]);
    if (!hostKey.ok) return hostKey;
    Deno.writeTextFileSync(`${this.#root}/authorized_keys`, `${lines.join("\n")}\n`);
    const port = freePort();
    this.#writeConfigs(port);
    using _directory = privilegeSeparationDirectory();
    const server = new Deno.Command(sshd, {
      args: ["-D", "-e", "-f", `${this.#root}/sshd_config`],
      env: this.#env,
      clearEnv: true,
      stdin: "null",
      stdout: "null",
      stderr: "piped",
    }).spawn();
    try {
      return await this.#tryLogin();
    } finally {
      server.kill("SIGTERM");
      await server.output();
    }
  }

  async #tryLogin(): Promise<ProgramResult> {
    const args = ["-F", `${this.#root}/ssh_config`, "demo", "echo logged in by a key that no file holds"];
    for (let attempt = 1;; attempt++) {
      const result = await this.run("ssh", args);
      const isUp = !result.stderr.includes("Connection refused");
      if (isUp || attempt === LOGIN_ATTEMPTS) return result;
      await new Promise((resolve) => setTimeout(resolve, LOGIN_PAUSE_MS));
    }
  }

  #writeConfigs(port: number): void {
    const hostKey = Deno.readTextFileSync(`${this.#root}/host.pub`);
    Deno.writeTextFileSync(`${this.#root}/known_hosts`, `demo ${hostKey}`);
    Deno.writeTextFileSync(
      `${this.#root}/sshd_config`,
      [
        `Port ${port}`,
        "ListenAddress 127.0.0.1",
        `HostKey ${this.#root}/host`,
        `AuthorizedKeysFile ${this.#root}/authorized_keys`,
        `PidFile none`,
        "StrictModes no",
        "UsePAM no",
        "PasswordAuthentication no",
        "KbdInteractiveAuthentication no",
        "PermitRootLogin prohibit-password",
        "",
      ].join("\n"),
    );
    Deno.writeTextFileSync(
      `${this.#root}/ssh_config`,
      [
        "Host demo",
        "HostName 127.0.0.1",
        `Port ${port}`,
        "HostKeyAlias demo",
        `UserKnownHostsFile ${this.#root}/known_hosts`,
        "GlobalKnownHostsFile /dev/null",
        "StrictHostKeyChecking yes",
        "PreferredAuthentications publickey",
        "IdentityFile none",
        "BatchMode yes",
        "LogLevel ERROR",
        "",
      ].join("\n"),
    );
  }
}

/** sshd as root wants its empty directory; one that was not there before goes again. */
function privilegeSeparationDirectory(): Disposable {
  const path = "/run/sshd";
  try {
    if (Deno.uid() !== 0) return { [Symbol.dispose]: () => undefined };
    Deno.mkdirSync(path, { mode: 0o755 });
    return { [Symbol.dispose]: () => Deno.removeSync(path) };
  } catch {
    return { [Symbol.dispose]: () => undefined }; // it is there
  }
}

function isFile(path: string): boolean {
  try {
    return Deno.statSync(path).isFile;
  } catch {
    return false;
  }
}

/** A port that is free now; sshd says so if it no longer is. */
function freePort(): number {
  using listener = Deno.listen({ hostname: "127.0.0.1", port: 0 });
  return listener.addr.port;
}

/**
 * Git for tests: repositories and commands that read no configuration of the user's.
 *
 * Not for: the project's own repository.
 *
 * @module
 */

import { type Env, runOk, type RunResult } from "./process.ts";
import type { SshClientOptions, Sshd } from "./sshd.ts";

const IDENTITY = { name: "Test Author", email: "author@bwssh.test" } as const;

/** Git over SSH to a test server. */
export class Git {
  readonly #env: Env;

  /** @param server The server. @param client How ssh authenticates. */
  constructor(server: Sshd, client: SshClientOptions) {
    this.#env = {
      ...server.clientEnv,
      GIT_CONFIG_NOSYSTEM: "1",
      GIT_CONFIG_GLOBAL: "/dev/null",
      GIT_TERMINAL_PROMPT: "0",
      GIT_AUTHOR_NAME: IDENTITY.name,
      GIT_AUTHOR_EMAIL: IDENTITY.email,
      GIT_COMMITTER_NAME: IDENTITY.name,
      GIT_COMMITTER_EMAIL: IDENTITY.email,
      GIT_SSH_COMMAND: `ssh -F ${server.clientConfig(client)}`,
      // For ssh-keygen, by which git signs.
      ...(client.agent === undefined ? {} : { SSH_AUTH_SOCK: client.agent }),
    };
  }

  /** Runs git, which must succeed. @throws {CommandError} */
  run(args: readonly string[], cwd?: string): Promise<RunResult> {
    return runOk(["git", ...args], { env: this.#env, ...(cwd === undefined ? {} : { cwd }) });
  }

  /**
   * Makes an empty bare repository in the server's home directory.
   *
   * @returns Its address for clone, push and fetch.
   */
  async serve(server: Sshd, name: string): Promise<string> {
    const path = server.homePath(name);
    await this.run(["init", "--quiet", "--bare", "--initial-branch=main", path]);
    return `ssh://${server.hostName}${path}`;
  }

  /** Commits one file; `words` go to `git commit`. */
  async commit(repository: string, file: string, content: string, words: readonly string[] = []): Promise<void> {
    Deno.writeTextFileSync(`${repository}/${file}`, content);
    await this.run(["add", "--", file], repository);
    await this.run(["commit", "--quiet", "--message", `Change ${file}`, ...words], repository);
  }
}

/**
 * Signatures by `ssh-keygen -Y` through an agent, verified by `ssh-keygen` and not by us.
 *
 * Not for: logins (`sshd.ts`).
 *
 * @module
 */

import { baseEnv, type Env, run, type RunResult } from "./process.ts";
import { makeTempDir, type TempDir } from "./temp.ts";

const MESSAGE = "a text to sign\n";

/** Signs and verifies with the keys of one agent. */
export class SshSig implements Disposable {
  readonly #dir: TempDir = makeTempDir("sshsig");
  readonly #env: Env;
  readonly #prefix: readonly string[];
  #signed = 0;

  /** @param agent The agent's socket. @param prefix Words before the command line that signs, as of setpriv(1). */
  constructor(agent: string, prefix: readonly string[] = []) {
    this.#prefix = prefix;
    this.#env = { ...baseEnv(this.#dir.path), SSH_AUTH_SOCK: agent };
  }

  /** Where the files for signing lie. */
  get path(): string {
    return this.#dir.path;
  }

  /** Signs a text. Any exit code is an answer; standard output is the signature. */
  async sign(publicKey: string, namespace = "file"): Promise<RunResult> {
    const key = this.#dir.write(`key-${this.#signed++}.pub`, `${publicKey}\n`, 0o644);
    return await run([...this.#prefix, "ssh-keygen", "-q", "-Y", "sign", "-n", namespace, "-f", key], {
      env: this.#env,
      stdin: MESSAGE,
    });
  }

  /** Whether the agent gives a signature that verifies. @returns What `ssh-keygen` says, or undefined if it is refused. */
  async signAndVerify(publicKey: string, namespace = "file"): Promise<string | undefined> {
    const { code, stdout } = await this.sign(publicKey, namespace);
    if (code !== 0) return undefined;
    const signature = this.#dir.write(`signature-${this.#signed}`, stdout);
    const words = ["ssh-keygen", "-Y", "check-novalidate", "-n", namespace, "-s", signature];
    const verified = await run(words, { env: this.#env, stdin: MESSAGE });
    return verified.code === 0 ? verified.text.trim() : undefined;
  }

  [Symbol.dispose](): void {
    this.#dir[Symbol.dispose]();
  }
}

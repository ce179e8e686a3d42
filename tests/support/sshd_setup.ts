/**
 * The files that a test's OpenSSH server is started with.
 *
 * Not for: starting it (`sshd.ts`).
 *
 * @module
 */

import { baseEnv, type Env, run, runOk, type RunResult } from "./process.ts";
import type { TempDir } from "./temp.ts";

/** The types of host keys that the server has. */
export const HOST_KEY_TYPES = ["ed25519", "ecdsa", "rsa"] as const;

/** What the server is like. */
export interface SshdOptions {
  /** Lines of the authorized_keys file; more can come with {@linkcode Sshd.authorize}. */
  readonly authorizedKeys?: readonly string[];
  /** The name that clients know it by: the alias in ssh_config and known_hosts. */
  readonly hostName?: string;
  /** Whether clients may forward their agent; yes if left out. */
  readonly allowAgentForwarding?: boolean;
  /** Further lines of sshd_config. */
  readonly config?: readonly string[];
}

/** Makes host keys, authorized_keys and the directories. */
export async function prepareSshd(dir: TempDir, { authorizedKeys = [] }: SshdOptions): Promise<void> {
  const env = baseEnv(dir.path);
  const keygen = (type: string): Promise<RunResult> => {
    const size = type === "rsa" ? ["-b", "2048"] : [];
    return runOk(["ssh-keygen", "-q", "-t", type, ...size, "-N", "", "-C", "", "-f", dir.join(`host_${type}`)], {
      env,
    });
  };
  await Promise.all(HOST_KEY_TYPES.map(keygen));
  dir.write("penalties", await penalizes(env) ? "PerSourcePenalties no\n" : "");
  dir.write("authorized_keys", authorizedKeys.map((line) => `${line}\n`).join(""));
  dir.dir("home");
  dir.dir("client-home");
  // As root sshd separates privileges and chroots its untrusted half to this directory, which Debian makes at boot.
  if (Deno.uid() === 0) Deno.mkdirSync("/run/sshd", { recursive: true, mode: 0o755 });
}

/**
 * The text of sshd_config.
 *
 * @param dir What {@linkcode prepareSshd} filled.
 */
export function serverConfig(
  dir: TempDir,
  port: number,
  { allowAgentForwarding = true, config = [] }: SshdOptions,
): string {
  const lines = [
    "ListenAddress 127.0.0.1",
    `Port ${port}`,
    ...HOST_KEY_TYPES.map((type) => `HostKey ${dir.join(`host_${type}`)}`),
    `AuthorizedKeysFile ${dir.join("authorized_keys")}`,
    // The files lie below /tmp, which everybody may write to.
    "StrictModes no",
    "UsePAM no",
    "PermitRootLogin prohibit-password",
    "PasswordAuthentication no",
    "KbdInteractiveAuthentication no",
    "PermitUserRC no",
    "PrintMotd no",
    "PidFile none",
    "LogLevel VERBOSE",
    "MaxAuthTries 100",
    "MaxStartups 500",
    "MaxSessions 100",
    `AllowAgentForwarding ${allowAgentForwarding ? "yes" : "no"}`,
    "Subsystem sftp internal-sftp",
    // Keeps the shell from reading the start-up files of whoever runs the tests.
    `SetEnv HOME=${dir.join("home")}`,
    `Include ${dir.join("penalties")}`,
    ...config,
  ];
  return lines.join("\n") + "\n";
}

/** From 9.8 sshd locks a source out that fails to log in again and again, as tests of refusals do. */
async function penalizes(env: Env): Promise<boolean> {
  const { stderr } = await run(["ssh", "-V"], { env });
  const [, major = "0", minor = "0"] = /OpenSSH_(\d+)\.(\d+)/.exec(stderr) ?? [];
  return Number(major) > 9 || (Number(major) === 9 && Number(minor) >= 8);
}

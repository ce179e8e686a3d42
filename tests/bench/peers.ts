/**
 * The agents that are compared, holding the same keys: OpenSSH's ssh-agent, and bwssh, which has them from a vault.
 *
 * The vault is a stand-in for `bw` that prints a listing, because the real one takes seconds and has nothing to do with
 * what is measured here. Not for: tests of the vault; those use the real `bw`.
 *
 * @module
 */

import { BackgroundProcess } from "../support/background.ts";
import { until } from "../support/deadline.ts";
import { baseEnv, type Env, runOk } from "../support/process.ts";
import type { TempDir } from "../support/temp.ts";
import { type BenchKey, vaultListing } from "./keys.ts";

/** An agent that runs. */
export interface Peer extends AsyncDisposable {
  readonly name: string;
  readonly socket: string;
  readonly pid: number;
}

/** bwssh, with what its command line needs. */
export interface Bwssh extends Peer {
  readonly env: Env;
  readonly binary: string;
  /** Loads the keys. @returns What it took, and what the stand-in for `bw` saw of it. */
  unlock(): Promise<Unlocked>;
}

/** How an unlock went. */
export interface Unlocked {
  /** Processes of `bw` that it started. */
  readonly calls: number;
  /** From the last byte of JSON that `bw` wrote to the end of `bwssh unlock`, in milliseconds. */
  readonly ownMilliseconds: number;
}

/** How to start bwssh. */
export interface BwsshOptions {
  readonly binary: string;
  readonly keys: readonly BenchKey[];
  /** Other items of the vault. */
  readonly logins?: number;
  readonly logLevel?: "warning" | "info";
}

/** Any 64 bytes in base64: the stand-in asks for no more, and bwssh for no less. */
const SESSION = `${"A".repeat(86)}==`;

/** For something that takes milliseconds. */
const PATIENCE = 10_000;

/** Starts OpenSSH's agent and adds the keys. */
export async function startSshAgent(dir: TempDir, keys: readonly BenchKey[]): Promise<Peer> {
  const home = dir.dir("ssh-agent");
  const env = baseEnv(home);
  const socket = `${home}/agent.sock`;
  const process = new BackgroundProcess(["ssh-agent", "-D", "-a", socket], { env });
  await process.waitForSocket(socket);
  await runOk(["ssh-add", "-q", ...keys.map((key) => key.file)], { env: { ...env, SSH_AUTH_SOCK: socket } });
  return { name: "ssh-agent", socket, pid: process.pid, [Symbol.asyncDispose]: () => process[Symbol.asyncDispose]() };
}

/** Starts a daemon on a vault that holds the keys; it is locked until {@linkcode Bwssh.unlock}. */
export async function startBwssh(dir: TempDir, options: BwsshOptions): Promise<Bwssh> {
  const { binary, keys, logins = 0, logLevel = "warning" } = options;
  const home = dir.dir(`bwssh-${logLevel}`);
  const bw = await makeVault(dir, home, await vaultListing(keys, logins));
  const env = {
    ...baseEnv(home),
    BWSSH_CONFIG: `${home}/config.toml`,
    BWSSH_RUNTIME_DIR: `${home}/run`,
  };
  await Deno.writeTextFile(env.BWSSH_CONFIG, config(bw, logLevel), { mode: 0o600 });
  // The log goes to a file: reading it here would take from the processor what is to be measured.
  const argv = ["/bin/sh", "-c", 'exec "$@" 2>"$0"', `${home}/log`, binary, "daemon", "--foreground"];
  const process = new BackgroundProcess(argv, { env });
  const socket = `${env.BWSSH_RUNTIME_DIR}/agent.sock`;
  try {
    await process.waitForSocket(socket);
  } catch (cause) {
    throw new Error(`Cannot start bwssh: ${(await Deno.readTextFile(`${home}/log`)).trim()}`, { cause });
  }
  return {
    ...{ name: "bwssh", socket, pid: process.pid, env, binary },
    unlock: () => unlock(binary, env, home),
    [Symbol.asyncDispose]: () => process[Symbol.asyncDispose](),
  };
}

/**
 * Like the real one it lingers after its last byte. It notes the time at which its output was complete, even if it is
 * asked to end at that very moment.
 */
async function makeVault(dir: TempDir, home: string, listing: string): Promise<string> {
  await Deno.writeTextFile(`${home}/items.json`, listing, { mode: 0o600 });
  const script = `#!/bin/sh
trap stop=1 TERM
echo call >>'${home}/calls'
cat '${home}/items.json'
date +%s%N >'${home}/complete'
trap - TERM
[ -n "$stop" ] || exec sleep 2
`;
  return dir.write(`bw-${home.slice(home.lastIndexOf("/") + 1)}`, script, 0o700);
}

function config(bw: string, logLevel: string): string {
  return `[daemon]
log_level = "${logLevel}"
[bitwarden]
bw_path = "${bw}"
mode = "query"
query = "type:ssh"
[auth]
approver = "none"
[[rules]]
action = "allow"
keys = ["bench-*"]
kinds = ["auth"]
`;
}

async function unlock(binary: string, env: Env, home: string): Promise<Unlocked> {
  await Deno.writeTextFile(`${home}/calls`, "");
  await Deno.writeTextFile(`${home}/complete`, "");
  await runOk([binary, "unlock", "--session-stdin"], { env, stdin: SESSION });
  const ended = performance.timeOrigin + performance.now();
  const noted = async (): Promise<string | undefined> => await Deno.readTextFile(`${home}/complete`) || undefined;
  const complete = Number(await until(noted, PATIENCE, "the stand-in for bw to note the time")) / 1e6;
  const calls = (await Deno.readTextFile(`${home}/calls`)).split("\n").length - 1;
  return { calls, ownMilliseconds: ended - complete };
}

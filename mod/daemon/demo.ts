/**
 * `bwssh demo`: the main job without a vault. Keys are made in locked memory, a daemon serves them in a directory of its
 * own, and OpenSSH's own programs list them, sign, verify, and log in to an sshd on the loopback.
 *
 * @module
 */

import type { BuildInfo } from "../config/build_info.ts";
import { verifyChain } from "../audit/chain.ts";
import { parseEntry } from "../audit/entry.ts";
import { readAuditLines } from "../client/audit_reader.ts";
import type { Launch } from "../config/launch.ts";
import { loadConfig } from "../config/load.ts";
import type { Environment } from "../config/paths.ts";
import { hardenProcess, raiseFileLimit, raiseMemlockLimit } from "../../ffi/harden.ts";
import { openLibc } from "../../ffi/libc.ts";
import { generateKey } from "../keys/generate.ts";
import { composeDaemon } from "./compose.ts";
import type { Daemon } from "./daemon_parts.ts";
import { DemoPrograms } from "./demo_programs.ts";
import { openListeners } from "./listeners.ts";
import { Log } from "./log.ts";

const CONFIG = `# the demo's configuration: nobody is asked, one rule allows the demo's keys
[auth]
approver = "none"
[[rules]]
action = "allow"
keys = ["demo-*"]
kinds = ["auth", "sshsig:demo"]
`;

/** What the demo is told from outside. */
export interface DemoOptions {
  readonly build: BuildInfo;
  readonly launch: Launch;
  readonly env: Environment;
  readonly uid: number;
}

/** Runs the demo. @returns 0 if every step that could be taken went well. */
export async function runDemo(options: DemoOptions): Promise<number> {
  const root = Deno.makeTempDirSync({ prefix: "bwssh-demo-" });
  try {
    return await demonstrate(root, options);
  } finally {
    Deno.removeSync(root, { recursive: true });
  }
}

async function demonstrate(root: string, { build, env, uid }: DemoOptions): Promise<number> {
  using libc = openLibc();
  hardenProcess(libc);
  const memlock = raiseMemlockLimit(libc);
  const files = raiseFileLimit(libc);
  Deno.umask(0o077);
  const auditFile = `${root}/state/audit.jsonl`;
  Deno.writeTextFileSync(`${root}/config.toml`, `${CONFIG}[audit]\nfile = ${JSON.stringify(auditFile)}\n`);
  const own: Record<string, string> = { BWSSH_CONFIG: `${root}/config.toml`, BWSSH_RUNTIME_DIR: `${root}/run` };
  const load = () => loadConfig({ env: (name) => own[name], uid });
  const loaded = await load();
  const log = new Log("info", writeError);
  using listeners = openListeners(libc, { ...loaded.config.daemon, inherited: 0 });
  const path = env("PATH") ?? "/usr/bin:/bin";
  await using daemon = await composeDaemon(
    { libc, log, listeners, loaded, load, build, memlock, files, cacheDir: undefined, environment: () => undefined },
  );
  fill(daemon);
  const serving = daemon.run();
  try {
    say(`bwssh ${build.version} (${build.kind}); two keys were made in ${daemon.memory.status().protection}`);
    const programs = new DemoPrograms(root, loaded.config.daemon.agentSocket, path);
    return await walkThrough(programs) && showAudit(auditFile) ? 0 : 1;
  } finally {
    daemon.stop();
    await serving;
  }
}

/** Two fresh keys, as if a vault had held them. */
function fill({ keyring, memory, backend, offer }: Daemon): void {
  const made = (["ed25519", "nistp256"] as const).map((type) => ({
    id: `demo#${type}`,
    key: generateKey(type, { memory, backend }),
    comment: `demo-${type}`,
    itemName: `demo ${type}`,
    reprompt: false,
    loadedAt: Date.now(),
  }));
  keyring.replaceSource("generated", made);
  offer.loaded();
}

async function walkThrough(programs: DemoPrograms): Promise<boolean> {
  say("ssh-add -L lists the public halves:");
  const listed = await programs.run("ssh-add", ["-L"]);
  say(indented(listed.stdout));
  const lines = listed.stdout.trim().split("\n");
  if (!listed.ok || lines.length !== 2) return failed("ssh-add did not list the two keys", listed.stderr);

  for (const line of lines) {
    const verified = await programs.signAndVerify(line);
    if (!verified.ok) return failed("a signature did not verify", verified.stderr);
    say(`ssh-keygen -Y sign, then -Y check-novalidate: ${verified.stdout.trim()}`);
  }
  const foreign = await programs.sign(lines[0] ?? "", "something-else");
  if (foreign.ok) return failed("a namespace that no rule allows was signed", "");
  say("a signature in a namespace that no rule allows: refused, as it should be");

  const login = await programs.logIn(lines);
  if (login === undefined) say("login: skipped, there is no sshd on this machine");
  else if (!login.ok) return failed("the login to the loopback sshd failed", login.stderr);
  else say(`ssh to a loopback sshd: ${login.stdout.trim()}`);
  return true;
}

/** The decisions as `bwssh log` would have them. */
function showAudit(path: string): boolean {
  const lines = readAuditLines(path);
  const { entries, broken } = verifyChain(lines);
  say("the audit log, one line for each decision:");
  for (const line of lines) {
    const entry = parseEntry(line);
    say(`  ${entry?.id} ${entry?.verdict} ${entry?.kind} with ${entry?.comment}: ${entry?.by}`);
  }
  if (broken !== undefined || entries === 0) return failed("the audit log is empty or its chain broken", "");
  say(`its chain holds: ${entries} entries. Nothing of all this was left behind.`);
  return true;
}

function failed(what: string, why: string): false {
  say(`FAILED: ${what}\n${indented(why)}`);
  return false;
}

function indented(text: string): string {
  return text.trimEnd().split("\n").map((line) => `  ${line}`).join("\n");
}

function say(text: string): void {
  write(Deno.stdout, new TextEncoder().encode(`${text}\n`));
}

function writeError(text: Uint8Array): void {
  write(Deno.stderr, text);
}

function write(stream: { writeSync(bytes: Uint8Array): number }, bytes: Uint8Array): void {
  for (let at = 0; at < bytes.length;) at += stream.writeSync(bytes.subarray(at));
}

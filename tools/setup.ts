/**
 * Puts in place what the tests need beside Deno: Debian packages and the real `bw`. As root with apt-get it installs;
 * otherwise it says what is missing and fails, or goes on without it when `BWSSH_TEST_ALLOW_SKIP=1`.
 *
 * Not for: building or running bwssh, which need none of this.
 *
 * @module
 */

import { type BwProgram, ensureBw } from "./setup_bw.ts";
import { cacheDir, findProgram, say, withLock } from "./setup_host.ts";

/** The programs that tests run, each with the Debian package that brings it. */
const PACKAGES = {
  "ssh": "openssh-client",
  "ssh-add": "openssh-client",
  "ssh-agent": "openssh-client",
  "ssh-keygen": "openssh-client",
  "scp": "openssh-client",
  "sftp": "openssh-client",
  "sshd": "openssh-server",
  "git": "git",
  "rsync": "rsync",
  "strace": "strace",
  "openssl": "openssl",
  "systemd-analyze": "systemd",
  "systemd-socket-activate": "systemd",
  "setpriv": "util-linux",
  "setsid": "util-linux",
  "sha256sum": "coreutils",
  "dbus-daemon": "dbus-daemon",
  "dbus-send": "dbus-bin",
  "pkttyagent": "polkitd",
  "pkaction": "polkitd",
} as const;

/** The name of a program that {@linkcode ensureTestTools} looks for. */
export type ProgramName = keyof typeof PACKAGES;

const PROGRAMS = Object.keys(PACKAGES) as readonly ProgramName[];

/** What there is. */
export interface Tools {
  /** Absolute paths; one left out is missing, which only happens when skipping is allowed. */
  readonly programs: Partial<Readonly<Record<ProgramName, string>>>;
  /** The real Bitwarden CLI, or undefined when it is missing and skipping is allowed. */
  readonly bw: BwProgram | undefined;
  /** What is missing and why, one sentence each; empty unless skipping is allowed. */
  readonly missing: readonly string[];
}

/** The tests cannot run here as they should. */
export class SetupError extends Error {
  override readonly name = "SetupError";
  readonly code = "test-tools-missing";
}

let ensured: Promise<Tools> | undefined;

/**
 * Finds or installs everything, once per process.
 *
 * @throws {SetupError} When something is missing and cannot be installed, unless `BWSSH_TEST_ALLOW_SKIP=1`.
 */
export function ensureTestTools(): Promise<Tools> {
  ensured ??= ensure();
  return ensured;
}

/**
 * The path of a program a test cannot do without.
 *
 * @throws {SetupError} If it is missing.
 */
export function program(tools: Tools, name: ProgramName): string {
  const path = tools.programs[name];
  if (path === undefined) throw new SetupError(`Cannot find "${name}" (Debian package "${PACKAGES[name]}")`);
  return path;
}

/**
 * The `bw` of a test that cannot do without.
 *
 * @throws {SetupError} If it is missing.
 */
export function bwProgram(tools: Tools): BwProgram {
  if (tools.bw === undefined) throw new SetupError("Cannot find the Bitwarden CLI");
  return tools.bw;
}

async function ensure(): Promise<Tools> {
  const missing: string[] = [];
  let absent = absentPrograms();
  if (absent.length > 0) {
    const problem = await install([...new Set(absent.map((name) => PACKAGES[name]))]);
    absent = absentPrograms();
    for (const name of absent) missing.push(`"${name}" of the Debian package "${PACKAGES[name]}" ${problem}`);
  }
  let bw: BwProgram | undefined;
  try {
    bw = await ensureBw();
  } catch (error) {
    missing.push(`The Bitwarden CLI: ${error instanceof Error ? error.message : error}`);
  }
  if (missing.length > 0) {
    const story = missing.map((each) => `\n  ${each}`).join("");
    if (Deno.env.get("BWSSH_TEST_ALLOW_SKIP") !== "1") {
      throw new SetupError(`Tests need what is missing here (BWSSH_TEST_ALLOW_SKIP=1 skips those tests):${story}`);
    }
    say(`SKIPPING tests that need what is missing here:${story}`);
  }
  const programs: Partial<Record<ProgramName, string>> = {};
  for (const name of PROGRAMS) {
    const path = findProgram(name);
    if (path !== undefined) programs[name] = path;
  }
  return { programs, bw, missing };
}

function absentPrograms(): readonly ProgramName[] {
  return PROGRAMS.filter((name) => findProgram(name) === undefined);
}

/** @returns Why something may still be missing, as the end of a sentence. */
async function install(packages: readonly string[]): Promise<string> {
  const apt = findProgram("apt-get");
  if (apt === undefined) return "is missing, and there is no apt-get to install it with";
  if (Deno.uid() !== 0) return `is missing; as root: apt-get install ${packages.join(" ")}`;
  return await withLock(`${await cacheDir()}/apt.lock`, async () => {
    say(`installing ${packages.join(" ")}`);
    // An old package list may name versions that are gone; a failed update still leaves the old one to try.
    await aptGet(apt, ["update", "-q"]);
    const result = await aptGet(apt, ["install", "-q", "-y", "--no-install-recommends", ...packages]);
    return result.success ? "is missing though its package is installed" : `could not be installed: ${result.story}`;
  });
}

async function aptGet(
  apt: string,
  args: readonly string[],
): Promise<{ readonly success: boolean; readonly story: string }> {
  const command = new Deno.Command(apt, {
    args: ["-o", "DPkg::Lock::Timeout=120", ...args],
    env: { DEBIAN_FRONTEND: "noninteractive" },
    stdin: "null",
    stdout: "piped",
    stderr: "piped",
  });
  const { success, stderr } = await command.output();
  return { success, story: new TextDecoder().decode(stderr).trim().split("\n").slice(-3).join("; ") };
}

async function main(): Promise<number> {
  try {
    const { bw, programs } = await ensureTestTools();
    say(`bw ${bw?.version ?? "missing"}: ${bw?.words.join(" ") ?? ""}`);
    for (const name of PROGRAMS) say(`${name}: ${programs[name] ?? "missing"}`);
    return 0;
  } catch (error) {
    if (!(error instanceof SetupError)) throw error;
    say(error.message);
    return 1;
  }
}

if (import.meta.main) Deno.exitCode = await main();

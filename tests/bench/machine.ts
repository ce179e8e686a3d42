/**
 * What a run ran on, in words that fit any machine: no names, no paths.
 *
 * @module
 */

import { baseEnv, run } from "../support/process.ts";

/** Lines about machine and programs. @param binary The bwssh that is measured. */
export async function describeMachine(binary: string, home: string): Promise<readonly string[]> {
  const env = baseEnv(home);
  const ssh = await run(["ssh", "-V"], { env });
  const bwssh = await run([binary, "--version"], { env });
  const model = /^model name\s*: (.*)$/m.exec(readOrEmpty("/proc/cpuinfo"))?.[1] ?? "unknown processor";
  const virtual = /^flags\s*:.*\bhypervisor\b/m.test(readOrEmpty("/proc/cpuinfo")) ? ", virtual machine" : "";
  return [
    `${navigator.hardwareConcurrency} cores of ${model} (${Deno.build.arch})${virtual}, Linux ${Deno.osRelease()}`,
    `${ssh.stderr.trim()}; ${bwssh.text.trim()}; Deno ${Deno.version.deno}`,
  ];
}

/** Processes that wanted a core, averaged over the last minute: what else the machine had to do. */
export function loadAverage(): string {
  return Deno.loadavg()[0]?.toFixed(1) ?? "unknown";
}

function readOrEmpty(path: string): string {
  try {
    return Deno.readTextFileSync(path);
  } catch {
    return "";
  }
}

/**
 * What proc(5) says of a running process: how large it is, how many files it has open.
 *
 * Not for: its memory (`memory_maps.ts`).
 *
 * @module
 */

/** Resident memory in MiB. */
export function residentMiB(pid: number): number {
  const [, kilobytes] = /^VmRSS:\s+(\d+) kB$/m.exec(Deno.readTextFileSync(`/proc/${pid}/status`)) ?? [];
  if (kilobytes === undefined) throw new Error(`Process ${pid} has no memory`);
  return Number(kilobytes) / 1024;
}

/** Open file descriptors. */
export function openFiles(pid: number): number {
  return [...Deno.readDirSync(`/proc/${pid}/fd`)].length;
}

/** Processor time used so far, in clock ticks. */
export function ticks(pid: number): number {
  const stat = Deno.readTextFileSync(`/proc/${pid}/stat`);
  const fields = stat.slice(stat.lastIndexOf(")") + 2).split(" ");
  return Number(fields[14 - 3]) + Number(fields[15 - 3]);
}

/** Number of threads. */
export function threads(pid: number): number {
  return [...Deno.readDirSync(`/proc/${pid}/task`)].length;
}

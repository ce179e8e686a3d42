/**
 * Ends a process with everything it started, found through proc(5).
 *
 * Not for: processes that the test did not start.
 *
 * @module
 */

interface ProcessEntry {
  readonly pid: number;
  readonly parent: number;
  readonly session: number;
  /** In clock ticks since boot: tells a process from a later one with the same pid. */
  readonly started: string;
}

/**
 * The processes below one: its descendants, and whoever is in the session it leads (also when their parents are gone).
 *
 * @param root The pid of the session leader.
 * @returns Without the root itself.
 */
export function processesBelow(root: number): readonly ProcessEntry[] {
  const all = readProcesses();
  const found = new Map<number, ProcessEntry>();
  for (const entry of all) if (entry.session === root && entry.pid !== root) found.set(entry.pid, entry);
  let grew = true;
  while (grew) {
    grew = false;
    for (const entry of all) {
      if (found.has(entry.pid) || entry.pid === root) continue;
      if (entry.parent !== root && !found.has(entry.parent)) continue;
      found.set(entry.pid, entry);
      grew = true;
    }
  }
  return [...found.values()];
}

/** Kills processes seen earlier, skipping pids that belong to somebody else by now. */
export function killAll(entries: readonly ProcessEntry[], signal: Deno.Signal = "SIGKILL"): void {
  for (const entry of entries) {
    if (readProcess(entry.pid)?.started !== entry.started) continue;
    killIfThere(entry.pid, signal);
  }
}

/** Sends a signal; a process that is gone is no error. */
export function killIfThere(pid: number, signal: Deno.Signal): void {
  try {
    Deno.kill(pid, signal);
  } catch (error) {
    // Deno says NotFound for ESRCH, and TypeError for a process that was waited for.
    if (!(error instanceof Deno.errors.NotFound || error instanceof TypeError)) throw error;
  }
}

function readProcesses(): readonly ProcessEntry[] {
  const entries: ProcessEntry[] = [];
  for (const { name } of Deno.readDirSync("/proc")) {
    const entry = /^\d+$/.test(name) ? readProcess(Number(name)) : undefined;
    if (entry !== undefined) entries.push(entry);
  }
  return entries;
}

/** proc_pid_stat(5). The second field is the program's name in parentheses and may itself hold any character. */
function readProcess(pid: number): ProcessEntry | undefined {
  let stat: string;
  try {
    stat = Deno.readTextFileSync(`/proc/${pid}/stat`);
  } catch {
    return undefined; // gone between listing and reading
  }
  const [state, parent, , session, ...rest] = stat.slice(stat.lastIndexOf(")") + 2).split(" ");
  if (state === "Z" || state === "X") return undefined;
  return { pid, parent: Number(parent), session: Number(session), started: rest[15] ?? "" };
}

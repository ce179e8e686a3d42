/**
 * Searches everything about a process for secrets, as root and from outside: its memory, the arguments and environment of
 * all processes, files. What it finds it reports by name, form and place, never by content.
 *
 * Not for: what secrets look like (`memory_patterns.ts`).
 *
 * @module
 */

import { describeMapping, type Mapping, ProcessMemory, readMappings } from "./memory_maps.ts";
import { type Match, OVERLAP, type Search } from "./memory_patterns.ts";
import { killIfThere } from "./process_tree.ts";

/** A find and where it was. */
export interface Hit {
  readonly secret: string;
  readonly form: string;
  /** A mapping, a file, `environment of process 12`, … */
  readonly place: string;
  /** In memory that is locked and left out of core files. */
  readonly locked: boolean;
  readonly length: number;
}

/** What a scan of memory did and found. */
export interface MemoryScan {
  readonly mappings: number;
  /** Bytes read and searched, and how many of them in locked memory. */
  readonly searched: number;
  readonly searchedLocked: number;
  /** Mappings that could not be read because they are memory of memfd_secret(2). */
  readonly closed: readonly Mapping[];
  readonly hits: readonly Hit[];
}

/** Files larger than this are not a daemon's notes. */
const MAX_FILE = 64 * 1024 * 1024;

/**
 * Scans a process's memory while it stands still.
 *
 * @param look Called with each mapping before it is read.
 * @throws {ScanError} If the process ends, or memory cannot be read for another reason than memfd_secret(2).
 */
export async function scanMemory(
  pid: number,
  search: Search,
  look: (mapping: Mapping) => void | Promise<void> = () => {},
): Promise<MemoryScan> {
  using _stopped = standStill(pid);
  using memory = new ProcessMemory(pid);
  const hits = new Map<string, Hit>();
  const closed: Mapping[] = [];
  let searched = 0;
  let searchedLocked = 0;
  const mappings = readMappings(pid);
  for (const mapping of mappings) {
    await look(mapping);
    if (mapping.secret && memory.isClosed(mapping)) {
      closed.push(mapping);
      continue;
    }
    memory.read(mapping, OVERLAP, (bytes, address) => {
      searched += bytes.length;
      if (mapping.locked) searchedLocked += bytes.length;
      for (const match of search.everywhere(bytes)) {
        const { secret, form, length } = match;
        const place = describeMapping(mapping);
        hits.set(`${address + match.at} ${secret} ${form}`, { secret, form, place, locked: mapping.locked, length });
      }
    });
  }
  readMappings(pid); // throws if it has ended
  return { mappings: mappings.length, searched, searchedLocked, closed, hits: [...hits.values()] };
}

/** Stops a process until disposed of. */
function standStill(pid: number): Disposable {
  killIfThere(pid, "SIGSTOP");
  return { [Symbol.dispose]: () => killIfThere(pid, "SIGCONT") };
}

/**
 * Searches the arguments and the environment of all processes.
 *
 * @param except Processes that may hold them in their environment (not in their arguments).
 */
export function scanProcesses(search: Search, except: ReadonlySet<number> = new Set()): readonly Hit[] {
  const hits: Hit[] = [];
  for (const { name } of Deno.readDirSync("/proc")) {
    if (!/^\d+$/.test(name)) continue;
    const pid = Number(name);
    hits.push(...hitsIn(search, readIfThere(`/proc/${pid}/cmdline`), `arguments of process ${pid}`));
    if (except.has(pid)) continue;
    hits.push(...hitsIn(search, readIfThere(`/proc/${pid}/environ`), `environment of process ${pid}`));
  }
  return hits;
}

/** Searches files, and directories with all that is below them. What is no ordinary file, or goes away, is passed over. */
export function scanFiles(search: Search, paths: Iterable<string>): { readonly files: number; readonly hits: Hit[] } {
  const hits: Hit[] = [];
  let files = 0;
  for (const path of paths) {
    for (const file of filesBelow(path)) {
      files++;
      hits.push(...hitsIn(search, readIfThere(file), file));
      // A name is content, too.
      hits.push(...hitsIn(search, new TextEncoder().encode(file), `the name of ${path}`));
    }
  }
  return { files, hits };
}

/** Searches the files a process has open, also those without a name by now. */
export function scanOpenFiles(search: Search, pid: number): readonly Hit[] {
  const hits: Hit[] = [];
  for (const { name } of Deno.readDirSync(`/proc/${pid}/fd`)) {
    const path = `/proc/${pid}/fd/${name}`;
    const info = statIfThere(path);
    if (info?.isFile === true && info.size <= MAX_FILE) hits.push(...hitsIn(search, readIfThere(path), path));
  }
  return hits;
}

/** Searches a text, say a log. */
export function scanText(search: Search, text: string, place: string): readonly Hit[] {
  return hitsIn(search, new TextEncoder().encode(text), place);
}

/** Finds as one line each, for a message; no two lines the same. */
export function describeHits(hits: readonly Hit[]): string {
  const lines = hits.map(({ secret, form, place, length }) => `${secret} (${form}, ${length} bytes) in ${place}`);
  return [...new Set(lines)].join("\n");
}

function hitsIn(search: Search, bytes: Uint8Array, place: string): Hit[] {
  return search.everywhere(bytes).map(({ secret, form, length }: Match) => (
    { secret, form, place, locked: false, length }
  ));
}

function* filesBelow(path: string): Iterable<string> {
  const info = lstatIfThere(path);
  if (info?.isFile === true && info.size <= MAX_FILE) yield path;
  if (info?.isDirectory !== true) return;
  let entries: Deno.DirEntry[];
  try {
    entries = [...Deno.readDirSync(path)];
  } catch {
    return; // gone since
  }
  for (const { name } of entries) yield* filesBelow(`${path}/${name}`);
}

function readIfThere(path: string): Uint8Array {
  try {
    return Deno.readFileSync(path);
  } catch {
    return new Uint8Array(0); // gone since, or a kernel thread's
  }
}

function statIfThere(path: string): Deno.FileInfo | undefined {
  try {
    return Deno.statSync(path);
  } catch {
    return undefined;
  }
}

function lstatIfThere(path: string): Deno.FileInfo | undefined {
  try {
    return Deno.lstatSync(path);
  } catch {
    return undefined;
  }
}

/**
 * Small doings on the host for the tools: finding programs, the tests' cache directory, a lock between processes.
 *
 * Not for: bwssh itself.
 *
 * @module
 */

/** Daemons lie where an ordinary user's PATH does not reach. */
const EXTRA_DIRECTORIES = ["/usr/local/sbin", "/usr/local/bin", "/usr/sbin", "/usr/bin", "/sbin", "/bin"];

/**
 * Looks a program up in PATH and the system's directories.
 *
 * @returns Its absolute path, or undefined.
 */
export function findProgram(name: string): string | undefined {
  const path = (Deno.env.get("PATH") ?? "").split(":").filter((directory) => directory.startsWith("/"));
  for (const directory of [...path, ...EXTRA_DIRECTORIES]) {
    const file = `${directory}/${name}`;
    if (isExecutable(file)) return file;
  }
  return undefined;
}

/**
 * The directory where downloaded test programs are kept, made if missing.
 *
 * @throws {Error} If neither XDG_CACHE_HOME nor HOME says where.
 */
export async function cacheDir(): Promise<string> {
  const home = Deno.env.get("HOME");
  const base = Deno.env.get("XDG_CACHE_HOME") || (home ? `${home}/.cache` : undefined);
  if (base === undefined) throw new Error("Cannot keep test programs: neither XDG_CACHE_HOME nor HOME is set");
  const directory = `${base}/bwssh-test`;
  await Deno.mkdir(directory, { recursive: true, mode: 0o700 });
  return directory;
}

/** Does something while no other process does the same; the kernel drops the lock when its holder dies. */
export async function withLock<T>(path: string, work: () => Promise<T>): Promise<T> {
  using file = await Deno.open(path, { create: true, write: true });
  await file.lock(true);
  return await work();
}

/** Tells the person at the terminal. */
export function say(text: string): void {
  Deno.stderr.writeSync(new TextEncoder().encode(`setup: ${text}\n`));
}

function isExecutable(file: string): boolean {
  try {
    const { isFile, mode } = Deno.statSync(file);
    return isFile && ((mode ?? 0) & 0o111) !== 0;
  } catch {
    return false;
  }
}

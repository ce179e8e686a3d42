/**
 * Reads the audit log for people and scripts: the rotated files and the current one, oldest first, and what is added
 * while one waits.
 *
 * @module
 */

/** Rotated files the daemon keeps at most; more than it does, so that none is missed. */
const MAX_ROTATED = 16;

/** All lines that are kept, oldest first. @throws {Deno.errors.PermissionDenied} */
export function readAuditLines(path: string): readonly string[] {
  const lines: string[] = [];
  for (let i = MAX_ROTATED; i >= 0; i--) {
    const text = readOrNothing(i === 0 ? path : `${path}.${i}`);
    if (text !== "") lines.push(...text.trimEnd().split("\n"));
  }
  return lines;
}

/** Lines as they are added, until `signal` is aborted. A rotation in between loses none. */
export async function* followAuditLines(path: string, signal: AbortSignal): AsyncGenerator<string> {
  let seen = readAuditLines(path).length;
  using watcher = Deno.watchFs(path.slice(0, path.lastIndexOf("/")), { recursive: false });
  const stop = (): void => watcher.close();
  signal.addEventListener("abort", stop);
  try {
    for await (const _event of watcher) {
      const lines = readAuditLines(path);
      // The oldest file may have gone; then everything still there that was not seen is at the end all the same.
      for (const line of lines.slice(Math.min(seen, lines.length))) yield line;
      seen = lines.length;
    }
  } finally {
    signal.removeEventListener("abort", stop);
  }
}

function readOrNothing(path: string): string {
  try {
    return Deno.readTextFileSync(path);
  } catch (error) {
    if (error instanceof Deno.errors.NotFound) return "";
    throw error;
  }
}

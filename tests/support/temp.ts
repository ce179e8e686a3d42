/**
 * Private temporary directories that are gone when the test is.
 *
 * Not for: anything that must outlive a test.
 *
 * @module
 */

/** A directory of mode 0700, removed with everything in it on disposal. */
export interface TempDir extends Disposable, AsyncDisposable {
  /** Absolute path, short enough that a socket below it fits into `sun_path` (108 bytes, unix(7)). */
  readonly path: string;
  /** The absolute path of something below it. */
  join(...names: readonly string[]): string;
  /** Makes a directory of mode 0700 below it, parents included, and returns its path. */
  dir(...names: readonly string[]): string;
  /** Writes a file of mode 0600 (or `mode`) below it and returns its path. */
  write(name: string, content: string | Uint8Array, mode?: number): string;
}

/**
 * Makes one.
 *
 * @param label A word for the directory's name, so that a leftover can be traced to its test.
 */
export function makeTempDir(label = "test"): TempDir {
  const path = Deno.makeTempDirSync({ prefix: `bwssh-${label}-` });
  Deno.chmodSync(path, 0o700);
  return {
    path,
    join: (...names) => [path, ...names].join("/"),
    dir(...names): string {
      const made = [path, ...names].join("/");
      Deno.mkdirSync(made, { recursive: true, mode: 0o700 });
      return made;
    },
    write(name, content, mode = 0o600): string {
      const file = `${path}/${name}`;
      const bytes = typeof content === "string" ? new TextEncoder().encode(content) : content;
      Deno.writeFileSync(file, bytes, { mode });
      // The mode given to open(2) is narrowed by the umask; tests of modes want exactly this one.
      Deno.chmodSync(file, mode);
      return file;
    },
    [Symbol.dispose]: () => removeIfThere(path),
    [Symbol.asyncDispose]: () => Promise.resolve(removeIfThere(path)),
  };
}

function removeIfThere(path: string): void {
  try {
    Deno.removeSync(path, { recursive: true });
  } catch (error) {
    if (!(error instanceof Deno.errors.NotFound)) throw error;
  }
}

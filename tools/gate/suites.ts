/**
 * Which test files there are, in which groups they run and in what order.
 *
 * Not for: running them.
 *
 * @module
 */

/** Test files that run in one process. */
export interface Suite {
  /** The folder below tests/. */
  readonly name: string;
  /** Paths relative to the project, sorted. */
  readonly files: readonly string[];
}

/** Everything below tests/ that `deno test` would take for a test. */
export function findTestFiles(root: string): readonly string[] {
  const found: string[] = [];
  const walk = (directory: string): void => {
    for (const { name, isDirectory } of Deno.readDirSync(`${root}/${directory}`)) {
      if (isDirectory) walk(`${directory}/${name}`);
      else if (name.endsWith("_test.ts")) found.push(`${directory}/${name}`);
    }
  };
  walk("tests");
  return found.sort();
}

/**
 * One suite for each folder: a crash below `ffi` costs one suite, and nothing that one room does to its process (limits,
 * dumpability) reaches another's tests. What needs the built binary comes last.
 *
 * @param filters Only files whose path contains one of them; all if there are none.
 */
export function groupSuites(files: readonly string[], filters: readonly string[] = []): readonly Suite[] {
  const groups = new Map<string, string[]>();
  for (const file of files) {
    if (filters.length > 0 && !filters.some((filter) => file.includes(filter))) continue;
    const [, folder = "", deeper] = file.split("/");
    const name = deeper === undefined ? "project" : folder;
    groups.set(name, [...groups.get(name) ?? [], file]);
  }
  return [...groups].map(([name, files]) => ({ name, files })).sort((a, b) => rank(a) - rank(b) || order(a, b));
}

/** Deals files out to so many lanes, or fewer where there are fewer files. */
export function splitInto(lanes: number, files: readonly string[]): readonly (readonly string[])[] {
  const dealt = Array.from({ length: Math.min(lanes, files.length) }, (): string[] => []);
  files.forEach((file, at) => dealt[at % dealt.length]?.push(file));
  return dealt;
}

/** What the others stand on comes first. */
function rank({ name }: Suite): number {
  const at = ["project", "", "build", "real"].indexOf(name);
  return at === -1 ? 1 : at;
}

function order(a: Suite, b: Suite): number {
  return a.name < b.name ? -1 : 1;
}

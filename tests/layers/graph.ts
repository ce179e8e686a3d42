/**
 * The import graph of every TypeScript file of the project, from `deno info --json`.
 *
 * Not for: judging it; `arrows.ts` does.
 *
 * @module
 */

/** One import of one file. */
export interface Arrow {
  /** Path relative to the project, or `npm:…`, `node:…`. */
  readonly to: string;
  /** Gone after compilation (`import type`). */
  readonly typeOnly: boolean;
}

/** Imports by file, paths relative to the project. */
export type Graph = ReadonlyMap<string, readonly Arrow[]>;

/** Files of the project that are TypeScript, sorted. */
export function typeScriptFiles(root: string): readonly string[] {
  const found: string[] = [];
  const skipped = new Set([".git", ".cache", "dist", "node_modules"]);
  const walk = (directory: string): void => {
    for (const entry of Deno.readDirSync(`${root}/${directory}`)) {
      const path = `${directory}${entry.name}`;
      if (entry.isDirectory && !skipped.has(entry.name)) walk(`${path}/`);
      else if (entry.isFile && path.endsWith(".ts")) found.push(path);
    }
  };
  walk("");
  return found.sort();
}

/**
 * Asks Deno for the graph.
 *
 * @param root The project.
 * @param files Paths relative to it.
 * @throws {Error} If Deno fails, or an import of the project's own resolves to nothing.
 */
export async function readGraph(root: string, files: readonly string[]): Promise<Graph> {
  const entry = await Deno.makeTempFile({ suffix: ".ts" });
  try {
    // One module that imports everything: `deno info` takes one, and one call is a tenth of a second.
    await Deno.writeTextFile(entry, files.map((file) => `import "file://${encodeURI(`${root}/${file}`)}";\n`).join(""));
    const { success, stdout, stderr } = await new Deno.Command(Deno.execPath(), {
      args: ["info", "--json", "--no-lock", "--config", `${root}/deno.json`, entry],
      env: { NO_COLOR: "1" },
    }).output();
    const decoder = new TextDecoder();
    if (!success) throw new Error(`Cannot read the import graph: ${decoder.decode(stderr)}`);
    return decodeGraph(JSON.parse(decoder.decode(stdout)), root);
  } finally {
    await Deno.remove(entry);
  }
}

/** Decodes what `deno info --json` prints, leaving out what is not of the project. */
export function decodeGraph(info: unknown, root: string): Graph {
  const graph = new Map<string, readonly Arrow[]>();
  for (const module of listAt(info, "modules")) {
    const file = inProject(textAt(module, "specifier"), root);
    if (file === undefined) continue;
    const error = textAt(module, "error");
    if (error !== undefined) throw new Error(`Cannot read '${file}': ${error}`);
    graph.set(file, listAt(module, "dependencies").map((dependency) => decodeArrow(dependency, file, root)));
  }
  return graph;
}

function decodeArrow(dependency: unknown, file: string, root: string): Arrow {
  const code = at(dependency, "code");
  const target = code ?? at(dependency, "type");
  const specifier = textAt(target, "specifier");
  if (specifier === undefined) {
    throw new Error(`Cannot resolve "${textAt(dependency, "specifier")}" in '${file}': ${textAt(target, "error")}`);
  }
  return { to: inProject(specifier, root) ?? specifier, typeOnly: code === undefined };
}

function inProject(specifier: string | undefined, root: string): string | undefined {
  const prefix = `file://${encodeURI(root)}/`;
  return specifier?.startsWith(prefix) ? decodeURI(specifier.slice(prefix.length)) : undefined;
}

function at(value: unknown, key: string): unknown {
  return typeof value === "object" && value !== null ? Reflect.get(value, key) : undefined;
}

function textAt(value: unknown, key: string): string | undefined {
  const found = at(value, key);
  return typeof found === "string" ? found : undefined;
}

function listAt(value: unknown, key: string): readonly unknown[] {
  const found = at(value, key);
  return Array.isArray(found) ? found : [];
}

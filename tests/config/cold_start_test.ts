import { deepStrictEqual as deepEqual, strictEqual as equal } from "node:assert/strict";

interface Graph {
  readonly roots: readonly string[];
  readonly modules: readonly {
    readonly specifier: string;
    readonly dependencies?: readonly { readonly isDynamic?: boolean; readonly code?: { readonly specifier: string } }[];
  }[];
}

/** What a module loads before it runs: its static imports, and theirs. */
async function loadedAtOnce(path: string): Promise<readonly string[]> {
  const args = ["info", "--json", new URL(path, import.meta.url).pathname];
  const { stdout } = await new Deno.Command(Deno.execPath(), { args, stderr: "null" }).output();
  const graph: Graph = JSON.parse(new TextDecoder().decode(stdout));
  const found = new Set(graph.roots);
  for (const specifier of found) {
    const module = graph.modules.find((each) => each.specifier === specifier);
    for (const { isDynamic, code } of module?.dependencies ?? []) {
      if (isDynamic !== true && code !== undefined) found.add(code.specifier);
    }
  }
  return [...found];
}

for (const name of ["locate", "load", "show", "digest"]) {
  Deno.test(`mod/config/${name}.ts loads no package before there is something to read`, async () => {
    const loaded = await loadedAtOnce(`../../mod/config/${name}.ts`);
    equal(loaded.length > 1, true, "the graph was not read");
    deepEqual(loaded.filter((specifier) => !specifier.startsWith("file:")), []);
  });
}

/**
 * Judges the import graph by the table: forbidden arrows, reserved files, cycles.
 *
 * Not for: what stands in the files; `words.ts`.
 *
 * @module
 */

import type { Arrow, Graph } from "./graph.ts";
import { type Layers, roomOf } from "./table.ts";

/** Every arrow that the table does not allow, in words. */
export function judgeArrows(layers: Layers, graph: Graph): readonly string[] {
  const found: string[] = [];
  for (const [file, arrows] of graph) {
    const room = roomOf(layers, file);
    if (room === undefined) {
      found.push(`'${file}' is in no room`);
      continue;
    }
    for (const arrow of arrows) {
      const why = isPackage(arrow.to) ? judgePackage(layers, room, arrow) : judgeArrow(layers, room, arrow);
      if (why !== undefined) found.push(`'${file}' imports ${arrow.to}: ${why}`);
    }
  }
  return found;
}

/** Every cycle of imports, type imports included, each named once from its first file. */
export function findCycles(graph: Graph): readonly string[] {
  const found = new Set<string>();
  const done = new Set<string>();
  const path: string[] = [];
  const visit = (file: string): void => {
    const start = path.indexOf(file);
    if (start !== -1) {
      found.add(nameCycle(path.slice(start)));
      return;
    }
    if (done.has(file)) return;
    path.push(file);
    for (const { to } of graph.get(file) ?? []) if (graph.has(to)) visit(to);
    path.pop();
    done.add(file);
  };
  for (const file of graph.keys()) visit(file);
  return [...found];
}

function nameCycle(files: readonly string[]): string {
  const first = [...files].sort()[0] ?? "";
  const at = files.indexOf(first);
  return [...files.slice(at), ...files.slice(0, at), first].join(" → ");
}

function isPackage(specifier: string): boolean {
  return /^[a-z]+:/.test(specifier);
}

function judgePackage(layers: Layers, room: string, { to }: Arrow): string | undefined {
  const allowed = layers.rooms[room]?.packages ?? [];
  if (allowed === "any" || allowed.includes(packageName(to))) return undefined;
  return `room "${room}" may import ${allowed.length === 0 ? "no package" : allowed.join(", ")}`;
}

/** `npm:/@noble/curves@2.4.0/ed25519.js` → `@noble/curves`; anything else stays as it is. */
function packageName(specifier: string): string {
  return /^npm:\/?((?:@[^/@]+\/)?[^/@]+)/.exec(specifier)?.[1] ?? specifier;
}

function judgeArrow(layers: Layers, room: string, { to, typeOnly }: Arrow): string | undefined {
  const target = roomOf(layers, to);
  if (target === undefined) return "it is in no room";
  const reserved = layers.reserved[to];
  if (reserved !== undefined && !reserved.includes(room)) return `it is reserved for ${reserved.join(", ")}`;
  const imports = layers.rooms[room]?.imports ?? [];
  const types = layers.rooms[room]?.types ?? [];
  if (target === room || imports === "any" || imports.includes(target)) return undefined;
  if (types.includes(target)) return typeOnly ? undefined : `room "${room}" may import only types from "${target}"`;
  return `room "${room}" may not import "${target}"`;
}

/**
 * Judges what stands in a file by the table: forbidden words, `new` of adapters, length.
 *
 * Not for: imports; `arrows.ts`.
 *
 * @module
 */

import { codeOnly } from "./code.ts";
import { isAmong, type Layers, roomOf } from "./table.ts";

/**
 * Everything in one file that the table does not allow, in words.
 *
 * @param file Path relative to the project.
 * @param source Its text.
 */
export function judgeWords(layers: Layers, file: string, source: string): readonly string[] {
  const room = roomOf(layers, file);
  if (room === undefined) return [`'${file}' is in no room`];
  const code = codeOnly(source);
  const found: string[] = [];
  for (const { why, in: rooms, except = [], pattern } of layers.forbidden) {
    if (!isAmong(layers, room, rooms) || isAmong(layers, room, except)) continue;
    for (const hit of code.matchAll(new RegExp(pattern, "g"))) {
      found.push(`'${file}:${lineOf(code, hit.index)}' says ${hit[0].trim()}: ${why}`);
    }
  }
  return [...found, ...judgeNew(layers, file, room, code), ...judgeLength(layers, file, room, source)];
}

function judgeNew(layers: Layers, file: string, room: string, code: string): readonly string[] {
  if (file === layers.composition || !isAmong(layers, room, ["mod", "main"])) return [];
  const found: string[] = [];
  for (const hit of code.matchAll(new RegExp(`\\bnew\\s+(\\w*(?:${layers.adapters}))\\b`, "g"))) {
    // The file that defines an adapter may offer a function that makes one.
    if (new RegExp(`\\bclass\\s+${hit[1]}\\b`).test(code)) continue;
    found.push(`'${file}:${lineOf(code, hit.index)}' says ${hit[0]}: only '${layers.composition}' makes adapters`);
  }
  return found;
}

function judgeLength(layers: Layers, file: string, room: string, source: string): readonly string[] {
  const { rooms, lines } = layers.maximumLines;
  const length = source.replace(/\n$/, "").split("\n").length;
  if (!isAmong(layers, room, rooms) || length <= lines) return [];
  return [`'${file}' has ${length} lines, the most is ${lines}: it is two nouns`];
}

function lineOf(text: string, index: number): number {
  return text.slice(0, index).split("\n").length;
}

/**
 * The shape of `layers.json`: which room may import which, and which words may not stand where.
 *
 * Not for: judging; `arrows.ts` and `words.ts` do.
 *
 * @module
 */

/** One room: a folder, or a single file. */
export interface Room {
  /** Relative to the project; a folder ends in a slash. */
  readonly path: string;
  /** No platform, no I/O, no clock, no randomness. */
  readonly pure?: boolean;
  /** Rooms it may import. */
  readonly imports: readonly string[] | "any";
  /** Rooms it may import types from, and nothing else. */
  readonly types?: readonly string[];
  /** npm packages it may import; none if left out. `any` includes Node's modules. */
  readonly packages?: readonly string[] | "any";
}

/** Words that may not stand in some rooms. */
export interface ForbiddenWords {
  readonly why: string;
  /** Names of rooms; `pure` stands for every pure room, `mod` for every room below mod/. */
  readonly in: readonly string[];
  readonly except?: readonly string[];
  /** A regular expression, matched against code without comments and strings. */
  readonly pattern: string;
}

/** The whole table. */
export interface Layers {
  readonly rooms: Readonly<Record<string, Room>>;
  /** Files that only some rooms may import. */
  readonly reserved: Readonly<Record<string, readonly string[]>>;
  /** The one file that says `new` to adapters. */
  readonly composition: string;
  /** How the names of adapters end: alternatives of a regular expression. */
  readonly adapters: string;
  readonly maximumLines: { readonly rooms: readonly string[]; readonly lines: number };
  readonly forbidden: readonly ForbiddenWords[];
}

/** The room a file is in, by the longest path that matches. */
export function roomOf(layers: Layers, file: string): string | undefined {
  let best: string | undefined;
  let length = 0;
  for (const [name, { path }] of Object.entries(layers.rooms)) {
    const inside = path.endsWith("/") ? file.startsWith(path) : file === path;
    if (inside && path.length > length) [best, length] = [name, path.length];
  }
  return best;
}

/** Whether a list of rooms, with `pure` and `mod` in it, means this one. */
export function isAmong(layers: Layers, room: string, list: readonly string[]): boolean {
  const { path, pure } = layers.rooms[room] ?? { path: "", pure: false };
  return list.includes(room) || (pure === true && list.includes("pure")) ||
    (path.startsWith("mod/") && list.includes("mod"));
}

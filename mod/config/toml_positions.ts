/**
 * The line of every key and list element of a TOML document. For error messages and origins: smol-toml gives values
 * without their positions. Not a parser: it takes text that smol-toml has already accepted, and judges nothing.
 *
 * @module
 */

/** Table and key names from the root; list elements by index. */
export type KeyPath = readonly (string | number)[];

/** Ours are at most five deep; a document that is deeper has no key of ours there, and no path grows without bound. */
const DEEPEST = 8;

/** Finds lines by path. */
export interface TomlPositions {
  /** The line, from 1, where the path or its longest known prefix is written. */
  lineOf(path: KeyPath): number;
}

/** Scans a valid TOML document. */
export function findPositions(text: string): TomlPositions {
  const offsets = new Scanner(text).scan();
  const lineStarts = [0];
  for (let at = text.indexOf("\n"); at !== -1; at = text.indexOf("\n", at + 1)) lineStarts.push(at + 1);
  return {
    lineOf(path): number {
      for (let length = Math.min(path.length, DEEPEST); length > 0; length--) {
        const offset = offsets.get(encode(path.slice(0, length)));
        if (offset !== undefined) return lineAt(lineStarts, offset);
      }
      return 1;
    },
  };
}

/** How many lines start at or before the offset. */
function lineAt(lineStarts: readonly number[], offset: number): number {
  let [low, high] = [0, lineStarts.length];
  while (low < high) {
    const middle = (low + high) >> 1;
    if ((lineStarts[middle] ?? Infinity) <= offset) low = middle + 1;
    else high = middle;
  }
  return low;
}

function encode(path: KeyPath): string {
  return JSON.stringify(path);
}

class Scanner {
  readonly #text: string;
  readonly #offsets = new Map<string, number>();
  /** How many `[[…]]` headers each array of tables has had so far. */
  readonly #arrays = new Map<string, number>();
  #at = 0;

  constructor(text: string) {
    this.#text = text;
  }

  scan(): ReadonlyMap<string, number> {
    let table: KeyPath = [];
    for (this.#skipBlank(); this.#at < this.#text.length; this.#skipBlank()) {
      if (this.#peek() === "[") table = this.#header();
      else this.#keyValue(table);
    }
    return this.#offsets;
  }

  #header(): KeyPath {
    const start = this.#at;
    const isArray = this.#text.startsWith("[[", start);
    this.#at += isArray ? 2 : 1;
    const names = this.#key();
    this.#at += isArray ? 2 : 1;
    const path: (string | number)[] = [];
    for (const [index, name] of names.entries()) {
      path.push(name);
      this.#record(path, start);
      if (path.length > DEEPEST) break;
      const count = this.#arrays.get(encode(path)) ?? 0;
      if (isArray && index === names.length - 1) {
        this.#arrays.set(encode(path), count + 1);
        path.push(count);
        this.#record(path, start);
      } else if (count > 0) path.push(count - 1);
    }
    return path;
  }

  #keyValue(table: KeyPath): void {
    const start = this.#at;
    const path = [...table];
    for (const name of this.#key()) {
      if (path.length > DEEPEST) break;
      path.push(name);
      this.#record(path, start);
    }
    this.#at++; // =
    this.#skipBlank();
    this.#value(path);
  }

  #value(path: KeyPath): void {
    switch (this.#peek()) {
      case '"':
      case "'":
        this.#string();
        return;
      case "[":
        return this.#list(path);
      case "{":
        this.#at++;
        for (this.#skipBlank(); this.#more("}"); this.#skipSeparator()) this.#keyValue(path);
        this.#at++;
        return;
      default: // numbers, booleans, dates: nothing in them ends a value
        if (this.#skip(/[^,\]}\n#]+/y) === "") this.#at++; // never in valid text; here so that no text loops for ever
    }
  }

  #list(path: KeyPath): void {
    this.#at++;
    this.#skipBlank();
    for (let index = 0; this.#more("]"); index++) {
      const element = path.length < DEEPEST ? [...path, index] : path;
      if (path.length < DEEPEST) this.#record(element, this.#at);
      this.#value(element);
      this.#skipSeparator();
    }
    this.#at++;
  }

  /** Dotted names up to `=` or `]`. */
  #key(): string[] {
    const names: string[] = [];
    do {
      if (names.length > 0) this.#at++; // .
      this.#skip(/[ \t]+/y);
      const first = this.#peek();
      if (first === '"' || first === "'") {
        const body = this.#string();
        names.push(first === '"' ? unescape(body) : body);
      } else names.push(this.#skip(/[A-Za-z0-9_-]+/y));
      this.#skip(/[ \t]+/y);
    } while (this.#peek() === ".");
    return names;
  }

  /** Passes over any kind of string and returns what stands between the quotes, escapes untouched. */
  #string(): string {
    const mark = this.#peek();
    const quotes = this.#text.startsWith(mark.repeat(3), this.#at) ? mark.repeat(3) : mark;
    const start = this.#at += quotes.length;
    while (this.#at < this.#text.length && !this.#text.startsWith(quotes, this.#at)) {
      this.#at += mark === '"' && this.#peek() === "\\" ? 2 : 1;
    }
    const end = this.#at;
    this.#at += quotes.length;
    // A multi-line string may end in one or two quotes of its own, before the three that close it.
    if (quotes.length === 3) this.#skip(mark === '"' ? /"{1,2}/y : /'{1,2}/y);
    return this.#text.slice(start, end);
  }

  #more(end: string): boolean {
    return this.#at < this.#text.length && this.#peek() !== end;
  }

  #skipSeparator(): void {
    this.#skipBlank();
    if (this.#peek() === ",") this.#at++;
    this.#skipBlank();
  }

  /** White space, newlines and comments. */
  #skipBlank(): void {
    while (this.#skip(/[ \t\r\n]+/y) !== "" || this.#skip(/#[^\n]*/y) !== "");
  }

  #skip(pattern: RegExp): string {
    pattern.lastIndex = this.#at;
    const found = pattern.exec(this.#text)?.[0] ?? "";
    this.#at += found.length;
    return found;
  }

  #peek(): string {
    return this.#text[this.#at] ?? "";
  }

  #record(path: KeyPath, offset: number): void {
    if (path.length > DEEPEST) return;
    const key = encode(path);
    if (!this.#offsets.has(key)) this.#offsets.set(key, offset);
  }
}

/** The escapes of a basic string, TOML 1.1 §String. */
function unescape(body: string): string {
  const SHORT: Readonly<Record<string, string>> = { b: "\b", t: "\t", n: "\n", f: "\f", r: "\r", e: "\x1b" };
  return body.replace(/\\(?:x([0-9A-Fa-f]{2})|u([0-9A-Fa-f]{4})|U([0-9A-Fa-f]{8})|(.))/gs, (_, x, u, U, character) => {
    const hex: string | undefined = x ?? u ?? U;
    return hex === undefined ? SHORT[character] ?? character : String.fromCodePoint(parseInt(hex, 16));
  });
}

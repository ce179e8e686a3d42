/**
 * TypeScript with its comments, strings and regular expressions blanked out, lines kept: what is left can be searched
 * for words without finding those that are only talked about.
 *
 * Not for: anything that needs a real parser. Where a slash starts a regular expression is guessed from what stands
 * before it, which is enough for code that `deno fmt` has formatted.
 *
 * @module
 */

const COMMENT = /\/\/[^\n]*|\/\*[\s\S]*?\*\//y;
const QUOTED = /"(?:[^"\\\n]|\\[\s\S])*"|'(?:[^'\\\n]|\\[\s\S])*'/y;
const REGULAR = /\/(?![*/])(?:[^/\\[\n]|\\.|\[(?:[^\]\\\n]|\\.)*\])+\/[a-z]*/y;
const TEMPLATE_TEXT = /(?:[^`\\$]|\\[\s\S]|\$(?!\{))*(`|\$\{)/y;
/** What can stand before a regular expression, but not before a division. */
const BEFORE_REGULAR = /(?:^|[(,=:[!&|?{};+\-*%~^<>]|\breturn|\bcase|\btypeof)\s*$/;

/** Blanks everything that is not code. Code within template literals stays. */
export function codeOnly(source: string): string {
  let out = "";
  let at = 0;
  /** How many braces are open within each `${` that we are in. */
  const braces: number[] = [];

  const match = (pattern: RegExp): RegExpExecArray | null => {
    pattern.lastIndex = at;
    return pattern.exec(source);
  };
  const skip = (length: number): void => {
    out += source.slice(at, at + length).replaceAll(/[^\n]/g, " ");
    at += length;
  };
  /** From behind a backtick, or behind the brace that ends `${`, to the next `${` or the end of the literal. */
  const template = (): void => {
    const text = match(TEMPLATE_TEXT);
    skip(text?.[0].length ?? source.length - at);
    if (text?.[1] === "${") braces.push(0);
  };

  while (at < source.length) {
    const here = source.charAt(at);
    const blank = match(COMMENT) ?? match(QUOTED) ?? (BEFORE_REGULAR.test(out.slice(-40)) ? match(REGULAR) : null);
    const depth = braces.at(-1);
    if (blank !== null) skip(blank[0].length);
    else if (here === "`") {
      skip(1);
      template();
    } else if (here === "}" && depth === 0) {
      braces.pop();
      skip(1);
      template();
    } else {
      if (depth !== undefined && here === "{") braces.splice(-1, 1, depth + 1);
      if (depth !== undefined && here === "}") braces.splice(-1, 1, depth - 1);
      out += here;
      at++;
    }
  }
  return out;
}

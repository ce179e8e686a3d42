/**
 * What this program was built as. `deno task build` prepends one statement to the bundle that leaves a stamp on
 * globalThis under {@linkcode STAMP}; without it the program runs from its sources.
 *
 * Not for: where the program lies and what it was called as; that is `launch.ts`.
 *
 * @module
 */

/** `source`: run by `deno run`; the other two are single files, design §4.8. */
export type BuildKind = "source" | "compiled" | "self-extracting";

/** The stamp. */
export interface BuildInfo {
  /** As in deno.json, or `source`. */
  readonly version: string;
  readonly kind: BuildKind;
}

/** The key of the stamp in the symbol registry. The build writes it, {@linkcode buildInfo} reads it. */
export const STAMP = "bwssh.build";

/** Reads the stamp; anything that is not one counts as none. */
export function buildInfo(): BuildInfo {
  const stamp: unknown = Reflect.get(globalThis, Symbol.for(STAMP));
  if (typeof stamp === "object" && stamp !== null && "version" in stamp && "kind" in stamp) {
    const { version, kind } = stamp;
    if (typeof version === "string" && (kind === "compiled" || kind === "self-extracting")) return { version, kind };
  }
  return { version: "source", kind: "source" };
}

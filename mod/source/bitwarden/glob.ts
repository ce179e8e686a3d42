/**
 * Wildcards over names: `*` is any run of characters, `?` is one. Without regular expressions, so that no pattern makes
 * matching slow.
 *
 * @module
 */

/** One step of a pattern: a wildcard, or a character to be found as it is. */
export type GlobStep = { readonly kind: "any" } | { readonly kind: "one" } | {
  readonly kind: "is";
  readonly text: string;
};

/** What letters are compared by: composed, and without case. */
export function fold(text: string): string {
  return text.normalize("NFC").toLowerCase();
}

/** Whether the whole name fits the pattern. @param name Folded. @param pattern Folded. */
export function matchesGlob(name: string, pattern: readonly GlobStep[]): boolean {
  const characters = [...name];
  let at = 0;
  let step = 0;
  let retry: { readonly step: number; at: number } | undefined;
  while (at < characters.length) {
    const wanted = pattern[step];
    if (wanted?.kind === "any") {
      retry = { step: ++step, at };
    } else if (wanted?.kind === "one" || (wanted !== undefined && wanted.text === characters[at])) {
      at++;
      step++;
    } else if (retry !== undefined) {
      // Let the last `*` take one character more. Earlier ones never need to: the last one can take all they could.
      step = retry.step;
      at = ++retry.at;
    } else return false;
  }
  while (pattern[step]?.kind === "any") step++;
  return step === pattern.length;
}

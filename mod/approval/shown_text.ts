/**
 * Texts of others made fit for a prompt. Labels, comments, paths, host names and namespaces can hold anything, and a prompt
 * is read by a person, by Pango (polkit-gnome and mate take the message for markup: a lone `&` makes it vanish, `<span>`
 * restyles it), by a terminal (pkttyagent passes escapes on) and by polkit itself, which expands `$(key)`. Escaping would be
 * seen where nobody unescapes, so what could be obeyed is replaced.
 *
 * @module
 */

/** Enough to recognise a name, and several fit into a dialog. */
const LONGEST_SHOWN = 60;
/** Details are for rules of the administrator, which compare whole values. */
const LONGEST_DETAIL = 256;

/**
 * Controls, direction overrides and other format characters, private use, lone surrogates; line and paragraph separators;
 * spaces that are not the space; characters that show as nothing; what markup, a shell or polkit's `$(key)` begin with.
 */
const OBEYED = /[\p{C}\p{Zl}\p{Zp}]|(?! )\p{Zs}|[\p{Default_Ignorable_Code_Point}\u2800]|[<>&$\\`]/gu;
/** Whatever could be taken for the end of a quoted name. */
const QUOTES = /["\u00ab\u00bb\u201c-\u201f\u2033\u2036\u2039\u203a\u275d\u275e\u300c-\u300f\u301d-\u301f\uff02]/gu;
/** More accents on one letter than writing has would reach into other lines. */
const STACKED = /(\p{M}{2})\p{M}+/gu;

/** A name for a person: at most 60 characters, on one line, within the quotes that the prompt puts round it. */
export function shown(text: string): string {
  const clean = text.normalize("NFC").replace(OBEYED, "?").replace(QUOTES, "'").replace(STACKED, "$1?");
  return cut(clean, LONGEST_SHOWN);
}

/**
 * A value for rules. Nothing is normalised: two values that differ here are not to be made the same, except where a
 * character must be replaced, and a replaced one equals nothing that anybody would write into a rule.
 */
export function detail(text: string): string {
  return cut(text.replace(OBEYED, "?"), LONGEST_DETAIL);
}

function cut(text: string, longest: number): string {
  const characters = [...text];
  return characters.length > longest ? `${characters.slice(0, longest - 1).join("")}…` : text;
}

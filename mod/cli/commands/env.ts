/** `bwssh env`: the lines that point a shell's ssh at us. @module */

import { locateSocket } from "../../config/locate.ts";
import { type CliContext, print } from "../context.ts";

/** Prints for `eval "$(bwssh env)"`; csh and fish by flag or by $SHELL. */
export default async function env(
  this: CliContext,
  flags: { readonly csh?: boolean; readonly fish?: boolean; readonly sh?: boolean; readonly json?: boolean },
): Promise<void> {
  const { path } = await locateSocket("agent", { env: this.env, uid: this.uid });
  if (flags.json === true) return print(this, JSON.stringify({ SSH_AUTH_SOCK: path }));
  const shell = this.env("SHELL") ?? "";
  const asked = flags.csh === true || flags.fish === true || flags.sh === true;
  if (flags.fish === true || (!asked && shell.endsWith("fish"))) {
    print(this, `set -gx SSH_AUTH_SOCK ${fishQuote(path)};`);
  } else if (flags.csh === true || (!asked && shell.endsWith("csh"))) {
    print(this, `setenv SSH_AUTH_SOCK ${shellQuote(path)};`);
  } else print(this, `SSH_AUTH_SOCK=${shellQuote(path)}; export SSH_AUTH_SOCK;`);
}

function shellQuote(text: string): string {
  return /^[\w@%+=:,./-]+$/.test(text) ? text : `'${text.replaceAll("'", "'\\''")}'`;
}

/** fish knows `\'` and `\\` within single quotes, and not the other shells' way. */
function fishQuote(text: string): string {
  return /^[\w@%+=:,./-]+$/.test(text) ? text : `'${text.replaceAll("\\", "\\\\").replaceAll("'", "\\'")}'`;
}

/** `bwssh config show`: the effective configuration and where each value comes from. @module */

import { loadConfig } from "../../config/load.ts";
import { configRows, configShown, valueText } from "../../config/show.ts";
import { printable } from "../../ssh/printable.ts";
import { type CliContext, print, printJson, remark } from "../context.ts";
import { table } from "../table.ts";

/** Prints one line a setting. */
export default async function configShow(this: CliContext, flags: { readonly json?: boolean }): Promise<void> {
  const loaded = await loadConfig({ env: this.env, uid: this.uid });
  if (flags.json === true) return printJson(this, configShown(loaded));
  print(this, table(configRows(loaded).map(({ key, value, origin }) => [key, valueText(value), origin])));
  for (const warning of loaded.warnings) remark(this, `warning: ${printable(warning)}`);
}

/**
 * `deno task test [--binary-only] [PART OF A PATH …]`: builds, installs what the tests need, and runs everything; or only
 * the test files named. The last line is `N passed, N failed`, with `, N skipped` where something was.
 *
 * Not for: what is run; that is `tools/gate/`.
 *
 * @module
 */

import { runGate } from "./gate/gate.ts";
import { say } from "./gate/run.ts";

async function main(args: readonly string[]): Promise<number> {
  const flags = args.filter((arg) => arg.startsWith("-"));
  const unknown = flags.find((flag) => flag !== "--binary-only");
  if (unknown !== undefined) {
    say(`test: '${unknown}' is not known; there is --binary-only, and parts of paths of test files`);
    return 2;
  }
  return await runGate({ filters: args.filter((arg) => !arg.startsWith("-")), binaryOnly: flags.length > 0 });
}

if (import.meta.main) Deno.exit(await main(Deno.args));

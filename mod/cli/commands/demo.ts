/** `bwssh demo`: handed to the daemon's own room. @module */

import type { CliContext } from "../context.ts";

/** Runs the demo. */
export default async function demo(this: CliContext): Promise<void> {
  this.process.exitCode = await this.demo();
}

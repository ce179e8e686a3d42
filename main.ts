/**
 * bwssh: an SSH agent whose private keys live in a vault. Arguments in, exit code out.
 *
 * @module
 */

import { runCli } from "./mod/cli/app.ts";
import { buildInfo } from "./mod/config/build_info.ts";
import { launch } from "./mod/config/launch.ts";
import { processEnvironment } from "./mod/config/paths.ts";

if (import.meta.main) {
  const build = buildInfo();
  const started = launch(build.kind);
  const args = started.name === "bwssh-agentd" ? ["daemon", ...Deno.args] : Deno.args;
  const parts = { build, launch: started, env: processEnvironment(), uid: Deno.uid() ?? -1 };
  const code = await runCli({
    process: { stdout: writerTo(Deno.stdout), stderr: writerTo(Deno.stderr) },
    ...parts,
    daemon: async (flags) => await (await import("./mod/daemon/run.ts")).runDaemon({ ...parts, ...flags }),
    demo: async () => await (await import("./mod/daemon/demo.ts")).runDemo(parts),
  }, args);
  Deno.exit(code);
}

/** Standard output or error as the command line wants it: whole texts, written before it goes on. */
function writerTo(stream: { writeSync(bytes: Uint8Array): number }): { write(text: string): void } {
  const encoder = new TextEncoder();
  return {
    write: (text): void => {
      const bytes = encoder.encode(text);
      for (let at = 0; at < bytes.length;) at += stream.writeSync(bytes.subarray(at));
    },
  };
}

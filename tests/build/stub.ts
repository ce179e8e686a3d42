/**
 * The smallest program that can show how it was started: the build tests make both kinds of file of it.
 *
 * Not for: shipping.
 *
 * @module
 */

import { buildInfo } from "../../mod/config/build_info.ts";
import { launch } from "../../mod/config/launch.ts";

const encoder = new TextEncoder();

/** Everything it knows, as one line of JSON. */
function report(): string {
  const { version, kind } = buildInfo();
  const started = launch(kind);
  return JSON.stringify({
    version,
    kind,
    ...started,
    args: Deno.args,
    env: Deno.env.toObject(),
    pid: Deno.pid,
    cwd: Deno.cwd(),
    umask: Deno.umask(),
    execPath: Deno.execPath(),
    comm: Deno.readTextFileSync("/proc/self/comm").trim(),
    inherited: linkOf("/proc/self/fd/3"),
  });
}

/** What the first descriptor behind stdio leads to: under socket activation, the listener. */
function linkOf(path: string): string | null {
  try {
    return Deno.readLinkSync(path);
  } catch {
    return null;
  }
}

const [command] = Deno.args;
if (command === "wait") {
  // Until a signal comes.
  Deno.addSignalListener("SIGTERM", () => Deno.exit(43));
  Deno.stdout.writeSync(encoder.encode(`${report()}\n`));
  setTimeout(() => Deno.exit(44), 20_000);
} else if (command === "lazy") {
  const before = Reflect.has(globalThis, "bwsshStubLazy");
  const { word } = await import("./stub_lazy.ts");
  Deno.stdout.writeSync(encoder.encode(`${before} ${word()} ${Reflect.has(globalThis, "bwsshStubLazy")}\n`));
} else if (command !== "empty") {
  Deno.stdout.writeSync(encoder.encode(`${report()}\n`));
}

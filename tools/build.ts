/**
 * `deno task build [--entry FILE] [--output FILE] [--kind auto|compiled|self-extracting]`: the one file, `dist/bwssh`.
 *
 * Not for: how it is made; that is `tools/build/`.
 *
 * @module
 */

import { build, type BuildOptions, ROOT } from "./build/build.ts";

function parse(args: readonly string[]): BuildOptions | string {
  let options: BuildOptions = { entry: `${ROOT}/main.ts`, output: `${ROOT}/dist/bwssh`, kind: "auto" };
  for (let at = 0; at < args.length; at += 2) {
    const [flag, value] = [args[at], args[at + 1]];
    if (value === undefined || value === "") return `Cannot build: '${flag}' needs a value`;
    if (flag === "--entry") options = { ...options, entry: absolute(value) };
    else if (flag === "--output") options = { ...options, output: absolute(value) };
    else if (flag === "--kind" && (value === "auto" || value === "compiled" || value === "self-extracting")) {
      options = { ...options, kind: value };
    } else return `Cannot build: '${flag} ${value}' is not known`;
  }
  return options;
}

function absolute(path: string): string {
  return path.startsWith("/") ? path : `${Deno.cwd()}/${path}`;
}

async function main(): Promise<number> {
  const options = parse(Deno.args);
  if (typeof options === "string") {
    say(options);
    return 2;
  }
  try {
    const { kind, version, reason } = await build(options);
    if (reason !== undefined) say(`No 'deno compile' here (${reason}): making the self-extracting kind`);
    say(`Built ${options.output}: bwssh ${version}, ${kind}`);
    return 0;
  } catch (error) {
    say(error instanceof Error ? error.message : String(error));
    return 1;
  }
}

function say(line: string): void {
  Deno.stderr.writeSync(new TextEncoder().encode(`build: ${line}\n`));
}

if (import.meta.main) Deno.exit(await main());

/**
 * How this process was started: where the program lies, the name it was called by, and an environment without the
 * variables that the runtime and the libraries below it would obey. `main.ts` calls {@linkcode launch} once, before
 * anything else looks at the environment or opens a library.
 *
 * Not for: bwssh's own variables; `paths.ts` reads those.
 *
 * @module
 */

import type { BuildKind } from "./build_info.ts";

/**
 * Variables held back, by prefix: Deno, Node and npm's (`NODE_OPTIONS=--require FILE` runs FILE), OpenTelemetry's,
 * Rust's, those of libraries within Deno, ld.so's, and libcrypto's (`OPENSSL_CONF` can load a provider into the process
 * that holds the keys). The self-extracting file's header holds the same ones, before Deno starts.
 */
export const HELD_PREFIXES = [
  "DENO_",
  "NODE_",
  "NPM_",
  "npm_",
  "JSR_",
  "OTEL_",
  "RUST_",
  "SQLITE_",
  "ICU_",
  "LD_",
  "OPENSSL_",
] as const;

/** Held back by name. COMPLETE makes the Deno program print its own completions instead of running anything. */
export const HELD_NAMES = ["COMPLETE", "GCONV_PATH", "GLIBC_TUNABLES", "SSLKEYLOGFILE"] as const;

/** What the header prefixes to the names of what it holds. */
const CARRIED = "BWSSH_ENV_";

/** The process environment, as far as this needs it. */
export interface MutableEnvironment {
  /** The names alone: a value becomes a string only when it is asked for, because some are secrets. */
  names(): readonly string[];
  get(name: string): string | undefined;
  set(name: string, value: string): void;
  delete(name: string): void;
}

/** What a process knows about its own start besides the environment. */
export interface ProcessFacts {
  readonly kind: BuildKind;
  /** Absolute path of the running executable, links resolved. */
  readonly execPath: string;
  /** The first argument given to execve(2), which is how it was called; undefined where /proc does not say. */
  readonly argv0: string | undefined;
}

/** How the program was started. */
export interface Launch {
  /** Absolute path to start this program again by (units, children); undefined when running from sources. */
  readonly program: string | undefined;
  /** The name it was called by, without directories: `bwssh`, `bwssh-agentd`. */
  readonly name: string;
  /** Variables taken out of the environment, for programs that are to have them: the user's own commands, and `bw`. */
  readonly held: Readonly<Record<string, string>>;
}

/** Takes this process's environment in hand. Call once, first. */
export function launch(kind: BuildKind): Launch {
  return adoptLaunch(ownEnvironment(), { kind, execPath: Deno.execPath(), argv0: firstArgument() });
}

/**
 * Removes the held variables from an environment and says how the process was started.
 *
 * @param env Changed in place.
 */
export function adoptLaunch(env: MutableEnvironment, facts: ProcessFacts): Launch {
  const held: Record<string, string> = {};
  const selfExtracting = facts.kind === "self-extracting";
  if (selfExtracting) {
    // The header put its own values here (HOME and DENO_DIR that lead nowhere); they are nobody's business from now on.
    for (const name of ["DENO_DIR", "DENO_NO_UPDATE_CHECK", "DENO_DISABLE_NODE_SHIM", "HOME"]) env.delete(name);
  }
  for (const name of env.names()) {
    const isCarried = name.startsWith(CARRIED);
    if (!isCarried && !isHeld(name)) continue;
    const value = env.get(name);
    if (value === undefined) continue; // taken out above: /proc tells of the environment at the start
    env.delete(name);
    if (!isCarried) held[name] = value;
    else if (selfExtracting) {
      const original = name.slice(CARRIED.length);
      if (original === "HOME") env.set("HOME", value);
      else held[original] = value;
    }
  }
  const called = selfExtracting ? env.get("BWSSH_SELF") : facts.argv0;
  env.delete("BWSSH_SELF");
  return { program: programPath(facts, called), name: baseName(called), held };
}

function programPath(facts: ProcessFacts, called: string | undefined): string | undefined {
  switch (facts.kind) {
    case "source":
      return undefined;
    case "compiled":
      return facts.execPath;
    case "self-extracting":
      return called;
    default:
      return facts.kind satisfies never;
  }
}

function isHeld(name: string): boolean {
  return HELD_PREFIXES.some((prefix) => name.startsWith(prefix)) || HELD_NAMES.some((held) => held === name);
}

function baseName(path: string | undefined): string {
  return path?.slice(path.lastIndexOf("/") + 1) || "bwssh";
}

/** The environment of this process. */
function ownEnvironment(): MutableEnvironment {
  return {
    names: environmentNames,
    get: (name) => Deno.env.get(name),
    set: (name, value) => Deno.env.set(name, value),
    delete: (name) => Deno.env.delete(name),
  };
}

/** The names in /proc/self/environ; `Deno.env.toObject()` would make strings of every value. */
function environmentNames(): readonly string[] {
  let bytes: Uint8Array;
  try {
    bytes = Deno.readFileSync("/proc/self/environ");
  } catch {
    return Object.keys(Deno.env.toObject()); // no /proc
  }
  const names: string[] = [];
  for (let start = 0; start < bytes.length;) {
    const end = bytes.indexOf(0, start) < 0 ? bytes.length : bytes.indexOf(0, start);
    const equals = bytes.indexOf("=".charCodeAt(0), start);
    if (equals > start && equals < end) names.push(new TextDecoder().decode(bytes.subarray(start, equals)));
    start = end + 1;
  }
  bytes.fill(0);
  return names;
}

/** argv[0]; `Deno.execPath()` follows links, so it cannot tell `bwssh-agentd` from what it links to. */
function firstArgument(): string | undefined {
  try {
    return Deno.readTextFileSync("/proc/self/cmdline").split("\0", 1)[0];
  } catch {
    return undefined; // no /proc: no name but the default
  }
}

/**
 * Gets the vault's session for `bwssh unlock`: by `bw unlock --raw` on the user's terminal or with a password from
 * where a script keeps it, or ready-made. It goes straight into locked memory; what `bw` asks and is told, we never see.
 *
 * @module
 */

import type { Libc } from "../../ffi/libc.ts";
import type { Poller } from "../../ffi/poller.ts";
import type { Secret, SecretMemory } from "../../ffi/secret.ts";
import { readSecretFile, readSecretFrom, readSecretVariable } from "../../ffi/secret_input.ts";
import { MAX_SECRET } from "../control/codec.ts";
import { ControlError } from "../control/messages.ts";
import { ChildRunner } from "../source/child_runner.ts";
import type { CommandEnd } from "../source/command.ts";

/** Where the session comes from. */
export type SessionOrigin =
  | { readonly from: "terminal" }
  | { readonly from: "password-file"; readonly path: string }
  | { readonly from: "password-env"; readonly name: string }
  | { readonly from: "stdin" }
  | { readonly from: "file"; readonly path: string }
  | { readonly from: "env"; readonly name: string };

/** What getting one needs. */
export interface SessionParts {
  readonly libc: Libc;
  readonly memory: SecretMemory;
  readonly poller: Poller;
  /** `bw` as absolute words. */
  readonly bw: () => readonly string[];
  /** The environment `bw` gets. */
  readonly env: Readonly<Record<string, string>>;
  readonly timeoutMs: number;
}

const STDIN = 0;
/** A person may have to look the password up. */
const PATIENCE_MS = 10 * 60_000;

/**
 * Gets a session; the caller wipes it.
 * @throws {ControlError} "no-session" when there is none to be had, with the next command to type.
 * @throws {ErrnoError} If a file cannot be read.
 */
export async function obtainSession(origin: SessionOrigin, parts: SessionParts): Promise<Secret> {
  const { libc, memory } = parts;
  switch (origin.from) {
    case "stdin":
      return readSecretFrom(libc, memory, STDIN, MAX_SECRET);
    case "file":
      return readSecretFile(libc, memory, origin.path, MAX_SECRET);
    case "env": {
      const session = readSecretVariable(libc, memory, origin.name, MAX_SECRET);
      if (session !== undefined) return session;
      throw noSession(`The variable ${origin.name} is not set`, `export ${origin.name}="$(bw unlock --raw)"`);
    }
    case "terminal":
      return await runUnlock(parts, [], {});
    case "password-file":
      return await runUnlock(parts, ["--passwordfile", absolutePath(origin.path)], {});
    case "password-env": {
      using password = variableString(parts, origin.name);
      return await runUnlock(parts, ["--passwordenv", origin.name], { secretEnv: password });
    }
    default:
      return origin satisfies never;
  }
}

/** Runs `bw unlock --raw`; with neither flags nor a password in the environment `bw` asks on the terminal. */
async function runUnlock(
  parts: SessionParts,
  flags: readonly string[],
  extra: { readonly secretEnv?: Secret },
): Promise<Secret> {
  const onTerminal = flags.length === 0;
  const command = {
    argv: [...parts.bw(), "unlock", "--raw", ...(onTerminal ? [] : ["--nointeraction"]), ...flags],
    env: onTerminal ? parts.env : { ...parts.env, BW_NOINTERACTION: "true" },
    deadlineMs: onTerminal ? PATIENCE_MS : parts.timeoutMs,
    signal: new AbortController().signal,
    onTerminal,
    ...extra,
  };
  await using runner = new ChildRunner(parts.libc, parts.memory, parts.poller);
  for (let attempt = 1;; attempt++) {
    using writer = parts.memory.writer(MAX_SECRET);
    const end = await parts.poller.until(
      runner.run(command, (chunk) => {
        if (writer.length + chunk.length > MAX_SECRET) return "enough"; // no session is as long as that
        writer.append(chunk);
        return "more";
      }),
    );
    // Empty output with exit code 0 is a prompt that was broken off.
    if (end.kind === "exited" && end.code === 0 && writer.length > 0) return writer.finish();
    // A server without the user-key-id endpoint fails the first unlock after a login only.
    const once = end.kind === "exited" && end.stderr.includes("user key id backfill");
    if (!once || attempt > 1) throw unlockFailure(end);
  }
}

/** `NAME=value` of our own environment, in locked memory. */
function variableString({ libc, memory }: SessionParts, name: string): Secret {
  using value = readSecretVariable(libc, memory, name, MAX_SECRET);
  if (value === undefined) throw noSession(`The variable ${name} is not set`, `set ${name} to the master password`);
  using writer = memory.writer(2 * MAX_SECRET);
  writer.appendPublic(new TextEncoder().encode(`${name}=`));
  writer.append(value);
  return writer.finish();
}

/** `bw` runs elsewhere than the user's shell may think. */
function absolutePath(path: string): string {
  return path.startsWith("/") ? path : `${Deno.cwd()}/${path}`;
}

function unlockFailure(end: CommandEnd): ControlError {
  switch (end.kind) {
    case "not-started":
      return noSession(`Cannot start "${end.path}" (${end.code})`, "set [bitwarden] bw_path in config.toml");
    case "deadline":
      return noSession("bw did not answer in time", "check the connection to the vault's server, then bwssh unlock");
    case "exited":
      return exitFailure(end.stderr);
    case "signalled":
    case "aborted":
    case "enough":
      return noSession("bw was ended before it gave a session", "bwssh unlock");
    default:
      return end satisfies never;
  }
}

function exitFailure(stderr: string): ControlError {
  if (stderr.includes("You are not logged in")) return noSession("bw is not logged in", "bw login");
  if (/Invalid master password|Cryptography error/.test(stderr)) {
    return noSession("bw says that the master password is wrong", "bwssh unlock");
  }
  if (stderr.includes("ENOENT")) return noSession("bw cannot read the password file", "check the path and its mode");
  return noSession("bw gave no session", "bw login --check, then bwssh unlock");
}

function noSession(message: string, hint: string): ControlError {
  return new ControlError("no-session", message, hint);
}

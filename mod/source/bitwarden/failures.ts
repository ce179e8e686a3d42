/**
 * Every way in which bw fails, told apart and given the next command to type. What bw wrote to stderr decides and is
 * never passed on: it can hold a server's answer, and terminal escapes.
 *
 * @module
 */

import { SourceError } from "../source.ts";
import type { CommandEnd } from "../command.ts";
import { absent, notExecutable } from "./bw_path.ts";
import { type Cause, causeOf, LOGGED_OUT_BY_SERVER } from "./failure_causes.ts";

/** A failed call, for classification. */
export interface FailedCall {
  /** What was to be done, to follow "Cannot": `list the items of the vault`. */
  readonly task: string;
  /** `[bitwarden] data_dir`, for hints; undefined where bw uses its own. */
  readonly dataDir: string | undefined;
  readonly deadlineMs: number;
  /** Its answer was complete all the same. */
  readonly answered?: true;
}

/** Exit codes a shell or env(1) gives for a program that is missing or not executable. */
const NOT_FOUND = 127;
const NOT_RUN = 126;

/** Tells why a call failed that gave no complete answer. */
export function classify(call: FailedCall, end: Exclude<CommandEnd, { readonly kind: "enough" }>): SourceError {
  switch (end.kind) {
    case "not-started":
      if (end.code === "ENOENT") return absent(end.path);
      if (end.code === "EACCES") return notExecutable(end.path);
      return failure(call, {
        code: "bw-not-started",
        reason: `"${end.path}" did not start (${end.code})`,
        hint: "run `{bw} --version` in a terminal",
      });
    case "aborted":
      return wasAborted(call);
    case "deadline":
      return failure(call, {
        code: "timeout",
        reason: `bw gave no complete answer within ${
          Math.round(call.deadlineMs / 1000)
        } s (it waits for a dead server for ever)`,
        hint: "check the network and `{bw} config server`; `timeout_seconds` in [bitwarden] allows more",
      });
    case "signalled":
      return failure(call, {
        code: "killed",
        reason: `bw was ended by signal ${end.signal}`,
        hint: "look for the cause in `journalctl -b` (memory running out, say), then try again",
      });
    case "exited":
      return byExit(call, end.code, end.stderr);
    default:
      return end satisfies never;
  }
}

/** It was called off: the user locked, the client went away, or the daemon ends. */
export function wasAborted(call: FailedCall): SourceError {
  return failure(call, { code: "aborted", reason: "it was called off", hint: "run `bwssh unlock`" });
}

/** A complete answer that is not what was asked for. */
export function notJson(call: FailedCall, cause: Error): SourceError {
  const hint = "run `{bw} --version`; an alias or wrapper in `bw_path` must print nothing of its own";
  return failure(call, { code: "not-json", reason: "what bw printed is not the JSON that was expected", hint }, cause);
}

/** There is no session to call bw with. */
export function noSession(call: FailedCall): SourceError {
  return failure(call, { code: "no-session", reason: "there is no session of bw", hint: "run `bwssh unlock`" });
}

/** The arena is full. @param cause Its error, which names the remedy. */
export function noMemory(call: FailedCall, cause: Error): SourceError {
  const hint = "raise the limit of locked memory (`ulimit -l`, or `LimitMEMLOCK=` in the unit) and unlock again";
  return failure(call, { code: "no-memory", reason: "there is no locked memory left", hint }, cause);
}

/** For a call that finds bw logged out though it was logged in a moment ago. */
export function loggedOutByServer(call: FailedCall): SourceError {
  return failure(call, LOGGED_OUT_BY_SERVER);
}

function byExit(call: FailedCall, code: number, stderr: string): SourceError {
  const known = causeOf(stderr);
  if (known !== undefined) return failure(call, known);
  if (code === NOT_FOUND || code === NOT_RUN) {
    const hint = "run `{bw} --version` in a terminal";
    return failure(call, { code: "bw-runtime", reason: "the program bw runs on is missing", hint });
  }
  if (code === 0) {
    const reason = "bw ended well and printed no complete answer";
    return failure(call, {
      code: "empty-output",
      reason,
      hint: "run `{bw} status` in a terminal, then `bwssh unlock`",
    });
  }
  const reason = `bw failed with exit code ${code} for a reason that bwssh does not know`;
  return failure(call, { code: "failed", reason, hint: "run `{bw} sync` in a terminal to see its own words" });
}

function failure(call: FailedCall, cause: Cause, error?: Error): SourceError {
  const bw = call.dataDir === undefined ? "bw" : `BITWARDENCLI_APPDATA_DIR=${quoted(call.dataDir)} bw`;
  const options = error === undefined ? undefined : { cause: error };
  const outcome = call.answered ? `bw could ${call.task}, and then failed` : `Cannot ${call.task}`;
  const hint = cause.hint.replaceAll("{bw}", bw);
  return new SourceError(cause.code, `${outcome}: ${cause.reason}`, hint, options);
}

/** For a shell, where that is needed. */
function quoted(path: string): string {
  return /^[\w./-]+$/.test(path) ? path : `'${path.replaceAll("'", `'\\''`)}'`;
}

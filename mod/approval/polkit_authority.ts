/**
 * polkit's authority on the system bus: may this process have this action done? Speaks org.freedesktop.PolicyKit1.Authority
 * and nothing else.
 *
 * Not for: what the answers mean for a signature (`polkit.ts`), or what went wrong in words (`polkit_failure.ts`).
 *
 * @module
 */

import type { MethodCall } from "../../ffi/dbus/connection.ts";
import { DbusError } from "../../ffi/dbus/error.ts";
import { type Incoming, type Outgoing, text, textMap, variantMap } from "../../ffi/dbus/value.ts";

/** A process, as polkit is told of it. */
export interface Subject {
  readonly pid: number;
  /** Clock ticks since boot, field 22 of proc_pid_stat(5). */
  readonly startTime: bigint;
  readonly uid: number;
  /** Taken instead of pid and start time by polkit ≥ 126. */
  readonly pidfd: number | undefined;
}

/** What is asked. */
export interface CheckRequest {
  readonly action: string;
  readonly subject: Subject;
  /** polkit refuses any at all unless the action's owner annotation names our user. */
  readonly details: readonly (readonly [name: string, value: string])[];
  /** Whether a person may be asked. */
  readonly interactive: boolean;
}

/** polkit's answer. */
export interface CheckResult {
  readonly authorized: boolean;
  /** Somebody would have to be asked, and was not: not allowed to, or no agent there to ask. */
  readonly challenge: boolean;
  readonly details: ReadonlyMap<string, Incoming>;
}

/** Whoever says what a process may do. */
export interface Authority {
  /**
   * Asks, and waits for as long as a person needs.
   *
   * @param signal Aborting takes a prompt back.
   * @throws {DbusError} Among them `aborted`, when the prompt is gone.
   */
  check(request: CheckRequest, signal: AbortSignal): Promise<CheckResult>;
}

/** The part of a bus that this needs. */
export interface CallingBus {
  call(call: MethodCall, signal?: AbortSignal): Promise<readonly Incoming[]>;
  /** Ends the connection; the next call makes another. */
  disconnect(): Promise<void>;
}

const ALLOW_USER_INTERACTION = 1;
/** polkitd answers a cancellation in 5 ms. One that does not is stuck, and loses the connection, prompts with it. */
const CANCEL_DEADLINE_MS = 1_000;

/** polkit over a bus. */
export class PolkitAuthority implements Authority {
  readonly #bus: CallingBus;
  #checks = 0;

  constructor(bus: CallingBus) {
    this.#bus = bus;
  }

  async check({ action, subject, details, interactive }: CheckRequest, signal: AbortSignal): Promise<CheckResult> {
    // polkit keeps these ids by connection, so that counting is enough.
    const id = interactive ? `check-${++this.#checks}` : "";
    const flags = interactive ? ALLOW_USER_INTERACTION : 0;
    const args = [
      encodeSubject(subject),
      text(action),
      textMap(details),
      { type: "u", value: flags },
      text(id),
    ] as const;
    try {
      return decodeResult(await this.#bus.call(authorityCall("CheckAuthorization", args), signal));
    } catch (error) {
      if (interactive && error instanceof DbusError && error.code === "aborted") await this.#cancel(id);
      throw error;
    }
  }

  /** Takes a prompt back. The check may never have been sent, or be over: then there is no such id, and no prompt. */
  async #cancel(id: string): Promise<void> {
    const controller = new AbortController();
    const timer = setTimeout(() => controller.abort(), CANCEL_DEADLINE_MS);
    try {
      await this.#bus.call(authorityCall("CancelCheckAuthorization", [text(id)]), controller.signal);
    } catch (error) {
      if (controller.signal.aborted) await this.#bus.disconnect();
      else if (!(error instanceof DbusError)) throw error;
    } finally {
      clearTimeout(timer);
    }
  }
}

function authorityCall(method: string, args: readonly Outgoing[]): MethodCall {
  return {
    service: "org.freedesktop.PolicyKit1",
    path: "/org/freedesktop/PolicyKit1/Authority",
    interface: "org.freedesktop.PolicyKit1.Authority",
    method,
    args,
  };
}

function encodeSubject({ pid, startTime, uid, pidfd }: Subject): Outgoing {
  const facts: (readonly [string, Outgoing])[] = [
    ["pid", { type: "u", value: pid }],
    ["start-time", { type: "t", value: startTime }],
    ["uid", { type: "i", value: uid }],
  ];
  if (pidfd !== undefined) facts.push(["pidfd", { type: "h", value: pidfd }]);
  return { type: "struct", fields: [text("unix-process"), variantMap(facts)] };
}

/** `(bba{ss})`. @throws {DbusError} `answer`: what is no answer is no yes. */
function decodeResult(values: readonly Incoming[]): CheckResult {
  const [result] = values;
  const [authorized, challenge, details] = Array.isArray(result) ? result as readonly Incoming[] : [];
  if (typeof authorized !== "boolean" || typeof challenge !== "boolean" || !(details instanceof Map)) {
    throw new DbusError("answer", "Cannot read polkit's answer: not of the form (bba{ss})");
  }
  return { authorized, challenge, details };
}

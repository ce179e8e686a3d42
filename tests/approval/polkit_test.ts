import { deepStrictEqual as deepEqual, match, strictEqual as equal } from "node:assert/strict";
import type { MethodCall } from "../../ffi/dbus/connection.ts";
import { DbusError, type DbusErrorCode } from "../../ffi/dbus/error.ts";
import type { Incoming } from "../../ffi/dbus/value.ts";
import type { Answer } from "../../mod/approval/approver.ts";
import { PolkitApprover, type PolkitOptions } from "../../mod/approval/polkit.ts";
import {
  type Authority,
  type CheckRequest,
  type CheckResult,
  PolkitAuthority,
} from "../../mod/approval/polkit_authority.ts";
import { denialFor } from "../../mod/approval/polkit_failure.ts";
import type { HeldSubject } from "../../mod/approval/polkit_subject.ts";
import type { Ask } from "../../mod/policy/ask.ts";
import { encodePublicKey, fingerprintOf } from "../../mod/ssh/public_key.ts";

const BLOB = encodePublicKey({ type: "ed25519", point: new Uint8Array(32).fill(7) });
const ACTION = "io.github.reidond.bwssh.sign";
const never = new AbortController().signal;

function askWith({ reprompt = false, always = false } = {}): Ask {
  return {
    identity: {
      id: "item#key",
      blob: BLOB,
      fingerprint: fingerprintOf(BLOB),
      comment: "",
      itemName: "work",
      source: "bitwarden",
      reprompt,
      ...(always ? { limits: { approve: "always" as const } } : {}),
    },
    peer: {
      pid: 42,
      uid: 1000,
      gid: 1000,
      startTime: 1n,
      exe: undefined,
      exeFile: undefined,
      ancestors: [],
      tty: undefined,
      session: 0,
      cgroup: undefined,
      foreignMounts: undefined,
    },
    route: { kind: "unbound" },
    data: new Uint8Array(0),
    signed: { kind: "other" },
  };
}

type Step = CheckResult | DbusError;

/** Answers from a list, and keeps what it was asked: fault injection; the real one is in tests/real/polkit_test.ts. */
class ScriptedAuthority implements Authority {
  readonly asked: CheckRequest[] = [];
  readonly #steps: Step[];

  constructor(...steps: Step[]) {
    this.#steps = steps;
  }

  check(request: CheckRequest): Promise<CheckResult> {
    this.asked.push(request);
    const step = this.#steps.shift() ?? new DbusError("lost", "end of script");
    return step instanceof DbusError ? Promise.reject(step) : Promise.resolve(step);
  }
}

function result(authorized: boolean, challenge: boolean, ...details: readonly [string, string][]): CheckResult {
  return { authorized, challenge, details: new Map(details) };
}

const YES = result(true, false);
const NO = result(false, false);
const CHALLENGE = result(false, true);
const NOT_AUTHORIZED = new DbusError("refused", "", {
  errorName: "org.freedesktop.PolicyKit1.Error.NotAuthorized",
  text: "Only trusted callers (e.g. uid 0 or an action owner) can use CheckAuthorization() and pass details",
});

function subject(uid = 1000): HeldSubject {
  return { pid: 7, startTime: 1n, uid, pidfd: undefined, [Symbol.dispose]: () => undefined };
}

function approverOf(authority: Authority, options: Partial<PolkitOptions> = {}): PolkitApprover {
  const defaults = { authority, ourUid: 1000, subjectFor: () => subject(), interactive: true, onHint: () => undefined };
  return new PolkitApprover({ ...defaults, ...options });
}

const word = (answer: Answer | undefined): string | undefined => answer?.kind === "deny" ? answer.reason : answer?.kind;

const QUIET = [
  { name: "yes", steps: [YES], is: "allow" },
  { name: "no", steps: [NO], is: "denied-by-authority" },
  { name: "a challenge", steps: [CHALLENGE], is: undefined },
  {
    name: "a challenge, and nobody may be asked",
    steps: [CHALLENGE],
    options: { interactive: false },
    is: "nobody-to-ask",
  },
  { name: "yes for an item asked for each time", steps: [YES], ask: { reprompt: true }, is: "re-prompt-item" },
  { name: "yes for an item with bwssh.approve = always", steps: [YES], ask: { always: true }, is: "re-prompt-item" },
  { name: "an error", steps: [new DbusError("lost", "")], is: "authority-unreachable" },
  { name: "yes to a daemon of root's", steps: [YES], options: { ourUid: 0 }, is: "authority-as-root" },
  {
    name: "yes for a subject of root's",
    steps: [YES],
    options: { subjectFor: () => subject(0) },
    is: "authority-as-root",
  },
  { name: "yes for nobody", steps: [YES], options: { subjectFor: () => undefined }, is: "peer-unreadable" },
];
for (const { name, steps, options, ask, is } of QUIET) {
  Deno.test(`PolkitApprover.approveQuietly() makes ${is ?? "a question"} of ${name}`, async () => {
    const authority = new ScriptedAuthority(...steps);
    equal(word(await approverOf(authority, options).approveQuietly(askWith(ask), never)), is);
    deepEqual(authority.asked.filter(({ interactive }) => interactive), []);
  });
}

const LOUD = [
  { name: "yes", steps: [YES], is: "allow" },
  { name: "no", steps: [NO], is: "declined" },
  { name: "a dismissal", steps: [result(false, false, ["polkit.dismissed", "true"])], is: "declined" },
  { name: "a challenge", steps: [CHALLENGE], is: "no-prompt-agent" },
  {
    name: "a kept yes for an item asked for each time",
    steps: [result(true, false, ["polkit.temporary_authorization_id", "tmpauthz1"])],
    ask: { reprompt: true },
    is: "re-prompt-item",
  },
  { name: "yes for an item asked for each time", steps: [YES], ask: { reprompt: true }, is: "allow" },
  { name: "yes where nobody may be asked", steps: [YES], options: { interactive: false }, is: "nobody-to-ask" },
  { name: "yes to a daemon of root's", steps: [YES], options: { ourUid: 0 }, is: "authority-as-root" },
];
for (const { name, steps, options, ask, is } of LOUD) {
  Deno.test(`PolkitApprover.approve() makes ${is} of ${name}`, async () => {
    equal(word(await approverOf(new ScriptedAuthority(...steps), options).approve(askWith(ask), never)), is);
  });
}

Deno.test("PolkitApprover sends details once, then none where polkit refuses them, and says so once", async () => {
  const hints: string[] = [];
  const authority = new ScriptedAuthority(NOT_AUTHORIZED, YES, YES);
  const approver = approverOf(authority, { onHint: (hint) => void hints.push(hint) });
  equal(word(await approver.approve(askWith(), never)), "allow");
  equal(word(await approver.approve(askWith(), never)), "allow");
  deepEqual(authority.asked.map(({ details }) => details.length > 0), [true, false, false]);
  equal(authority.asked[0]?.details[0]?.[0], "polkit.message");
  equal(hints.length, 1);
  match(hints[0] ?? "", /sudo bwssh install --polkit --user 1000/);
  deepEqual(approver.hints, hints);
});

Deno.test("PolkitApprover does not take polkit's second refusal for anything but a denial", async () => {
  const approver = approverOf(new ScriptedAuthority(NOT_AUTHORIZED, NOT_AUTHORIZED));
  equal(word(await approver.approve(askWith(), never)), "authority-not-set-up");
  deepEqual(approver.hints, []);
});

const admitted = [
  { steps: [YES], is: "allow", loud: [false] },
  { steps: [NO], is: "denied-by-authority", loud: [false] },
  { steps: [CHALLENGE, YES], is: "allow", loud: [false, true] },
  { steps: [CHALLENGE, NO], is: "declined", loud: [false, true] },
];
for (const { steps, is, loud } of admitted) {
  Deno.test(`PolkitApprover.admit() asks its own action: ${is} after ${loud.length}`, async () => {
    const authority = new ScriptedAuthority(...steps);
    const answer = await approverOf(authority).admit("list", askWith().peer, never);
    equal(answer.kind === "deny" ? answer.reason : answer.kind, is);
    deepEqual(authority.asked.map(({ interactive }) => interactive), loud);
    deepEqual([...new Set(authority.asked.map(({ action }) => action))], ["io.github.reidond.bwssh.list"]);
  });
}

function refused(errorName: string, text: string): DbusError {
  return new DbusError("refused", `${errorName}: ${text}`, { errorName, text });
}

const FAILURES: readonly { readonly error: unknown; readonly reason: string; readonly detail: RegExp }[] = [
  { error: new DbusError("no-library", ""), reason: "authority-unreachable", detail: /apt install libdbus-1-3/ },
  {
    error: new DbusError("connect", "Cannot connect", { errorName: "org.freedesktop.DBus.Error.FileNotFound" }),
    reason: "authority-unreachable",
    detail: /There is no system bus/,
  },
  {
    error: new DbusError("connect", "Cannot connect", { errorName: "org.freedesktop.DBus.Error.NoServer" }),
    reason: "authority-unreachable",
    detail: /systemctl status dbus/,
  },
  {
    error: new DbusError("connect", "Cannot: late\u001b"),
    reason: "authority-unreachable",
    detail: /^Cannot: late\?$/,
  },
  { error: new DbusError("lost", ""), reason: "authority-unreachable", detail: /went away/ },
  { error: new DbusError("aborted", ""), reason: "client-gone", detail: /Nobody waits/ },
  { error: new DbusError("answer", "Cannot read it"), reason: "authority-failed", detail: /Cannot read it/ },
  { error: new RangeError("secret"), reason: "authority-failed", detail: /^Asking polkit failed: RangeError$/ },
  {
    error: refused("org.freedesktop.DBus.Error.ServiceUnknown", "not provided"),
    reason: "authority-unreachable",
    detail: /apt install polkitd/,
  },
  {
    error: refused("org.freedesktop.DBus.Error.Spawn.ExecFailed", "not provided"),
    reason: "authority-unreachable",
    detail: /apt install polkitd/,
  },
  {
    error: refused("org.freedesktop.DBus.Error.NoReply", "Message recipient disconnected"),
    reason: "authority-unreachable",
    detail: /polkitd ended/,
  },
  {
    error: refused("org.freedesktop.PolicyKit1.Error.Failed", `Action ${ACTION} is not registered`),
    reason: "authority-not-set-up",
    detail: /sudo bwssh install --polkit/,
  },
  { error: NOT_AUTHORIZED, reason: "authority-not-set-up", detail: /Only trusted callers/ },
  {
    error: refused("org.freedesktop.PolicyKit1.Error.Failed", "process with PID 5 has been replaced"),
    reason: "peer-unreadable",
    detail: /is gone/,
  },
  {
    error: refused("org.gtk.GDBus.UnmappedGError.Quark._g.Code4", 'Failed to open file "/proc/5/status"'),
    reason: "peer-unreadable",
    detail: /is gone/,
  },
  {
    error: refused("org.freedesktop.DBus.Error.LimitsExceeded", "too many <b>"),
    reason: "authority-failed",
    detail: /LimitsExceeded: too many \?b\?/,
  },
];
for (const { error, reason, detail } of FAILURES) {
  Deno.test(`denialFor() makes ${reason} of ${error}`, () => {
    const denial = denialFor(error, ACTION);
    equal(denial.reason, reason);
    match(denial.detail, detail);
  });
}

/** A bus that answers by method; a method without an answer is never answered. */
function busOf(answers: Readonly<Record<string, readonly Incoming[] | DbusErrorCode>>): {
  readonly calls: MethodCall[];
  disconnected: number;
  call(call: MethodCall, signal?: AbortSignal): Promise<readonly Incoming[]>;
  disconnect(): Promise<void>;
} {
  return {
    calls: [],
    disconnected: 0,
    call(call, signal): Promise<readonly Incoming[]> {
      this.calls.push(call);
      const answer = answers[call.method];
      if (typeof answer === "string") return Promise.reject(new DbusError(answer, answer));
      if (answer !== undefined) return Promise.resolve(answer);
      return new Promise((_, reject) =>
        signal?.addEventListener("abort", () => reject(new DbusError("aborted", "aborted")))
      );
    },
    disconnect(): Promise<void> {
      this.disconnected++;
      return Promise.resolve();
    },
  };
}

const REQUEST: CheckRequest = { action: ACTION, subject: subject(), details: [], interactive: true };

Deno.test("PolkitAuthority takes a prompt back by the id it was asked with", async () => {
  const bus = busOf({ CancelCheckAuthorization: [] });
  const controller = new AbortController();
  const check = new PolkitAuthority(bus).check(REQUEST, controller.signal).catch((error) => error.code);
  controller.abort();
  equal(await check, "aborted");
  const [asked, cancelled] = bus.calls;
  equal(cancelled?.method, "CancelCheckAuthorization");
  deepEqual(cancelled?.args[0], asked?.args[4]);
  equal(bus.disconnected, 0);
});

Deno.test("PolkitAuthority gives the connection up where a prompt cannot be taken back", async () => {
  const bus = busOf({});
  const controller = new AbortController();
  const check = new PolkitAuthority(bus).check(REQUEST, controller.signal).catch((error) => error.code);
  controller.abort();
  equal(await check, "aborted");
  equal(bus.disconnected, 1);
});

const ANSWERS: readonly (readonly Incoming[])[] = [
  [],
  [true],
  [[]],
  [[true]],
  [[true, false]],
  [["true", false, new Map()]],
  [[1, 0, new Map()]],
  [[true, false, []]],
];
for (const answer of ANSWERS) {
  Deno.test(`PolkitAuthority takes ${JSON.stringify(answer)} for no answer`, async () => {
    const bus = busOf({ CheckAuthorization: answer });
    equal(await new PolkitAuthority(bus).check(REQUEST, never).catch((error) => error.code), "answer");
  });
}

import { deepStrictEqual as deepEqual, strictEqual as equal } from "node:assert/strict";
import type { Answer, Approver, QuietApprover } from "../../mod/approval/approver.ts";
import { PromptQueue } from "../../mod/approval/queue.ts";
import type { Ask } from "../../mod/policy/ask.ts";
import { allow, deny } from "../../mod/policy/verdict.ts";

/** Fields nobody looks at here. */
function askNamed(itemName: string): Ask {
  return { identity: { itemName } } as Ask;
}

/** An approver whose prompts a test answers by name. */
class ScriptedApprover implements Approver {
  readonly name = "scripted";
  readonly shown: string[] = [];
  readonly withdrawn: string[] = [];
  readonly #open = new Map<string, (answer: Answer) => void>();
  /** Whether it answers when it is told to stop. */
  obedient = true;

  approve(ask: Ask, signal: AbortSignal): Promise<Answer> {
    const { itemName } = ask.identity;
    this.shown.push(itemName);
    const { promise, resolve } = Promise.withResolvers<Answer>();
    this.#open.set(itemName, resolve);
    signal.addEventListener("abort", () => {
      this.withdrawn.push(itemName);
      if (this.obedient) resolve(allow(ask, "too late"));
    });
    return promise;
  }

  say(ask: Ask, answer: Answer = allow(ask, "scripted")): void {
    this.#open.get(ask.identity.itemName)?.(answer);
  }
}

function queueOf(approver: Approver, { maxWaiting = 8, deadlineMs = 60_000 } = {}): PromptQueue {
  return new PromptQueue(approver, () => ({ maxWaiting, deadlineMs }));
}

/** Lets everything that can go on without a timer go on. */
async function settle(): Promise<void> {
  for (let turn = 0; turn < 20; turn++) await Promise.resolve();
}

const never = new AbortController().signal;
const word = (answer: Answer): string => answer.kind === "deny" ? answer.reason : answer.kind;

Deno.test("PromptQueue shows one prompt at a time, first come first shown", async () => {
  const approver = new ScriptedApprover();
  const queue = queueOf(approver);
  const asks = ["a", "b", "c"].map(askNamed);
  const answers = asks.map((ask) => queue.approve(ask, never).then(word));
  for (const [at, ask] of asks.entries()) {
    await settle();
    deepEqual(approver.shown, ["a", "b", "c"].slice(0, at + 1));
    deepEqual(queue.state, { waiting: 2 - at, shown: true });
    approver.say(ask, at === 1 ? deny("declined", "no") : undefined);
  }
  deepEqual(await Promise.all(answers), ["allow", "declined", "allow"]);
  deepEqual(queue.state, { waiting: 0, shown: false });
});

Deno.test("PromptQueue gives the turn to who waits, not to who comes just then", async () => {
  const approver = new ScriptedApprover();
  const queue = queueOf(approver);
  const [a, b, c] = [askNamed("a"), askNamed("b"), askNamed("c")];
  const late: Promise<string>[] = [];
  const first = queue.approve(a, never).then(() => late.push(queue.approve(c, never).then(word)));
  const second = queue.approve(b, never).then(word);
  await settle();
  approver.say(a);
  await first;
  await settle();
  deepEqual(approver.shown, ["a", "b"]);
  approver.say(b);
  equal(await second, "allow");
  await settle();
  approver.say(c);
  deepEqual(await Promise.all(late), ["allow"]);
});

Deno.test("PromptQueue turns away who comes when it is full", async () => {
  const approver = new ScriptedApprover();
  const queue = queueOf(approver, { maxWaiting: 1 });
  const [a, b] = [askNamed("a"), askNamed("b")];
  const answers = [a, b].map((ask) => queue.approve(ask, never).then(word));
  await settle();
  equal(word(await queue.approve(askNamed("c"), never)), "queue-full");
  approver.say(a);
  await settle();
  approver.say(b);
  deepEqual(await Promise.all(answers), ["allow", "allow"]);
  deepEqual(approver.shown, ["a", "b"]);
});

Deno.test("PromptQueue drops who hangs up: waiting, shown, and before it began", async () => {
  const approver = new ScriptedApprover();
  const queue = queueOf(approver);
  const [shown, waiting] = [new AbortController(), new AbortController()];
  const answers = [
    queue.approve(askNamed("a"), shown.signal).then(word),
    queue.approve(askNamed("b"), waiting.signal).then(word),
    queue.approve(askNamed("c"), AbortSignal.abort()).then(word),
  ];
  await settle();
  waiting.abort();
  await settle();
  deepEqual(queue.state, { waiting: 0, shown: true });
  shown.abort();
  deepEqual(await Promise.all(answers), ["client-gone", "client-gone", "client-gone"]);
  deepEqual([approver.shown, approver.withdrawn], [["a"], ["a"]]);
});

Deno.test("PromptQueue passes the turn on from one that hung up when it got it", async () => {
  const approver = new ScriptedApprover();
  const queue = queueOf(approver);
  const [a, c] = [askNamed("a"), askNamed("c")];
  const middle = new AbortController();
  const first = queue.approve(a, never).then(word);
  const second = queue.approve(askNamed("b"), middle.signal).then(word);
  const third = queue.approve(c, never).then(word);
  await settle();
  approver.say(a);
  first.then(() => middle.abort());
  await settle();
  approver.say(c);
  deepEqual(await Promise.all([first, second, third]), ["allow", "client-gone", "allow"]);
});

Deno.test("PromptQueue takes a prompt back at its deadline, which begins when it is shown; a later yes is none", async () => {
  const approver = new ScriptedApprover();
  const queue = queueOf(approver, { deadlineMs: 20 });
  const answers = await Promise.all([askNamed("a"), askNamed("b")].map((ask) => queue.approve(ask, never)));
  deepEqual(answers.map(word), ["prompt-expired", "prompt-expired"]);
  equal(answers[0]?.kind === "deny" && answers[0].detail, "Nobody answered within 0.02 s");
  deepEqual(approver.withdrawn, ["a", "b"]);
});

Deno.test("PromptQueue.withdrawAll() takes back what is shown and what waits, and goes on afterwards", async () => {
  const approver = new ScriptedApprover();
  const queue = queueOf(approver);
  const answers = ["a", "b", "c"].map((name) => queue.approve(askNamed(name), never).then(word));
  await settle();
  queue.withdrawAll("The daemon locked");
  deepEqual(await Promise.all(answers), ["prompt-withdrawn", "prompt-withdrawn", "prompt-withdrawn"]);
  deepEqual(approver.shown, ["a"]);
  const later = askNamed("d");
  const answer = queue.approve(later, never);
  await settle();
  approver.say(later);
  equal(word(await answer), "allow");
});

Deno.test("PromptQueue does not let an approver's error be anything but a denial", async () => {
  const approver: Approver = { name: "broken", approve: () => Promise.reject(new RangeError("no")) };
  const queue = queueOf(approver);
  equal(word(await queue.approve(askNamed("a"), never)), "authority-failed");
  deepEqual(queue.state, { waiting: 0, shown: false });
});

Deno.test("PromptQueue lets an answer that needs nobody pass those that wait", async () => {
  const approver = new ScriptedApprover();
  const quiet: QuietApprover = Object.assign(approver, {
    approveQuietly: (ask: Ask): Promise<Answer | undefined> =>
      Promise.resolve(ask.identity.itemName === "ruled" ? allow(ask, "rule") : undefined),
  });
  const queue = queueOf(quiet, { maxWaiting: 0 });
  const a = askNamed("a");
  const waiting = queue.approve(a, never).then(word);
  await settle();
  equal(word(await queue.approve(askNamed("ruled"), never)), "allow");
  equal(word(await queue.approve(askNamed("b"), never)), "queue-full");
  approver.say(a);
  equal(await waiting, "allow");
});

Deno.test("PromptQueue.admit() denies where the approver cannot be asked for that", async () => {
  const queue = queueOf(new ScriptedApprover());
  const answer = await queue.admit("unlock", askNamed("a").peer, never);
  equal(answer.kind === "deny" && answer.reason, "approver-unavailable");
});

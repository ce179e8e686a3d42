/**
 * The prompt queue: one person is asked one thing at a time. polkit's agents refuse a second prompt or put it over the
 * first, and who is asked three things at once answers the wrong one.
 *
 * First come, first shown; what nobody waits for any more leaves the line; every prompt has its own deadline, because an
 * agent keeps a forgotten one for ever.
 *
 * @module
 */

import type { Ask, PeerFacts } from "../policy/ask.ts";
import type { Remember } from "../policy/remember.ts";
import { deny, type Verdict } from "../policy/verdict.ts";
import type { Admission, Answer, Approver, Gatekeeper, QuietApprover } from "./approver.ts";

/** Limits, from the configuration. */
export interface QueueLimits {
  /** Prompts that may wait, besides the one that is shown. */
  readonly maxWaiting: number;
  /** How long one is shown. */
  readonly deadlineMs: number;
}

type Denial = Verdict & { readonly kind: "deny" };

/** How an approver that was told to stop is waited for: the next prompt must not come before the last one is gone. */
const WITHDRAW_MS = 3_000;

interface Entry {
  /** Aborted with the denial that the asker gets. */
  readonly controller: AbortController;
  readonly turn: () => void;
}

/** One prompt at a time, in front of any approver. */
export class PromptQueue implements Approver, Gatekeeper {
  readonly #approver: Approver & Partial<QuietApprover & Gatekeeper>;
  readonly #limits: () => QueueLimits;
  readonly #waiting: Entry[] = [];
  #current: AbortController | undefined;

  /** @param limits Asked for each time: they may change while the daemon runs. */
  constructor(approver: Approver & Partial<QuietApprover & Gatekeeper>, limits: () => QueueLimits) {
    this.#approver = approver;
    this.#limits = limits;
  }

  get name(): string {
    return this.#approver.name;
  }

  /** Prompts that wait, and whether one is shown. */
  get state(): { readonly waiting: number; readonly shown: boolean } {
    return { waiting: this.#waiting.length, shown: this.#current !== undefined };
  }

  /** Asks when it is this ask's turn. An answer that needs nobody does not wait for those that do. */
  async approve(ask: Ask, signal: AbortSignal, remember?: Remember): Promise<Answer> {
    const quiet = await this.#approver.approveQuietly?.(ask, signal);
    if (signal.aborted) return gone();
    return quiet ?? await this.#inTurn((shown) => this.#approver.approve(ask, shown, remember), signal);
  }

  /** Asks when it is its turn, and denies where the approver cannot be asked for this. */
  async admit(action: "unlock" | "list", peer: PeerFacts, signal: AbortSignal): Promise<Admission> {
    if (this.#approver.admit === undefined) {
      return deny("approver-unavailable", `Nobody can be asked for "${action}" through "${this.name}"`);
    }
    const asked = (shown: AbortSignal): Promise<Admission> | undefined => this.#approver.admit?.(action, peer, shown);
    return await this.#inTurn(async (shown) => await asked(shown) ?? gone(), signal);
  }

  /** Takes every prompt back, the one that is shown too: the daemon locks or ends. */
  withdrawAll(why: string): void {
    const out = deny("prompt-withdrawn", why);
    for (const { controller } of [...this.#waiting]) controller.abort(out);
    this.#current?.abort(out);
  }

  async #inTurn<T>(show: (signal: AbortSignal) => Promise<T>, signal: AbortSignal): Promise<T | Denial> {
    if (signal.aborted) return gone();
    const controller = new AbortController();
    const hangUp = (): void => controller.abort(gone());
    signal.addEventListener("abort", hangUp, { once: true });
    try {
      if (this.#current === undefined) this.#current = controller;
      else if (!await this.#wait(controller)) return controller.signal.reason;
      return await this.#show(show, controller);
    } finally {
      signal.removeEventListener("abort", hangUp);
      if (this.#current === controller) this.#passOn();
    }
  }

  async #show<T>(show: (signal: AbortSignal) => Promise<T>, controller: AbortController): Promise<T | Denial> {
    const { deadlineMs } = this.#limits();
    const expired = deny("prompt-expired", `Nobody answered within ${deadlineMs / 1000} s`);
    const timer = setTimeout(() => controller.abort(expired), deadlineMs);
    try {
      return await this.#answerOrWithdrawal(show, controller.signal);
    } catch (error) {
      const why = error instanceof Error ? error.name : "unknown error";
      return deny("authority-failed", `Asking through "${this.name}" failed: ${why}`);
    } finally {
      clearTimeout(timer);
    }
  }

  /** The approver's answer, unless the prompt was taken back: then whatever it still says is too late to be a yes. */
  async #answerOrWithdrawal<T>(show: (signal: AbortSignal) => Promise<T>, signal: AbortSignal): Promise<T | Denial> {
    if (signal.aborted) return signal.reason;
    const withdrawn = new Promise<void>((resolve) => {
      signal.addEventListener("abort", () => resolve(), { once: true });
    });
    const answering = show(signal);
    await Promise.race([answering.catch(() => undefined), withdrawn]);
    if (!signal.aborted) return await answering;
    let timer: ReturnType<typeof setTimeout> | undefined;
    const enough = new Promise<void>((resolve) => timer = setTimeout(resolve, WITHDRAW_MS));
    await Promise.race([answering.then(() => undefined, () => undefined), enough]);
    clearTimeout(timer);
    return signal.reason;
  }

  /** @returns Whether it is its turn; if not, the controller's reason says why. */
  #wait(controller: AbortController): Promise<boolean> {
    const { maxWaiting } = this.#limits();
    if (this.#waiting.length >= maxWaiting) {
      controller.abort(deny("queue-full", `${maxWaiting} prompts wait already, as many as may`));
      return Promise.resolve(false);
    }
    const { promise, resolve } = Promise.withResolvers<boolean>();
    const entry: Entry = { controller, turn: () => resolve(true) };
    this.#waiting.push(entry);
    controller.signal.addEventListener("abort", () => {
      const at = this.#waiting.indexOf(entry);
      if (at >= 0) this.#waiting.splice(at, 1); // if not, its turn came first, and it passes it on
      resolve(false);
    }, { once: true });
    return promise;
  }

  /** The turn goes from one to the next without a moment in which a newcomer could take it. */
  #passOn(): void {
    const next = this.#waiting.shift();
    this.#current = next?.controller;
    next?.turn();
  }
}

function gone(): Denial {
  return deny("client-gone", "The client hung up before there was an answer");
}

/**
 * The approver `polkit`: the system's policy, and where it says so a password prompt of the desktop or of pkttyagent. Every
 * error is a denial.
 *
 * Not for: one prompt at a time and deadlines; stand it behind a `PromptQueue`.
 *
 * @module
 */

import type { Ask, PeerFacts } from "../policy/ask.ts";
import type { Remember } from "../policy/remember.ts";
import { allow, deny, type Verdict } from "../policy/verdict.ts";
import type { Admission, Answer, Gatekeeper, QuietApprover } from "./approver.ts";
import type { Authority, CheckRequest, CheckResult } from "./polkit_authority.ts";
import { denialFor, POLICY_FILE, refusesDetails } from "./polkit_failure.ts";
import type { HeldSubject } from "./polkit_subject.ts";
import { askDetails, describeAdmission, describeAsk, peerDetails } from "./prompt_text.ts";

/** As in the policy file that `bwssh install --polkit` writes. */
export const POLKIT_ACTIONS = {
  sign: "io.github.reidond.bwssh.sign",
  unlock: "io.github.reidond.bwssh.unlock",
  list: "io.github.reidond.bwssh.list",
} as const;

/** A check that asks nobody takes 1.4 ms, and 43 ms when polkitd has to be started. */
const QUIET_DEADLINE_MS = 5_000;
/** How long polkit's refusal of details is remembered: the policy file may be put right meanwhile. */
const DETAILS_REFUSED_MS = 60_000;

/** What it works with. */
export interface PolkitOptions {
  readonly authority: Authority;
  /** The uid we run as. */
  readonly ourUid: number;
  /** Which process polkit is asked about; undefined where it is gone. Disposed after the check. */
  readonly subjectFor: (peer: PeerFacts) => HeldSubject | undefined;
  /** Whether polkit may ask a person; if not, only its rules count. */
  readonly interactive: boolean;
  /** Told what the administrator should know, once each. */
  readonly onHint: (hint: string) => void;
}

type Denial = Verdict & { readonly kind: "deny" };
type Outcome = (CheckResult & { readonly kind: "result" }) | Denial;
type Details = readonly (readonly [name: string, value: string])[];

interface Question {
  readonly action: string;
  readonly peer: PeerFacts;
  readonly details: () => Details;
}

/** `approver = "polkit"`. */
export class PolkitApprover implements QuietApprover, Gatekeeper {
  readonly name = "polkit";
  readonly #options: PolkitOptions;
  readonly #hints = new Set<string>();
  #detailsRefusedUntil = 0;

  constructor(options: PolkitOptions) {
    this.#options = options;
  }

  /** What is not as it should be, for `status`; each with its remedy. */
  get hints(): readonly string[] {
    return [...this.#hints];
  }

  /** Asks polkit's rules and nobody else. */
  async approveQuietly(ask: Ask, signal: AbortSignal): Promise<Answer | undefined> {
    const outcome = await this.#quietly(signQuestion(ask), signal);
    if (outcome.kind === "deny") return outcome;
    if (!outcome.authorized) return outcome.challenge ? this.#unlessSilent() : byPolicy(POLKIT_ACTIONS.sign);
    if (isEachTime(ask)) {
      return deny("re-prompt-item", "The vault item is to be asked for at every use, and polkit would not ask anybody");
    }
    return allow(ask, "polkit, without asking");
  }

  /** Asks polkit, and lets it ask a person. */
  async approve(ask: Ask, signal: AbortSignal, remember?: Remember): Promise<Answer> {
    const outcome = this.#unlessSilent() ?? await this.#loudly(signQuestion(ask, remember), signal);
    if (outcome.kind === "deny") return outcome;
    if (outcome.details.has("polkit.temporary_authorization_id") && isEachTime(ask)) {
      return deny(
        "re-prompt-item",
        "The vault item is to be asked for at every use, and polkit kept an earlier answer",
      );
    }
    return allow(ask, "polkit");
  }

  /** As {@linkcode PolkitApprover.approve}, for what is no signature. */
  async admit(action: "unlock" | "list", peer: PeerFacts, signal: AbortSignal): Promise<Admission> {
    const message = describeAdmission(action, peer);
    const details = (): Details => [["polkit.message", message], ...peerDetails(peer)];
    const question = { action: POLKIT_ACTIONS[action], peer, details };
    const quiet = await this.#quietly(question, signal);
    if (quiet.kind === "deny") return quiet;
    if (quiet.authorized) return { kind: "allow", by: "polkit, without asking" };
    if (!quiet.challenge) return byPolicy(question.action);
    const outcome = this.#unlessSilent() ?? await this.#loudly(question, signal);
    return outcome.kind === "deny" ? outcome : { kind: "allow", by: "polkit" };
  }

  async #quietly(question: Question, signal: AbortSignal): Promise<Outcome> {
    const controller = new AbortController();
    const timer = setTimeout(() => controller.abort(), QUIET_DEADLINE_MS);
    try {
      const outcome = await this.#check(question, false, AbortSignal.any([signal, controller.signal]));
      if (!controller.signal.aborted) return outcome;
      return deny("authority-unreachable", `polkit gave no answer within ${QUIET_DEADLINE_MS / 1000} s`);
    } finally {
      clearTimeout(timer);
    }
  }

  /** @returns An authorisation, or why there is none. */
  async #loudly(question: Question, signal: AbortSignal): Promise<Outcome> {
    const outcome = await this.#check(question, true, signal);
    if (outcome.kind === "deny" || outcome.authorized) return outcome;
    if (!outcome.challenge) return declined(outcome.details.get("polkit.dismissed") === "true");
    return deny(
      "no-prompt-agent",
      "polkit has nobody to show a prompt: no authentication agent runs in this session. On a desktop start its agent; " +
        `elsewhere, in a second terminal: pkttyagent --process ${Deno.pid}`,
    );
  }

  #unlessSilent(): Denial | undefined {
    if (this.#options.interactive) return undefined;
    return deny("nobody-to-ask", "polkit would have to ask somebody, and may not: `interactive` is off in [polkit]");
  }

  async #check({ action, peer, details }: Question, interactive: boolean, signal: AbortSignal): Promise<Outcome> {
    using subject = this.#options.subjectFor(peer);
    if (subject === undefined) return deny("peer-unreadable", "The process that polkit is to be asked about is gone");
    if (subject.uid === 0 || this.#options.ourUid === 0) {
      const who = this.#options.ourUid === 0 ? "the daemon runs as root" : "the client runs as root";
      return deny("authority-as-root", `polkit says yes to root whatever is asked, and ${who}: write a rule instead`);
    }
    try {
      const request = { action, subject, interactive };
      const result = await this.#withDetails(request, details(), signal);
      this.#notice(action, result);
      return { kind: "result", ...result };
    } catch (error) {
      return denialFor(error, action);
    }
  }

  /** With details as long as polkit takes them from us; without, the prompt says only what the policy file says. */
  async #withDetails(
    request: Omit<CheckRequest, "details">,
    details: Details,
    signal: AbortSignal,
  ): Promise<CheckResult> {
    const { authority } = this.#options;
    if (performance.now() < this.#detailsRefusedUntil) {
      return await authority.check({ ...request, details: [] }, signal);
    }
    const hint = "polkit's prompts cannot say which key is asked for, because the action's owner is not this user: " +
      `sudo bwssh install --polkit --user ${this.#options.ourUid} (${POLICY_FILE})`;
    try {
      const result = await authority.check({ ...request, details }, signal);
      this.#hints.delete(hint);
      return result;
    } catch (error) {
      if (!refusesDetails(error)) throw error;
      this.#detailsRefusedUntil = performance.now() + DETAILS_REFUSED_MS;
      const result = await authority.check({ ...request, details: [] }, signal);
      this.#hint(hint);
      return result;
    }
  }

  /** polkit keeps answers without regard to the key: one yes would then be a yes to every key, for minutes. */
  #notice(action: string, { details }: CheckResult): void {
    if (!details.has("polkit.temporary_authorization_id")) return;
    this.#hint(
      `polkit keeps answers for "${action}", so that one yes counts for every key: a rule in /etc/polkit-1/rules.d returns ` +
        "AUTH_SELF_KEEP or AUTH_ADMIN_KEEP; without _KEEP each key is asked for",
    );
  }

  #hint(hint: string): void {
    if (this.#hints.has(hint)) return;
    this.#hints.add(hint);
    this.#options.onHint(hint);
  }
}

function signQuestion(ask: Ask, remember?: Remember): Question {
  const details = (): Details => [["polkit.message", describeAsk(ask, remember)], ...askDetails(ask)];
  return { action: POLKIT_ACTIONS.sign, peer: ask.peer, details };
}

/** Asked for at every signature, whatever rules and earlier answers say. */
function isEachTime({ identity }: Ask): boolean {
  return identity.reprompt || identity.limits?.approve === "always";
}

function byPolicy(action: string): Denial {
  const remedy = "see /etc/polkit-1/rules.d and the action's <allow_any>";
  return deny("denied-by-authority", `polkit's policy says no to "${action}" without asking anybody: ${remedy}`);
}

/** A wrong password, a click on Cancel, an agent that died or is busy: polkit does not tell them apart. */
function declined(dismissed: boolean): Denial {
  if (dismissed) return deny("declined", "The prompt was dismissed");
  return deny("declined", "The prompt was declined: a wrong password, dismissed, or its agent ended or was busy");
}

/**
 * The reasons for which asking a person came to nothing. A file of its own because whoever asks adds to it.
 *
 * @module
 */

/** A denial that is neither a rule's nor a person's word. */
export type PromptDenyReason =
  /** As many prompts wait as may. */
  | "queue-full"
  /** The client hung up before there was an answer. */
  | "client-gone"
  /** The daemon locked, or ends, before there was an answer. */
  | "prompt-withdrawn"
  /** Nobody answered in time. */
  | "prompt-expired"
  /** The system's policy says no, without asking. */
  | "denied-by-authority"
  /** There is nothing that could show a prompt. */
  | "no-prompt-agent"
  /** The authority says yes to root whatever is asked, so its word is worth nothing. */
  | "authority-as-root"
  /** The authority cannot be reached: library, bus or service missing or broken. */
  | "authority-unreachable"
  /** The authority does not know what it is asked for. */
  | "authority-not-set-up"
  /** The authority answered with an error, or something that is no answer. */
  | "authority-failed";

/**
 * The reasons for which policy itself refuses a signature. Each is produced by a test that goes through the same list.
 *
 * @module
 */

/** In the order in which they are looked at. */
export const POLICY_DENY_REASONS = [
  /** The client runs as another user. */
  "other-user",
  /** The kernel does not say which process is asking. */
  "peer-unreadable",
  /** A bind of the connection failed or contradicted another. */
  "route-poisoned",
  /** A login by OpenSSH's ssh over a connection without a bind: it always binds, so somebody took the bind away. */
  "unbound-login",
  /** The login is for another session or host than the last bind proved. */
  "bind-mismatch",
  /** The login data names another key than the one that is to sign. */
  "key-mismatch",
  /** The vault item does not let its key sign this kind of data. */
  "item-forbids-kind",
  /** The vault item does not let its key log in there. */
  "item-forbids-host",
  /** A rule says deny. */
  "denied-by-rule",
  /** The client is root's, and no rule with `uid` speaks of it. */
  "root-needs-rule",
  /** The connection was forwarded, and no rule speaks of it. */
  "forwarded",
  /** A certificate or unrecognised data, and no rule speaks of it. */
  "kind-not-allowed",
  /** The vault item is to be asked for at every use, and nobody can be asked. */
  "re-prompt-item",
  /** More requests than the limits allow. */
  "rate-limited",
  /** The client's program was refused, or left waiting, too often. */
  "cooldown",
] as const;

/** One of these. */
export type PolicyDenyReason = typeof POLICY_DENY_REASONS[number];

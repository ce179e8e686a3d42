/**
 * Grants: answers of the user that count for later asks of the same kind. A grant's key holds everything the user was
 * shown, so that it never answers a question that would have read differently.
 *
 * @module
 */

import { kindLabel } from "../ssh/signed_data.ts";
import type { Ask } from "./ask.ts";
import { grantKey, routeWords } from "./grant_key.ts";
import { type Deadline, isPast, later, type Moment, remaining } from "./moment.ts";
import type { Remember } from "./remember.ts";
import type { RememberScope } from "./rule.ts";

/** More live answers than any person gave in a day; the one that ends first makes room. */
export const MOST_GRANTS = 1000;

/** One remembered answer, as `bwssh grants` shows it. Texts are as they came: to be sanitised where they are shown. */
export interface Grant {
  /** `g7`: counted from 1 while the daemon runs. */
  readonly id: string;
  readonly scope: Exclude<RememberScope, "once">;
  readonly fingerprint: string;
  /** Name of the vault item, else the comment. */
  readonly key: string;
  /** `auth`, `sshsig:git`. */
  readonly kind: string;
  /** Login name. */
  readonly user: string | undefined;
  /** Hosts by name or fingerprint, the destination last; empty without a bind. */
  readonly route: readonly string[];
  /** Path of the program; undefined where the scope does not hold it. */
  readonly exe: string | undefined;
  /** Terminal session, with `app+session`. */
  readonly session: number | undefined;
  /** Connection, with `connection`. */
  readonly connection: number | undefined;
  /** The rule under which it was given, or `no rule`. */
  readonly by: string;
  /** When it was given. */
  readonly granted: Moment;
  /** Past as soon as either clock says so. */
  readonly deadline: Deadline;
}

/** Keeps grants. */
export class GrantBook {
  readonly #grants = new Map<string, Grant>();
  #count = 0;

  /** How many are kept, those past included. */
  get size(): number {
    return this.#grants.size;
  }

  /**
   * Remembers that the user agreed.
   *
   * @param remember As the verdict said; with `once` nothing is kept.
   */
  add(ask: Ask, remember: Remember, now: Moment): Grant | undefined {
    const { scope, seconds, by } = remember;
    const { identity, peer, signed } = ask;
    if (scope === "once" || !(seconds > 0)) return undefined;
    const deadline = later(now, seconds * 1000);
    const key = grantKey(ask, remember);
    this.#grants.delete(key);
    if (this.#grants.size >= MOST_GRANTS) this.#makeRoom(now);
    const ofApp = scope === "app" || scope === "app+session";
    const grant: Grant = {
      id: `g${++this.#count}`,
      scope,
      fingerprint: identity.fingerprint,
      key: identity.itemName || identity.comment,
      kind: kindLabel(signed),
      user: signed.kind === "auth" ? signed.user : undefined,
      route: routeWords(ask.route),
      exe: ofApp || scope === "connection" ? peer.exe : undefined,
      session: scope === "app+session" ? peer.session : undefined,
      connection: scope === "connection" ? ask.connection : undefined,
      by,
      granted: now,
      deadline,
    };
    this.#grants.set(key, grant);
    return grant;
  }

  /**
   * The live grant that answers an ask. What shortened `remember` since it was given shortens the grant too.
   *
   * @param remember As worked out for this ask; with `once` there is none.
   */
  find(ask: Ask, remember: Remember, now: Moment): Grant | undefined {
    if (remember.scope === "once") return undefined;
    const grant = this.#grants.get(grantKey(ask, remember));
    if (grant === undefined || isPast(grant.deadline, now)) return undefined;
    return isPast(later(grant.granted, remember.seconds * 1000), now) ? undefined : grant;
  }

  /** Live grants, oldest first, with the milliseconds each has left. */
  list(now: Moment): readonly (Grant & { readonly left: number })[] {
    return [...this.#grants.values()]
      .map((grant) => ({ ...grant, left: remaining(grant.deadline, now) }))
      .filter(({ left }) => left > 0);
  }

  /** Forgets one. @returns Whether there was one of this id. */
  revoke(id: string): boolean {
    return this.#dropWhere((grant) => grant.id === id).length > 0;
  }

  /** Forgets all: for lock, suspend, reload. @returns How many there were. */
  revokeAll(): number {
    return this.#dropWhere(() => true).length;
  }

  /** Forgets what is past. @returns What was forgotten. */
  dropExpired(now: Moment): readonly Grant[] {
    return this.#dropWhere(({ deadline }) => isPast(deadline, now));
  }

  /** Forgets what was given for one connection: it closed. */
  dropConnection(connection: number): readonly Grant[] {
    return this.#dropWhere((grant) => grant.connection === connection);
  }

  #dropWhere(test: (grant: Grant) => boolean): readonly Grant[] {
    const dropped = [...this.#grants].filter(([, grant]) => test(grant));
    for (const [key] of dropped) this.#grants.delete(key);
    return dropped.map(([, grant]) => grant);
  }

  #makeRoom(now: Moment): void {
    if (this.dropExpired(now).length > 0) return;
    let [first, least] = ["", Infinity];
    for (const [key, { deadline }] of this.#grants) {
      const left = remaining(deadline, now);
      if (left < least) [first, least] = [key, left];
    }
    this.#grants.delete(first);
  }
}

/**
 * Keys from a Bitwarden vault, read with the program bw. It owns the session of bw: from `unlock` until `lock`, in
 * locked memory.
 *
 * Not for: getting a session (`bw unlock` asks for the password at the user's terminal), nor for knowing keys.
 *
 * @module
 */

import type { Secret } from "../../../ffi/secret.ts";
import { type KeyReceiver, type KeySource, SourceError } from "../source.ts";
import { AttachmentFetcher } from "./attachments.ts";
import { BwCaller, type BwSettings } from "./bw_caller.ts";
import { sessionVariable } from "./bw_command.ts";
import { type Collector, ExplicitCollector, QueryCollector, type Selection } from "./collector.ts";
import { type FailedCall, loggedOutByServer, noSession, wasAborted } from "./failures.ts";
import { ITEM_KEYS, ItemReader } from "./item_reader.ts";
import { PLACE_KEYS, PlaceReader } from "./place_reader.ts";
import { needsOf, type PlaceIds, type PlaceKind, type QueryNeeds } from "./query_match.ts";

const LIST_TASK = "list the items of the vault";
const SYNC_TASK = "sync the vault with the server";
const NO_NEEDS: QueryNeeds = {
  fields: [],
  names: { folders: [], collections: [], organizations: [] },
  attachments: false,
};

/** How this source works. */
export interface BitwardenSettings extends BwSettings {
  readonly selection: Selection;
  /** `[bitwarden] attachments`. */
  readonly attachments: boolean;
}

/** A load that succeeded, and what is to be said of it all the same. */
export interface LoadOutcome {
  /** Processes of bw it took. */
  readonly calls: number;
  /** Items in the listing, of all kinds. */
  readonly items: number;
  /** What failed without stopping the load: the sync, or bw after its answer was complete. */
  readonly warnings: readonly SourceError[];
}

/** What became of a sync: this caller's own, or one that already ran, whose keys went to the receiver of that one. */
export type SyncOutcome =
  | LoadOutcome & { readonly kind: "loaded" }
  | LoadOutcome & { readonly kind: "joined" };

interface Session {
  /** `BW_SESSION=…`. */
  readonly variable: Secret;
  /** Aborted when the session is forgotten, and with it every call that uses it. */
  readonly ended: AbortController;
}

/** The adapter of the port `KeySource` to bw. */
export class BitwardenSource implements KeySource, Disposable {
  readonly name = "bitwarden";
  readonly #settings: BitwardenSettings;
  #session: Session | undefined;
  #syncing: Promise<LoadOutcome> | undefined;

  constructor(settings: BitwardenSettings) {
    this.#settings = settings;
  }

  get hasSession(): boolean {
    return this.#session !== undefined;
  }

  /**
   * Takes a session over, in the place of the one before.
   *
   * @param session What `bw unlock --raw` printed; wiped in any case.
   * @throws {SourceError} "session-malformed"; the session before then stays.
   */
  setSession(session: Secret): void {
    using given = session;
    const variable = sessionVariable(this.#settings.memory, given);
    this.forgetSession();
    this.#session = { variable, ended: new AbortController() };
  }

  /** Wipes the session and ends the calls that use it; their loads fail with "aborted". */
  forgetSession(): void {
    const session = this.#session;
    this.#session = undefined;
    session?.ended.abort();
    session?.variable.wipe();
  }

  /** {@linkcode read}, as the port has it. */
  async load(receiver: KeyReceiver, signal: AbortSignal): Promise<void> {
    await this.read(receiver, signal);
  }

  /**
   * Reads the vault as bw last knew it: one listing, plus one call per kind of place the query names by name, plus one
   * per attachment.
   *
   * @throws {SourceError} With a code of `BwFailureCode`.
   */
  async read(receiver: KeyReceiver, signal: AbortSignal): Promise<LoadOutcome> {
    return await this.#load(receiver, signal, false);
  }

  /**
   * Has bw fetch what changed on the server, then reads the vault. A failed sync is a warning: the listing then shows
   * the vault as bw last knew it.
   *
   * A sync that is asked for while one runs joins it: no second process, and `receiver` gets nothing, as "joined" says.
   * It ends with the running one, whoever's signal that heeds; its own signal only ends the waiting.
   *
   * @throws {SourceError} As {@linkcode read}.
   */
  async sync(receiver: KeyReceiver, signal: AbortSignal): Promise<SyncOutcome> {
    if (this.#syncing !== undefined) return { kind: "joined", ...await this.#wait(this.#syncing, signal) };
    const running = this.#load(receiver, signal, true).finally(() => {
      if (this.#syncing === running) this.#syncing = undefined;
    });
    this.#syncing = running;
    return { kind: "loaded", ...await running };
  }

  [Symbol.dispose](): void {
    this.forgetSession();
  }

  async #load(receiver: KeyReceiver, signal: AbortSignal, syncFirst: boolean): Promise<LoadOutcome> {
    const session = this.#session;
    if (session === undefined) throw noSession(this.#failedCall(LIST_TASK));
    const either = AbortSignal.any([signal, session.ended.signal]);
    const bw = new BwCaller(this.#settings, session.variable, either);
    const syncFailure = syncFirst ? await trySync(bw) : undefined;
    try {
      const outcome = await this.#list(bw, receiver);
      either.throwIfAborted();
      const { items, warnings } = outcome;
      return { calls: bw.calls, items, warnings: syncFailure === undefined ? warnings : [syncFailure, ...warnings] };
    } catch (error) {
      // What a call says of its end is of no account once it was called off.
      if (either.aborted) throw wasAborted(this.#failedCall(LIST_TASK));
      const lost = error instanceof SourceError && error.code === "logged-out" && syncFailure !== undefined;
      throw lost && syncFailure.code !== "logged-out" ? loggedOutByServer(this.#failedCall(SYNC_TASK)) : error;
    }
  }

  async #list(bw: BwCaller, receiver: KeyReceiver): Promise<Omit<LoadOutcome, "calls">> {
    const { selection, memory, attachments } = this.#settings;
    const needs = selection.mode === "query" ? needsOf(selection.query) : NO_NEEDS;
    const warnings: SourceError[] = [];
    const places = await this.#places(bw, needs, warnings);
    using collector: Collector = selection.mode === "query"
      ? new QueryCollector(selection, places, receiver)
      : new ExplicitCollector(selection, receiver);
    let items = 0;
    const options = { fields: needs.fields, attachments: attachments || needs.attachments };
    using reader = new ItemReader(memory, options, (item) => {
      items++;
      collector.accept(item);
    });
    const warning = await bw.json(LIST_TASK, ["list", "items"], { handler: reader, keys: ITEM_KEYS });
    if (warning !== undefined) warnings.push(warning);
    const fetcher = new AttachmentFetcher(bw, receiver);
    await collector.finish((item) => attachments ? fetcher.fetch(item) : Promise.resolve());
    return { items, warnings };
  }

  /** Looks up the places that the query knows by name. */
  async #places(bw: BwCaller, needs: QueryNeeds, warnings: SourceError[]): Promise<PlaceIds> {
    const lookUp = async (kind: PlaceKind): Promise<ReadonlyMap<string, ReadonlySet<string>>> => {
      const names = needs.names[kind];
      if (names.length === 0) return new Map();
      using reader = new PlaceReader(this.#settings.memory, names);
      const document = { handler: reader, keys: PLACE_KEYS };
      const warning = await bw.json(`list the ${kind} of the vault`, ["list", kind], document);
      if (warning !== undefined) warnings.push(warning);
      for (const [name, ids] of reader.found) if (ids.size === 0) warnings.push(unknownPlace(kind, name));
      return reader.found;
    };
    return {
      folders: await lookUp("folders"),
      collections: await lookUp("collections"),
      organizations: await lookUp("organizations"),
    };
  }

  /** Waits for a sync that already runs, no longer than a signal allows. */
  async #wait(running: Promise<LoadOutcome>, signal: AbortSignal): Promise<LoadOutcome> {
    const aborted = Promise.withResolvers<never>();
    const abort = (): void => aborted.reject(wasAborted(this.#failedCall(SYNC_TASK)));
    if (signal.aborted) abort();
    signal.addEventListener("abort", abort);
    try {
      return await Promise.race([running, aborted.promise]);
    } finally {
      signal.removeEventListener("abort", abort);
    }
  }

  #failedCall(task: string): FailedCall {
    return { task, dataDir: this.#settings.dataDir, deadlineMs: this.#settings.deadlineMs };
  }
}

/** @returns The failure, unless it is one that the listing is bound to share. */
async function trySync(bw: BwCaller): Promise<SourceError | undefined> {
  try {
    await bw.effect(SYNC_TASK, ["sync"]);
    return undefined;
  } catch (error) {
    if (!(error instanceof SourceError) || error.code === "aborted") throw error;
    return error;
  }
}

function unknownPlace(kind: PlaceKind, name: string): SourceError {
  const message = `The query names "${name}", which is none of the ${kind} of the vault`;
  return new SourceError(
    "place-unknown",
    message,
    `run \`bw list ${kind}\` for the names, or \`bwssh sync\` if it is new`,
  );
}

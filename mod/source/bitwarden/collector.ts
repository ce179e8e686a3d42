/**
 * Which items of a listing are offered, and in which order: by the ids of the configuration, or by its query.
 *
 * @module
 */

import type { KeyReceiver } from "../source.ts";
import { deliver, keylessItem, leftOutItem, missingItem } from "./delivery.ts";
import { matchesQuery, type PlaceIds } from "./query_match.ts";
import type { Query } from "./query_tree.ts";
import { type VaultItem, wipeItem } from "./vault_item.ts";

/** What the configuration says of discovery. */
export type Selection =
  | { readonly mode: "explicit"; readonly itemIds: readonly string[] }
  | {
    readonly mode: "query";
    readonly query: Query;
    /** Only items of these collections; empty does not restrict. */
    readonly collectionIds: readonly string[];
  };

/** Takes every item of one listing and passes on those that were asked for. */
export interface Collector extends Disposable {
  /** Takes an item over, its keys included. */
  accept(item: VaultItem): void;
  /**
   * The listing is complete.
   * @param fetch Fetches an item's attachments.
   */
  finish(fetch: (item: VaultItem) => Promise<void>): Promise<void>;
}

/** Takes what fits the query, handing each item on as it comes: one key at a time lies here. */
export class QueryCollector implements Collector {
  readonly #query: Query;
  readonly #collectionIds: ReadonlySet<string>;
  readonly #places: PlaceIds;
  readonly #receiver: KeyReceiver;
  readonly #toFetch: VaultItem[] = [];

  constructor(
    selection: Selection & { readonly mode: "query" },
    places: PlaceIds,
    receiver: KeyReceiver,
  ) {
    this.#query = selection.query;
    this.#collectionIds = new Set(selection.collectionIds.map((id) => id.toLowerCase()));
    this.#places = places;
    this.#receiver = receiver;
  }

  accept(item: VaultItem): void {
    if (!this.#wants(item)) return wipeItem(item);
    deliver(item, this.#receiver);
    if (item.attachments.length > 0) this.#toFetch.push({ ...item, keys: [], problems: [] });
  }

  async finish(fetch: (item: VaultItem) => Promise<void>): Promise<void> {
    for (const item of this.#toFetch.splice(0)) await fetch(item);
  }

  [Symbol.dispose](): void {}

  #wants(item: VaultItem): boolean {
    if (item.leftOut || (item.holds.size === 0 && item.problems.length === 0)) return false;
    if (this.#collectionIds.size > 0 && !item.collectionIds.some((id) => this.#collectionIds.has(id))) return false;
    return matchesQuery(this.#query, item, this.#places);
  }
}

/** Takes the items named by id. They come in the vault's order and leave in that of the configuration. */
export class ExplicitCollector implements Collector {
  readonly #items: Map<string, VaultItem | undefined>;
  readonly #receiver: KeyReceiver;

  constructor(selection: Selection & { readonly mode: "explicit" }, receiver: KeyReceiver) {
    this.#items = new Map(selection.itemIds.map((id) => [id.toLowerCase(), undefined]));
    this.#receiver = receiver;
  }

  accept(item: VaultItem): void {
    // An id that comes twice is no longer an id: the first item stays.
    if (!this.#items.has(item.id) || this.#items.get(item.id) !== undefined) return wipeItem(item);
    this.#items.set(item.id, item);
  }

  async finish(fetch: (item: VaultItem) => Promise<void>): Promise<void> {
    for (const [id, item] of this.#items) {
      this.#items.set(id, undefined); // from here on the receiver's
      if (item === undefined) this.#receiver.problem(missingItem(id));
      else if (item.leftOut) {
        wipeItem(item);
        this.#receiver.problem(leftOutItem(item));
      } else {
        if (item.holds.size === 0 && item.problems.length === 0) this.#receiver.problem(keylessItem(item));
        deliver(item, this.#receiver);
        await fetch(item);
      }
    }
  }

  [Symbol.dispose](): void {
    for (const item of this.#items.values()) if (item !== undefined) wipeItem(item);
    this.#items.clear();
  }
}

/**
 * Whether an item fits a query, and what has to be known to say so.
 *
 * @module
 */

import { fold, matchesGlob } from "./glob.ts";
import type { Place, Query } from "./query_tree.ts";
import type { FieldTest, ItemFacts } from "./vault_item.ts";

/** The kinds of place that can be named, in `bw list`'s words. */
export type PlaceKind = "folders" | "collections" | "organizations";

/** The ids behind the names that a query uses: several, for names are not unique. */
export type PlaceIds = Readonly<Record<PlaceKind, ReadonlyMap<string, ReadonlySet<string>>>>;

/** What a query needs beyond the facts that every item has. */
export interface QueryNeeds {
  readonly fields: readonly FieldTest[];
  /** Names whose ids cost one more list call per kind. */
  readonly names: Readonly<Record<PlaceKind, readonly string[]>>;
  readonly attachments: boolean;
}

const PLACES = { folder: "folders", collection: "collections", org: "organizations" } as const;

/** Lists what a query needs. */
export function needsOf(query: Query): QueryNeeds {
  const leaves = leavesOf(query);
  const named = (kind: keyof typeof PLACES): readonly string[] => [
    ...new Set(leaves.flatMap((leaf) => leaf.kind === kind && leaf.place.by === "name" ? [leaf.place.name] : [])),
  ];
  return {
    fields: leaves.flatMap((leaf) => leaf.kind === "field" ? [leaf.test] : []),
    names: { folders: named("folder"), collections: named("collection"), organizations: named("org") },
    attachments: leaves.some((leaf) => leaf.kind === "holds" && leaf.slot === "attachment"),
  };
}

/** Decides one item. @param places Ids for every name the query uses; a name without an entry is nowhere. */
export function matchesQuery(query: Query, item: ItemFacts, places: PlaceIds): boolean {
  switch (query.kind) {
    case "and":
      return query.of.every((part) => matchesQuery(part, item, places));
    case "or":
      return query.of.some((part) => matchesQuery(part, item, places));
    case "not":
      return !matchesQuery(query.of, item, places);
    case "word":
      return fold(item.name).includes(query.text);
    case "name":
      return matchesGlob(fold(item.name), query.pattern);
    case "type":
      return item.type === query.type;
    case "holds":
      return item.holds.has(query.slot);
    case "folder":
      return isIn(query.place, [item.folderId], places.folders);
    case "collection":
      return isIn(query.place, item.collectionIds.length === 0 ? [""] : item.collectionIds, places.collections);
    case "org":
      return isIn(query.place, [item.organizationId], places.organizations);
    case "field":
      return item.passes(query.test);
    default:
      return query satisfies never;
  }
}

function isIn(place: Place, ids: readonly string[], known: ReadonlyMap<string, ReadonlySet<string>>): boolean {
  if (place.by === "id") return ids.includes(place.id);
  const wanted = known.get(place.name);
  return wanted !== undefined && ids.some((id) => wanted.has(id));
}

type Leaf = Exclude<Query, { readonly kind: "and" } | { readonly kind: "or" } | { readonly kind: "not" }>;

function leavesOf(query: Query): readonly Leaf[] {
  if (query.kind === "not") return leavesOf(query.of);
  return query.kind === "and" || query.kind === "or" ? query.of.flatMap(leavesOf) : [query];
}

/**
 * A query once it is read: a tree of conditions on one item.
 *
 * @module
 */

import type { GlobStep } from "./glob.ts";
import { type FieldTest, ITEM_TYPE } from "./vault_item.ts";

/** A folder, collection or organization. The id "" is being in none. */
export type Place =
  | { readonly by: "id"; readonly id: string }
  | { readonly by: "name"; readonly name: string };

/** A query, read. */
export type Query =
  | { readonly kind: "and"; readonly of: readonly Query[] }
  | { readonly kind: "or"; readonly of: readonly Query[] }
  | { readonly kind: "not"; readonly of: Query }
  | { readonly kind: "word"; readonly text: string }
  | { readonly kind: "name"; readonly pattern: readonly GlobStep[] }
  | { readonly kind: "type"; readonly type: number }
  | { readonly kind: "holds"; readonly slot: "field" | "attachment" }
  | { readonly kind: "folder" | "collection" | "org"; readonly place: Place }
  | { readonly kind: "field"; readonly test: FieldTest };

/** What is taken where the configuration has no query. */
export const DEFAULT_QUERY: Query = { kind: "type", type: ITEM_TYPE.ssh };

/**
 * Which items of the vault the configuration chooses.
 *
 * @module
 */

import { ConfigError } from "../config/error.ts";
import type { BitwardenConfig } from "../config/model.ts";
import type { Selection } from "../source/bitwarden/collector.ts";
import { parseQuery } from "../source/bitwarden/query.ts";
import { QueryError } from "../source/bitwarden/query_error.ts";
import { DEFAULT_QUERY } from "../source/bitwarden/query_tree.ts";

/** The selection of `[bitwarden]`. @throws {ConfigError} If the query cannot be read; it says where. */
export function selectionOf({ mode, itemIds, collectionIds, query }: BitwardenConfig): Selection {
  if (mode === "explicit") return { mode, itemIds };
  try {
    return { mode, query: query.trim() === "" ? DEFAULT_QUERY : parseQuery(query), collectionIds };
  } catch (error) {
    if (!(error instanceof QueryError)) throw error;
    const problem = {
      origin: { kind: "default" },
      key: "bitwarden.query",
      message: error.message,
      hint: undefined,
    } as const;
    throw new ConfigError("invalid", [problem]);
  }
}

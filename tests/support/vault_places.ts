/**
 * Where the fixture vault's items lie, and how its ids are made.
 *
 * Not for: the items (`vault_rows.ts`).
 *
 * @module
 */

import { createHash } from "node:crypto";
import type { Named, PlainOrganization } from "./vault_account.ts";

/** The id of a fixture's item, folder, collection or organisation: a UUID made of its name, the same in every run. */
export function idOf(name: string): string {
  const hex = createHash("sha256").update(`bwssh test vault: ${name}`).digest("hex");
  return [hex.slice(0, 8), hex.slice(8, 12), `4${hex.slice(13, 16)}`, `8${hex.slice(17, 20)}`, hex.slice(20, 32)]
    .join("-");
}

export const FOLDER: Named = { id: idOf("folder"), name: "Servers" };
export const COLLECTION: Named = { id: idOf("collection"), name: "Deploy keys" };
export const ORGANIZATION: PlainOrganization = {
  id: idOf("organization"),
  name: "Example Organisation",
  collections: [COLLECTION],
};

/**
 * The vault that tests share: every kind of key in every form, in every place of a vault that can hold one, broken
 * ones and hostile names, and a crowd around them. Says of each item what an agent must make of it.
 *
 * Not for: the items as such (`vault_rows.ts`), encrypting (`vault_items.ts`) or serving them (`vault_server.ts`).
 *
 * @module
 */

import { makeTestKeys, type TestKey } from "./test_keys.ts";
import { makeLogins, makeSshCrowd } from "./vault_crowd.ts";
import { FOLDER, idOf, ORGANIZATION } from "./vault_places.ts";
import { type FixtureRow, ROWS } from "./vault_rows.ts";
import type { VaultContents } from "./vault_server.ts";

/** A key to offer. */
export interface IdentityExpectation {
  readonly kind: "identity";
  /** As in identity ids: `key`, `notes`, `field:NAME`, `attachment:ID`. */
  readonly slot: string;
  /** `type base64`. */
  readonly publicKey: string;
  readonly fingerprint: string;
  readonly reprompt: boolean;
  /** Only with `attachments = true`. */
  readonly optIn: boolean;
  /** The item shows another public half, which is to be reported and not believed. */
  readonly claimLies: boolean;
}

/** What an agent must make of an item. */
export type Expectation =
  | IdentityExpectation
  /** Looks like a key and cannot be used: named and skipped. */
  | { readonly kind: "problem"; readonly slot: string; readonly why: NonNullable<FixtureRow["outcome"]> }
  /** Not a key, or archived or deleted. */
  | { readonly kind: "nothing" };

/** An item as tests speak of it; holds nothing secret. */
export interface FixtureItem {
  /** A stable name for tests. */
  readonly slug: string;
  readonly id: string;
  /** As in the vault, hostile characters and all. */
  readonly name: string;
  readonly expect: Expectation;
}

/** A fixture item that is a key to offer. */
export interface FixtureIdentity extends FixtureItem {
  readonly expect: IdentityExpectation;
}

/** How large, and which part. */
export interface FixtureOptions {
  /** Only these items; all if left out. Keys of the others are not made, which saves seconds of RSA. */
  readonly only?: readonly string[];
  /** How many logins stand around them. */
  readonly logins?: number;
  /** How many further SSH keys, for measuring how cost grows. */
  readonly sshCrowd?: number;
}

/** The vault in clear. */
export class VaultFixture {
  readonly #keys: Readonly<Record<string, TestKey>>;
  /** What the server is started with; holds private keys: never compare or print it. */
  readonly contents: VaultContents;
  /** Every item of the table, not the crowd. */
  readonly items: readonly FixtureItem[];

  /** Made by {@linkcode makeVaultFixture}. */
  constructor(rows: readonly FixtureRow[], keys: Readonly<Record<string, TestKey>>, crowd: VaultContents["items"]) {
    this.#keys = keys;
    const told = rows.map((row) => ({ id: idOf(row.slug), name: nameOf(row), ...row.content(keys[row.slug]) }));
    this.contents = { items: [...told, ...crowd], folders: [FOLDER], organizations: [ORGANIZATION] };
    this.items = rows.map((row) => ({
      slug: row.slug,
      id: idOf(row.slug),
      name: nameOf(row),
      expect: expectationOf(row, keys[row.slug]),
    }));
  }

  /** One item. @throws {RangeError} */
  item(slug: string): FixtureItem {
    const found = this.items.find((item) => item.slug === slug);
    if (found === undefined) throw new RangeError(`No fixture item "${slug}"`);
    return found;
  }

  /** The keys to offer; `attachments` as in the configuration. */
  identities({ attachments = false } = {}): readonly FixtureIdentity[] {
    return this.items.filter(isIdentity).filter(({ expect }) => attachments || !expect.optIn);
  }

  /** The private half, for the memory scan and for signing beside the agent. @throws {RangeError} */
  revealKey(slug: string): TestKey {
    const key = this.#keys[slug];
    if (key === undefined) throw new RangeError(`No key in fixture item "${slug}"`);
    return key;
  }
}

/**
 * Makes a fixture vault with keys of its own.
 *
 * @throws {RangeError} If `only` names an item that does not exist.
 */
export async function makeVaultFixture(
  { only, logins = 0, sshCrowd = 0 }: FixtureOptions = {},
): Promise<VaultFixture> {
  const unknown = only?.filter((slug) => !ROWS.some((row) => row.slug === slug)) ?? [];
  if (unknown.length > 0) throw new RangeError(`No fixture item ${unknown.map((slug) => `"${slug}"`).join(", ")}`);
  const rows = only === undefined ? ROWS : ROWS.filter(({ slug }) => only.includes(slug));
  const specs = rows.flatMap(({ slug, key }) => key === undefined ? [] : [[slug, { comment: slug, ...key }] as const]);
  const keys = await makeTestKeys(Object.fromEntries(specs));
  return new VaultFixture(rows, keys, [...makeLogins(logins), ...makeSshCrowd(sshCrowd)]);
}

function isIdentity(item: FixtureItem): item is FixtureIdentity {
  return item.expect.kind === "identity";
}

function nameOf({ slug, name = `SSH ${slug}` }: FixtureRow): string {
  return name;
}

function expectationOf(row: FixtureRow, key: TestKey | undefined): Expectation {
  const { outcome, slot = "key" } = row;
  if (outcome === "nothing") return { kind: "nothing" };
  if (outcome !== undefined) return { kind: "problem", slot, why: outcome };
  if (key === undefined) throw new TypeError(`Fixture item "${row.slug}" has no key`);
  return {
    kind: "identity",
    slot,
    publicKey: key.publicKey,
    fingerprint: key.fingerprint,
    reprompt: row.content(key).reprompt ?? false,
    optIn: slot.startsWith("attachment:"),
    claimLies: row.claimLies ?? false,
  };
}

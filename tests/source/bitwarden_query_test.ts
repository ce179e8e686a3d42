import { deepStrictEqual as deepEqual, ok, strictEqual as equal, throws } from "node:assert/strict";
import fc from "fast-check";
import { fold, type GlobStep, matchesGlob } from "../../mod/source/bitwarden/glob.ts";
import { parseQuery } from "../../mod/source/bitwarden/query.ts";
import { QueryError } from "../../mod/source/bitwarden/query_error.ts";
import { matchesQuery, needsOf, type PlaceIds } from "../../mod/source/bitwarden/query_match.ts";
import type { FieldTest, ItemFacts } from "../../mod/source/bitwarden/vault_item.ts";

const FOLDER = "0b8f5b3e-9a53-4c0e-8d2e-3a6b5c7d8e9f";
const WORK = "11111111-2222-4333-8444-555555555555";

interface Item {
  readonly name?: string;
  readonly type?: number;
  readonly folderId?: string;
  readonly organizationId?: string;
  readonly collectionIds?: readonly string[];
  readonly holds?: readonly ("key" | "notes" | "field" | "attachment")[];
  /** Visible fields by name; undefined is a hidden one. */
  readonly fields?: Readonly<Record<string, string | undefined>>;
}

function facts(item: Item): ItemFacts {
  const fields = item.fields ?? {};
  return {
    id: "x",
    name: item.name ?? "",
    type: item.type ?? 5,
    folderId: item.folderId ?? "",
    organizationId: item.organizationId ?? "",
    collectionIds: item.collectionIds ?? [],
    holds: new Set(item.holds ?? ["key"]),
    passes: (test: FieldTest) => test.name in fields && (test.value === undefined || fields[test.name] === test.value),
  };
}

const PLACES: PlaceIds = {
  folders: new Map([["Work keys", new Set([WORK])]]),
  collections: new Map([["Deploy", new Set(["c1", "c2"])]]),
  organizations: new Map([["Acme", new Set(["o1"])]]),
};

const CASES: readonly { readonly query: string; readonly yes: readonly Item[]; readonly no: readonly Item[] }[] = [
  { query: "github", yes: [{ name: "GitHub laptop" }, { name: "my-github" }], no: [{ name: "gitlab" }, {}] },
  { query: "git laptop", yes: [{ name: "Laptop of git" }], no: [{ name: "git" }, { name: "laptop" }] },
  { query: "git AND laptop", yes: [{ name: "gitlaptop" }], no: [{ name: "git" }] },
  { query: '"git laptop"', yes: [{ name: "my GIT Laptop 2" }], no: [{ name: "laptop git" }] },
  { query: '"and" "OR"', yes: [{ name: "or and" }], no: [{ name: "and" }] },
  { query: "ÉCLAIR", yes: [{ name: "e\u0301clair" }, { name: "éclair" }], no: [{ name: "eclair" }] },
  { query: 'C\\*\\"D', yes: [{ name: 'ac*"d' }], no: [{ name: 'c"d' }] },
  { query: "type:ssh", yes: [{ type: 5 }], no: [{ type: 1 }, { type: Number.NaN }] },
  { query: "type:sshkey", yes: [{ type: 5 }], no: [{ type: 2 }] },
  { query: "type:SSH-Key", yes: [{ type: 5 }], no: [{ type: 2 }] },
  { query: "type:note", yes: [{ type: 2 }], no: [{ type: 5 }] },
  { query: "type:login", yes: [{ type: 1 }], no: [{ type: 5 }] },
  { query: "type:field", yes: [{ type: 1, holds: ["field"] }], no: [{ type: 5 }] },
  { query: "type:attachment", yes: [{ type: 1, holds: ["attachment"] }], no: [{ type: 5 }] },
  { query: "name:work-*", yes: [{ name: "work-" }, { name: "WORK-laptop" }], no: [{ name: "my work-x" }] },
  { query: 'name:"ssh ?"', yes: [{ name: "SSH 1" }, { name: "ssh 😀" }], no: [{ name: "ssh 10" }, { name: "ssh " }] },
  { query: "name:a\\*b", yes: [{ name: "a*b" }], no: [{ name: "axb" }] },
  { query: "name:*prod*key", yes: [{ name: "my prod prod key" }], no: [{ name: "prod keys" }] },
  { query: `folder:${FOLDER.toUpperCase()}`, yes: [{ folderId: FOLDER }], no: [{ folderId: WORK }, {}] },
  { query: 'folder:"Work keys"', yes: [{ folderId: WORK }], no: [{ folderId: FOLDER }, {}] },
  { query: 'folder:""', yes: [{}], no: [{ folderId: WORK }] },
  { query: "folder:Nowhere", yes: [], no: [{ folderId: WORK }, {}] },
  { query: "collection:Deploy", yes: [{ collectionIds: ["x", "c2"] }], no: [{ collectionIds: ["x"] }, {}] },
  { query: 'collection:""', yes: [{}], no: [{ collectionIds: ["c1"] }] },
  { query: "org:Acme", yes: [{ organizationId: "o1" }], no: [{ organizationId: "o2" }, {}] },
  {
    query: "field:env",
    yes: [{ fields: { env: "prod" } }, { fields: { env: undefined } }],
    no: [{ fields: { Env: "" } }],
  },
  { query: "field:env=prod", yes: [{ fields: { env: "prod" } }], no: [{ fields: { env: "Prod" } }, {}] },
  { query: 'field:"a b"="c = d"', yes: [{ fields: { "a b": "c = d" } }], no: [{ fields: { "a b": "c" } }] },
  { query: 'field:"a=b"', yes: [{ fields: { "a=b": "1" } }], no: [{ fields: { a: "b" } }] },
  { query: 'field:x=""', yes: [{ fields: { x: "" } }], no: [{ fields: { x: "1" } }] },
  {
    query: "tag:ssh",
    yes: [{ fields: { tag: "ssh" } }],
    no: [{ fields: { tag: "sshd" } }, { fields: { tags: "ssh" } }],
  },
  { query: "tag:ssh OR type:sshkey", yes: [{ type: 5 }, { type: 1, fields: { tag: "ssh" } }], no: [{ type: 1 }] },
  { query: "NOT work", yes: [{ name: "home" }], no: [{ name: "work" }] },
  { query: "NOT NOT work", yes: [{ name: "work" }], no: [{ name: "home" }] },
  // NOT over AND over OR: (NOT a AND b) OR c
  { query: "NOT a b OR c", yes: [{ name: "b" }, { name: "abc" }], no: [{ name: "ab" }, { name: "x" }] },
  { query: "c OR NOT a b", yes: [{ name: "b" }, { name: "abc" }], no: [{ name: "ab" }, { name: "x" }] },
  { query: "a b OR c d", yes: [{ name: "ab" }, { name: "cd" }], no: [{ name: "ac" }, { name: "bd" }] },
  { query: "a (b OR c) d", yes: [{ name: "abd" }, { name: "acd" }], no: [{ name: "ab" }, { name: "cd" }] },
  { query: "NOT (a OR b)", yes: [{ name: "c" }], no: [{ name: "a" }, { name: "b" }] },
  { query: "a(b)c", yes: [{ name: "cba" }], no: [{ name: "ab" }] },
];

for (const { query, yes, no } of CASES) {
  Deno.test(`the query ${query} takes what it should and nothing else`, () => {
    const parsed = parseQuery(query);
    for (const item of yes) ok(matchesQuery(parsed, facts(item), PLACES), `refused ${JSON.stringify(item)}`);
    for (const item of no) ok(!matchesQuery(parsed, facts(item), PLACES), `took ${JSON.stringify(item)}`);
  });
}

const BAD = [
  { query: "", position: 0, error: /at character 1: it is empty; leave `query` out/ },
  { query: "  \n", position: 0, error: /it is empty/ },
  { query: "ssh tpye:ssh", position: 4, error: /at character 5: there is no term "tpye:"; did you mean "type:"\?/ },
  {
    query: "foo:bar",
    position: 0,
    error: /there is no term "foo:"; the terms are type: name: folder: .* needs quotes/,
  },
  { query: "Type:ssh", position: 0, error: /did you mean "type:"\?/ },
  { query: ":x", position: 0, error: /there is no term ":"/ },
  { query: "type:", position: 5, error: /there is no type ""/ },
  { query: "a type:sshh", position: 7, error: /there is no type "sshh"; did you mean "ssh"\?/ },
  { query: "type:password", position: 5, error: /the types are ssh, sshkey/ },
  { query: "name:", position: 5, error: /the name is missing/ },
  { query: "folder: x", position: 7, error: /the folder is missing; "" in quotes means none/ },
  { query: "collection:", position: 11, error: /the collection is missing/ },
  { query: "org:", position: 4, error: /the org is missing/ },
  { query: "field:", position: 6, error: /field's name is missing/ },
  { query: "field:=v", position: 6, error: /field's name is missing/ },
  { query: "field:env=", position: 10, error: /the value is missing; field:env alone/ },
  { query: "tag:", position: 4, error: /the tag is missing/ },
  { query: "work-*", position: 5, error: /a word has no wildcards: write name:work-\*, or quote it/ },
  { query: '""', position: 0, error: /a word cannot be empty/ },
  { query: 'a "b c', position: 2, error: /the quote that opens here is never closed/ },
  { query: "a\\", position: 1, error: /a backslash needs a character after it/ },
  { query: "a AND", position: 5, error: /a term is missing at the end/ },
  { query: "AND a", position: 0, error: /a term is missing before this AND/ },
  { query: "a OR OR b", position: 5, error: /a term is missing before this OR/ },
  { query: "a OR", position: 4, error: /a term is missing at the end/ },
  { query: "NOT", position: 3, error: /a term is missing at the end/ },
  { query: "a or b", position: 2, error: /write OR to join terms, or "or" in quotes/ },
  { query: "Not a", position: 0, error: /write NOT to join terms/ },
  { query: "()", position: 1, error: /a term is missing before this "\)"/ },
  { query: "(a", position: 0, error: /this "\(" is never closed/ },
  { query: "a)", position: 1, error: /this "\)" closes nothing/ },
  { query: "(a))", position: 3, error: /this "\)" closes nothing/ },
  { query: "(".repeat(65) + "a" + ")".repeat(65), position: 64, error: /nested too deeply/ },
  { query: "NOT ".repeat(65) + "a", position: 256, error: /nested too deeply/ },
  { query: "a".repeat(4097), position: 4096, error: /longer than 4096/ },
] as const;

for (const { query, position, error } of BAD) {
  Deno.test(`the query ${JSON.stringify(query.slice(0, 30))} is refused at its place`, () => {
    throws(() => parseQuery(query), (thrown: unknown) => {
      ok(thrown instanceof QueryError);
      equal(thrown.position, position);
      ok(error.test(thrown.message), thrown.message);
      return true;
    });
  });
}

Deno.test("needsOf() names what costs more than the listing", () => {
  const query = parseQuery(
    `folder:A OR folder:A OR folder:${FOLDER} OR collection:"" NOT org:B type:attachment tag:t field:f`,
  );
  deepEqual(needsOf(query), {
    fields: [{ name: "tag", value: "t" }, { name: "f", value: undefined }],
    names: { folders: ["A"], collections: [], organizations: ["B"] },
    attachments: true,
  });
  deepEqual(needsOf(parseQuery("type:ssh work")), {
    fields: [],
    names: { folders: [], collections: [], organizations: [] },
    attachments: false,
  });
});

Deno.test("parseQuery() reads any text or throws a QueryError within it", () => {
  const pieces = fc.constantFrom(
    "(",
    ")",
    " ",
    '"',
    "\\",
    ":",
    "=",
    "*",
    "AND",
    "OR ",
    "NOT ",
    "type:",
    "ssh",
    "field:",
    "é",
    "😀",
  );
  fc.assert(
    fc.property(fc.array(pieces, { maxLength: 14 }).map((parts) => parts.join("")), (text) => {
      try {
        matchesQuery(parseQuery(text), facts({}), PLACES);
      } catch (error) {
        ok(error instanceof QueryError, String(error));
        ok(error.position >= 0 && error.position <= text.length);
      }
    }),
    { numRuns: 2000 },
  );
});

Deno.test("matchesGlob() agrees with a regular expression of the same meaning", () => {
  const steps = fc.array(
    fc.oneof(
      fc.constant<GlobStep>({ kind: "any" }),
      fc.constant<GlobStep>({ kind: "one" }),
      fc.constantFrom("a", "b").map((text): GlobStep => ({ kind: "is", text })),
    ),
    { maxLength: 8 },
  );
  fc.assert(
    fc.property(steps, fc.array(fc.constantFrom("a", "b", "c"), { maxLength: 9 }), (pattern, letters) => {
      const source = pattern.map((step) => step.kind === "any" ? ".*" : step.kind === "one" ? "." : step.text).join("");
      equal(matchesGlob(letters.join(""), pattern), new RegExp(`^${source}$`).test(letters.join("")));
    }),
    { numRuns: 3000 },
  );
});

Deno.test("matchesGlob() stays fast on a pattern made to be slow", () => {
  const pattern = parseQuery("name:" + "*a".repeat(200) + "*b");
  ok(pattern.kind === "name");
  const started = performance.now();
  equal(matchesGlob("a".repeat(4000), pattern.pattern), false);
  ok(performance.now() - started < 1000);
});

Deno.test("fold() ignores case and composition", () => {
  equal(fold("E\u0301Cole"), "école");
});

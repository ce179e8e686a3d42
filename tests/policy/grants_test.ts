import {
  deepStrictEqual as deepEqual,
  match,
  notStrictEqual as notEqual,
  strictEqual as equal,
} from "node:assert/strict";
import fc from "fast-check";
import { decide } from "../../mod/policy/decide.ts";
import { GrantBook, MOST_GRANTS } from "../../mod/policy/grants.ts";
import { later, type Moment } from "../../mod/policy/moment.ts";
import { type Remember, rememberOf } from "../../mod/policy/remember.ts";
import { REMEMBER_SCOPES, type RememberScope } from "../../mod/policy/rule.ts";
import type { Rule } from "../../mod/policy/rule.ts";
import {
  askWith,
  blobOf,
  bound,
  type Differences,
  FORWARDED,
  hop,
  login,
  NOW,
  OTHER,
  OUR_UID,
  policyOf,
  sshsig,
  UNBOUND,
} from "./asks.ts";
import { fingerprintOf } from "../../mod/ssh/public_key.ts";

const remember = (scope: RememberScope, seconds = 60): Remember => ({ scope, seconds, by: "no rule" });

/** Whether an answer to the ordinary ask counts for another one. */
function counts(scope: RememberScope, other: Differences, after = 0): boolean {
  const book = new GrantBook();
  book.add(askWith(), remember(scope), NOW);
  return book.find(askWith(other), remember(scope), later(NOW, after)) !== undefined;
}

const LIVING: readonly RememberScope[] = ["connection", "app", "app+session", "host"];
const OTHER_BLOB = blobOf(9);

/** What is different, and for which scopes the answer counts all the same. */
const DIFFERENCES: readonly (readonly [name: string, other: Differences, counts: readonly RememberScope[]])[] = [
  ["nothing", {}, LIVING],
  ["the data", { data: new Uint8Array(9) }, LIVING],
  ["the process", { peer: { pid: 5, startTime: 1n, ancestors: [] } }, LIVING],
  ["the session id", {
    signed: { ...login(), sessionId: new Uint8Array(20) },
    route: { kind: "bound", hops: [{ ...hop("git.example.org"), sessionId: new Uint8Array(20) }] },
  }, LIVING],
  ["the connection", { connection: 18 }, ["app", "app+session", "host"]],
  ["no connection", { connection: null }, ["app", "app+session", "host"]],
  ["the terminal session", { peer: { session: 4001 } }, ["connection", "app", "host"]],
  ["the program's path", { peer: { exe: "/opt/ssh" } }, ["host"]],
  ["the program's inode", { peer: { exeFile: { device: 66_307, inode: 9, deleted: false } } }, ["host"]],
  ["the program's device", { peer: { exeFile: { device: 9, inode: 1234, deleted: false } } }, ["host"]],
  ["the program deleted", { peer: { exeFile: { device: 66_307, inode: 1234, deleted: true } } }, ["host"]],
  ["the mounts", { peer: { foreignMounts: true } }, ["host"]],
  ["the key", { identity: { fingerprint: fingerprintOf(OTHER_BLOB), blob: OTHER_BLOB } }, []],
  ["the vault item", { identity: { id: "other#key" } }, []],
  ["the user", { signed: login(undefined, "root") }, []],
  ["the kind", { signed: sshsig("git") }, []],
  ["the host", { route: bound("other.example.org") }, []],
  ["the host key", { route: { kind: "bound", hops: [hop("git.example.org", { byte: 1 })] } }, []],
  ["the host's name", {
    route: {
      kind: "bound",
      hops: [{ ...hop("git.example.org"), names: ["x.example.org"] }],
    },
  }, []],
  ["the way there", { route: FORWARDED }, []],
  ["no bind", { route: UNBOUND }, []],
  ["the uid", { peer: { uid: 0 } }, []],
];

for (const [name, other, scopes] of DIFFERENCES) {
  Deno.test(`a grant counts for another ask that differs in ${name}: ${scopes.join(", ") || "never"}`, () => {
    deepEqual(LIVING.filter((scope) => counts(scope, other)), scopes);
  });
}

Deno.test("a grant for one namespace is none for another", () => {
  const book = new GrantBook();
  book.add(askWith({ signed: sshsig("git") }), remember("app"), NOW);
  equal(book.find(askWith({ signed: sshsig("git") }), remember("app"), NOW)?.kind, "sshsig:git");
  for (const signed of [sshsig("file"), sshsig("git\u202e"), OTHER, login()]) {
    equal(book.find(askWith({ signed }), remember("app"), NOW), undefined);
  }
});

Deno.test("a grant given under one rule or in one scope is none under another", () => {
  const book = new GrantBook();
  book.add(askWith(), remember("app"), NOW);
  equal(book.find(askWith(), { ...remember("app"), by: "rule 1 (x:1)" }, NOW), undefined);
  for (const scope of REMEMBER_SCOPES.filter((each) => each !== "app")) {
    equal(book.find(askWith(), remember(scope), NOW), undefined);
  }
});

Deno.test("nothing is kept of an answer that counts once", () => {
  const book = new GrantBook();
  equal(book.add(askWith(), remember("once"), NOW), undefined);
  equal(book.add(askWith(), remember("app", 0), NOW), undefined);
  equal(book.add(askWith(), remember("app", NaN), NOW), undefined);
  equal(book.size, 0);
});

Deno.test("a grant outlives neither clock", () => {
  const clock = fc.integer({ min: 0, max: 200_000 });
  fc.assert(
    fc.property(
      fc.constantFrom(...LIVING),
      fc.integer({ min: 1, max: 100 }),
      clock,
      clock,
      (scope, seconds, wall, mono) => {
        const book = new GrantBook();
        book.add(askWith(), remember(scope, seconds), NOW);
        const now: Moment = { wall: NOW.wall + wall, monotonic: NOW.monotonic + mono };
        const lives = Math.max(wall, mono) < seconds * 1000;
        equal(book.find(askWith(), remember(scope, seconds), now) !== undefined, lives);
        equal(book.list(now).length, lives ? 1 : 0);
        equal(book.dropExpired(now).length, lives ? 0 : 1);
        // A clock that is set back brings nothing back.
        if (!lives) equal(book.find(askWith(), remember(scope, seconds), NOW), undefined);
      },
    ),
    { numRuns: 2000 },
  );
});

Deno.test("a wall clock set back does not lengthen a grant", () => {
  const book = new GrantBook();
  book.add(askWith(), remember("app"), NOW);
  equal(book.find(askWith(), remember("app"), { wall: NOW.wall - 1e9, monotonic: NOW.monotonic + 60_000 }), undefined);
  equal(book.find(askWith(), remember("app"), { wall: NOW.wall + 60_000, monotonic: NOW.monotonic }), undefined);
});

Deno.test("a limit that shrank since shortens a grant", () => {
  const book = new GrantBook();
  book.add(askWith(), remember("app", 600), NOW);
  notEqual(book.find(askWith(), remember("app", 10), later(NOW, 9999)), undefined);
  equal(book.find(askWith(), remember("app", 10), later(NOW, 10_000)), undefined);
});

Deno.test("grants are listed, revoked one by one or all, and dropped with their connection", () => {
  const book = new GrantBook();
  book.add(askWith(), remember("connection"), NOW);
  book.add(askWith(), remember("app+session"), NOW);
  book.add(askWith({ route: FORWARDED }), remember("host"), NOW);
  const rows = book.list(later(NOW, 1000)).map((grant) => [
    ...[grant.id, grant.scope, grant.key, grant.kind, grant.user, grant.route.join(" > ")],
    ...[grant.exe, grant.session, grant.connection, grant.by, grant.left],
  ]);
  const [key, ssh] = [["work laptop", "auth", "git"], "/usr/bin/ssh"];
  deepEqual(rows, [
    ["g1", "connection", ...key, "git.example.org", ssh, undefined, 17, "no rule", 59_000],
    ["g2", "app+session", ...key, "git.example.org", ssh, 4000, undefined, "no rule", 59_000],
    ["g3", "host", ...key, "bastion.example.org > git.example.org", undefined, undefined, undefined, "no rule", 59_000],
  ]);
  equal(book.revoke("g9"), false);
  equal(book.revoke("g2"), true);
  equal(book.revoke("g2"), false);
  equal(book.find(askWith(), remember("app+session"), NOW), undefined);
  deepEqual(book.dropConnection(16).map(({ id }) => id), []);
  deepEqual(book.dropConnection(17).map(({ id }) => id), ["g1"]);
  equal(book.revokeAll(), 1);
  equal(book.revokeAll(), 0);
  equal(book.add(askWith(), remember("app"), NOW)?.id, "g4"); // no id comes back
});

Deno.test("an answer given again counts from then on", () => {
  const book = new GrantBook();
  book.add(askWith(), remember("app"), NOW);
  book.add(askWith(), remember("app"), later(NOW, 50_000));
  equal(book.size, 1);
  equal(book.find(askWith(), remember("app"), later(NOW, 100_000))?.id, "g2");
});

Deno.test("there are never more than so many grants: the one that ends first makes room", () => {
  const book = new GrantBook();
  const add = (connection: number, seconds: number) =>
    book.add(askWith({ connection }), remember("connection", seconds), NOW);
  add(0, 100);
  add(1, 50);
  for (let connection = 2; connection < MOST_GRANTS; connection++) add(connection, 100);
  equal(book.size, MOST_GRANTS);
  add(MOST_GRANTS, 100);
  equal(book.size, MOST_GRANTS);
  equal(book.find(askWith({ connection: 1 }), remember("connection"), NOW), undefined);
  match(book.find(askWith({ connection: 0 }), remember("connection"), NOW)?.id ?? "", /^g1$/);
});

const MINUTES = { approvalMode: "ttl", approvalTtlSeconds: 300 } as const;
const ASK_RULE: Rule = { name: "rule 3", origin: "f:9", action: "ask" };

const REMEMBERED: readonly (readonly [name: string, ask: Differences, rule: Partial<Rule> | undefined, as: string])[] =
  [
    ["the mode alone", {}, undefined, "app 300 no rule"],
    ["a rule without scope", {}, {}, "app 300 rule 3 (f:9)"],
    ["once", {}, { remember: "once" }, "once 0 rule 3 (f:9)"],
    ["a connection", {}, { remember: "connection" }, "connection 86400 rule 3 (f:9)"],
    ["a connection for a time", {}, { remember: "connection", rememberFor: 9 }, "connection 9 rule 3 (f:9)"],
    ["a session", {}, { remember: "app+session", rememberFor: 900 }, "app+session 900 rule 3 (f:9)"],
    ["a host", {}, { remember: "host" }, "host 300 rule 3 (f:9)"],
    ["too long", {}, { remember: "app", rememberFor: 1e9 }, "app 86400 rule 3 (f:9)"],
    ["forwarded", { route: FORWARDED }, undefined, "once 0 no rule"],
    ["forwarded, by a rule", { route: FORWARDED }, {}, "once 0 rule 3 (f:9)"],
    ["forwarded, by a rule that says so", { route: FORWARDED }, { remember: "app" }, "app 300 rule 3 (f:9)"],
    ["an sshsig for a host", { signed: sshsig("git") }, { remember: "host" }, "connection 300 rule 3 (f:9)"],
    ["an unbound host", { route: UNBOUND }, { remember: "host" }, "connection 300 rule 3 (f:9)"],
    ["an unknown program", { peer: { exe: undefined } }, undefined, "connection 300 no rule"],
    ["a program elsewhere", { peer: { foreignMounts: true } }, { remember: "app" }, "connection 300 rule 3 (f:9)"],
    ["no session", { peer: { session: 0 } }, { remember: "app+session" }, "connection 300 rule 3 (f:9)"],
    ["no connection", { connection: null }, { remember: "connection" }, "once 0 rule 3 (f:9)"],
    ["nothing known", { connection: null, peer: { exe: undefined } }, undefined, "once 0 no rule"],
    ["other data", { signed: OTHER }, { remember: "app" }, "once 0 rule 3 (f:9)"],
    [
      "a certificate",
      { signed: { kind: "certificate", certType: "user" } },
      { remember: "app" },
      "once 0 rule 3 (f:9)",
    ],
    ["a re-prompt item", { identity: { reprompt: true } }, { remember: "app" }, "once 0 rule 3 (f:9)"],
    ["always", { identity: { limits: { approve: "always" } } }, { remember: "app" }, "once 0 rule 3 (f:9)"],
    ["a short item", { identity: { limits: { ttl: 20 } } }, { remember: "app" }, "app 20 rule 3 (f:9)"],
    ["a long item", { identity: { limits: { ttl: 9999 } } }, { remember: "app" }, "app 300 rule 3 (f:9)"],
    [
      "a short item, connection",
      { identity: { limits: { ttl: 20 } } },
      { remember: "connection" },
      "connection 20 rule 3 (f:9)",
    ],
    ["an item without", { identity: { limits: { ttl: 0 } } }, { remember: "app" }, "once 0 rule 3 (f:9)"],
  ];

for (const [name, ask, rule, expected] of REMEMBERED) {
  Deno.test(`rememberOf() ${name}: ${expected}`, () => {
    const { scope, seconds, by } = rememberOf(askWith(ask), rule && { ...ASK_RULE, ...rule }, MINUTES);
    equal(`${scope} ${seconds} ${by}`, expected);
  });
}

Deno.test("approval modes choose the scope where no rule does", () => {
  const scopes = (["always", "per_connection", "ttl"] as const).map((approvalMode) =>
    rememberOf(askWith(), undefined, { ...MINUTES, approvalMode })
  );
  deepEqual(scopes.map(({ scope, seconds }) => [scope, seconds]), [["once", 0], ["connection", 86_400], ["app", 300]]);
});

Deno.test("an approved ask is answered by its grant, until the grant is gone", () => {
  const book = new GrantBook();
  const policies = [policyOf(), policyOf({ action: "ask", remember: "host" }), policyOf({ action: "ask" })];
  for (const policy of policies) {
    const verdict = decide(askWith(), policy, book, NOW);
    equal(verdict.kind, "ask");
    if (verdict.kind === "ask") book.add(askWith(), verdict.remember, NOW);
    equal(decide(askWith(), policy, book, NOW).kind, "allow");
    equal(decide(askWith(), policy, book, later(NOW, 300_000)).kind, "ask");
    equal(decide(askWith({ peer: { uid: OUR_UID + 1 } }), policy, book, NOW).kind, "deny");
    equal(decide(askWith(), { ...policy, rules: [{ ...ASK_RULE, action: "deny" }] }, book, NOW).kind, "deny");
    book.revokeAll();
    equal(decide(askWith(), policy, book, NOW).kind, "ask");
  }
  const once = policyOf({ action: "ask", remember: "once" });
  book.add(askWith(), remember("app"), NOW);
  equal(decide(askWith(), once, book, NOW).kind, "ask");
  equal(decide(askWith(), { ...policyOf(), approvalMode: "always" }, book, NOW).kind, "ask");
});

import { ok, strictEqual as equal } from "node:assert/strict";
import { classify, noSession } from "../../mod/source/bitwarden/failures.ts";
import type { CommandEnd } from "../../mod/source/command.ts";

const CALL = { task: "list the items of the vault", dataDir: undefined, deadlineMs: 30_000 } as const;
const exited = (stderr: string, code = 1): CommandEnd & { kind: "exited" } => ({ kind: "exited", code, stderr });

/** What the programs were seen to write; the noise before it must not mislead. */
const NOISE = "2026-11-22T03:20:46.760Z ERROR bitwarden_crypto: invalid mac\n";
const TABLE: readonly {
  readonly end: Exclude<CommandEnd, { kind: "enough" }>;
  readonly code: string;
  readonly hint: RegExp;
}[] = [
  { end: { kind: "not-started", code: "ENOENT", path: "/usr/bin/bw" }, code: "bw-absent", hint: /npm install -g/ },
  { end: { kind: "not-started", code: "EACCES", path: "/usr/bin/bw" }, code: "bw-not-executable", hint: /chmod/ },
  { end: { kind: "not-started", code: "ENOMEM", path: "/usr/bin/bw" }, code: "bw-not-started", hint: /--version/ },
  { end: { kind: "aborted" }, code: "aborted", hint: /bwssh unlock/ },
  { end: { kind: "deadline", stderr: "" }, code: "timeout", hint: /network/ },
  { end: { kind: "signalled", signal: 9, stderr: "" }, code: "killed", hint: /journalctl/ },
  { end: exited("You are not logged in."), code: "logged-out", hint: /^run `bw login`, then `bwssh unlock`$/ },
  { end: exited(`${NOISE}You are not logged in.`), code: "logged-out", hint: /bw login/ },
  { end: exited("Vault is locked."), code: "locked", hint: /bwssh unlock/ },
  {
    end: exited("Your vault is locked. You must unlock your vault using your session key."),
    code: "locked",
    hint: /bwssh unlock/,
  },
  {
    end: exited('Syncing failed: {"response":null,"message":null,"statusCode":401}'),
    code: "logged-out-by-server",
    hint: /bw login/,
  },
  { end: exited('Syncing failed: {"error":"invalid_grant"}'), code: "logged-out-by-server", hint: /bw login/ },
  {
    end: exited(
      "Syncing failed: FetchError: request to https://vault.example.org/api/sync failed, reason: self-signed certificate",
    ),
    code: "server-certificate",
    hint: /NODE_EXTRA_CA_CERTS/,
  },
  {
    end: exited("FetchError: request to https://x/ failed, reason: unable to verify the first certificate"),
    code: "server-certificate",
    hint: /CA/,
  },
  { end: exited("Error: Insecure URL not allowed. All URLs must use HTTPS."), code: "server-insecure", hint: /https/ },
  {
    end: exited(
      "Syncing failed: FetchError: request to https://127.0.0.1:1/api/sync failed, reason: connect ECONNREFUSED",
    ),
    code: "server-unreachable",
    hint: /bw config server/,
  },
  {
    end: exited("FetchError: request to https://x.example failed, reason: getaddrinfo ENOTFOUND"),
    code: "server-unreachable",
    hint: /network/,
  },
  { end: exited('Syncing failed: {"statusCode":503}'), code: "server-error", hint: /bwssh sync/ },
  { end: exited("Syncing failed: Rate limit exceeded. Try again later."), code: "server-error", hint: /bwssh sync/ },
  {
    end: exited("FetchError: invalid json response body at https://x/ reason: Unexpected token < in JSON"),
    code: "server-error",
    hint: /terminal/,
  },
  { end: exited("error: unknown option '--nointeraction'"), code: "bw-too-old", hint: /2024\.12/ },
  { end: exited("error: unknown command 'list'"), code: "bw-too-old", hint: /--version/ },
  {
    end: exited(
      "Error: EACCES: permission denied, mkdir '/home/u/.config/Bitwarden CLI/data.json.lock'\n    at x (y:1:2)",
    ),
    code: "data-dir",
    hint: /writable/,
  },
  { end: exited("/usr/bin/env: 'node': No such file or directory", 127), code: "bw-runtime", hint: /Node 22/ },
  { end: exited("", 127), code: "bw-runtime", hint: /--version/ },
  {
    end: exited("file:///bw.js:1\nSyntaxError: Unexpected token '??='\n    at x"),
    code: "bw-runtime",
    hint: /Node 22/,
  },
  {
    end: exited("TypeError: x is not a function\n    at Object.<anonymous> (/bw.js:1:234)\n"),
    code: "bw-crashed",
    hint: /terminal/,
  },
  {
    end: exited("FATAL ERROR: Reached heap limit Allocation failed - JavaScript heap out of memory", 134),
    code: "bw-crashed",
    hint: /bw/,
  },
  { end: exited("Attachment `a1` was not found."), code: "attachment-absent", hint: /sync/ },
  { end: exited("No attachments available for this item."), code: "attachment-absent", hint: /sync/ },
  { end: exited("A 404 error occurred while downloading the attachment."), code: "attachment-absent", hint: /attach/ },
  { end: exited("Premium status is required to use this feature."), code: "attachment-premium", hint: /SSH-key item/ },
  { end: exited("", 0), code: "empty-output", hint: /bw status/ },
  { end: exited("? Master password: [input is hidden]", 0), code: "empty-output", hint: /unlock/ },
  { end: exited("something nobody has seen"), code: "failed", hint: /terminal/ },
  { end: exited("", 7), code: "failed", hint: /terminal/ },
];

for (const { end, code, hint } of TABLE) {
  const label = end.kind === "exited" ? `exit ${end.code} ${end.stderr.slice(0, 60)}` : JSON.stringify(end);
  Deno.test(`classify() calls ${label} ${code}`, () => {
    const error = classify(CALL, end);
    equal(error.code, code);
    ok(hint.test(error.hint), error.hint);
    const stderr = "stderr" in end ? end.stderr.trim() : "";
    ok(stderr === "" || !`${error.message}${error.hint}`.includes(stderr), "stderr is passed on");
  });
}

Deno.test("classify() says of a locked vault what bw cannot tell apart", () => {
  const { message } = classify(CALL, exited("Vault is locked."));
  ok(/^Cannot list the items of the vault: /.test(message) && /vault is locked/.test(message), message);
  ok(/session that is no longer valid/.test(message), message);
});

Deno.test("classify() passes on nothing of a server's answer", () => {
  const error = classify(CALL, exited("Syncing failed: <b>\u001b[31mhunter2</b> at https://vault.example.org"));
  equal(error.code, "server-error");
  ok(!["hunter2", "\u001b", "example"].some((part) => `${error.message}${error.hint}`.includes(part)));
});

Deno.test("classify() names the data directory in what to type", () => {
  const stderr = "You are not logged in.";
  equal(
    classify({ ...CALL, dataDir: "/srv/bw" }, exited(stderr)).hint,
    "run `BITWARDENCLI_APPDATA_DIR=/srv/bw bw login`, then `bwssh unlock`",
  );
  ok(/=\'\/a b\/it\'\\\'\'s\' bw login/.test(classify({ ...CALL, dataDir: "/a b/it's" }, exited(stderr)).hint));
});

Deno.test("classify() says when the answer was complete all the same", () => {
  const { code, message } = classify({ ...CALL, answered: true }, exited("You are not logged in."));
  equal(code, "logged-out");
  equal(message, "bw could list the items of the vault, and then failed: bw is not logged in");
});

Deno.test("noSession() is not the same as locked", () => {
  const { code, hint } = noSession(CALL);
  equal(code, "no-session");
  equal(hint, "run `bwssh unlock`");
});

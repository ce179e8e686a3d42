/**
 * What can go wrong with bw, by what it writes to stderr: the measured words of bw 2024.12 to 2026.9 and of Node.
 *
 * @module
 */

/** Codes of a {@linkcode SourceError} of this source. */
export type BwFailureCode =
  | "bw-absent"
  | "bw-not-executable"
  | "bw-not-started"
  | "bw-runtime"
  | "bw-too-old"
  | "bw-crashed"
  | "session-malformed"
  | "no-session"
  | "logged-out"
  | "logged-out-by-server"
  | "locked"
  | "server-certificate"
  | "server-insecure"
  | "server-unreachable"
  | "server-error"
  | "data-dir"
  | "timeout"
  | "killed"
  | "empty-output"
  | "not-json"
  | "aborted"
  | "no-memory"
  | "attachment-absent"
  | "attachment-premium"
  | "failed";

/** One way to fail. */
export interface Cause {
  readonly code: BwFailureCode;
  /** After "Cannot …: ". */
  readonly reason: string;
  /** `{bw}` stands for bw with the data directory it needs. */
  readonly hint: string;
}

const LOGGED_OUT: Cause = {
  code: "logged-out",
  reason: "bw is not logged in",
  hint: "run `{bw} login`, then `bwssh unlock`",
};
/** Also concluded from finding bw logged out in the middle of things. */
export const LOGGED_OUT_BY_SERVER: Cause = {
  code: "logged-out-by-server",
  reason: "the server, or a proxy in its place, refused the account's token, and bw then logs itself out",
  hint: "run `{bw} login`, then `bwssh unlock`",
};
const LOCKED: Cause = {
  code: "locked",
  reason: "bw says the vault is locked, which is also what it says of a session that is no longer valid: " +
    "every other `bw unlock` or `bw login` ends it",
  hint: "run `bwssh unlock` again",
};
const UNREACHABLE: Cause = {
  code: "server-unreachable",
  reason: "the Bitwarden server cannot be reached",
  hint: "check the network and `{bw} config server`, then run `bwssh sync`",
};
const TOO_OLD: Cause = {
  code: "bw-too-old",
  reason: "this bw does not know the command",
  hint: "run `{bw} --version`: 2024.12 or newer is needed; `npm install -g @bitwarden/cli` updates it",
};

/** Looked for in this order: bw's own last word first, then causes, then crashes. */
const BY_STDERR: readonly (Cause & { readonly pattern: RegExp })[] = [
  { ...LOGGED_OUT, pattern: /You are not logged in\./ },
  { ...LOCKED, pattern: /(Vault|Your vault) is locked\./ },
  { ...LOGGED_OUT_BY_SERVER, pattern: /"statusCode":40[13]\b|invalid_grant|Cannot refresh access token/ },
  {
    code: "attachment-absent",
    reason: "the vault lists it, and the server does not have it",
    hint: "run `bwssh sync`; if it stays, attach the file again in Bitwarden",
    pattern: /Attachment `[^\n]*` was not found|No attachments available|404 error occurred while downloading/,
  },
  {
    code: "attachment-premium",
    reason: "Bitwarden gives attachments of personal items to premium accounts only",
    hint: "store the key as an SSH-key item, or run `ssh-add` with the file",
    pattern: /Premium status is required/,
  },
  {
    code: "server-certificate",
    reason: "the server's certificate is not trusted",
    hint: "name its CA in NODE_EXTRA_CA_CERTS where the daemon starts (`systemctl --user edit bwssh-agent`)",
    pattern: /self[- ]signed cert|unable to (get|verify)[ a-z]* certificate|certificate has expired|CERT_|altnames/i,
  },
  {
    code: "server-insecure",
    reason: "bw only talks to servers over https",
    hint: "run `{bw} logout` and `{bw} config server https://…`",
    pattern: /Insecure URL not allowed/,
  },
  { ...TOO_OLD, pattern: /error: unknown (option|command)|error: too many arguments/ },
  {
    code: "data-dir",
    reason: "bw cannot write to its data directory, which it must even for reading",
    hint: "run `ls -ld` on BITWARDENCLI_APPDATA_DIR or `~/.config/Bitwarden CLI`, and make it yours and writable",
    pattern: /(EACCES|EROFS|ENOSPC|EPERM|ENOENT)[^\n]*(data\.json|mkdir|open|copyfile)/,
  },
  {
    ...UNREACHABLE,
    pattern:
      /ECONNREFUSED|ECONNRESET|ENOTFOUND|EAI_AGAIN|ETIMEDOUT|EHOSTUNREACH|ENETUNREACH|socket hang up|FetchError: request/,
  },
  {
    code: "server-error",
    reason: "the server answered with an error",
    hint: "run `{bw} sync` in a terminal to see its answer; `bwssh sync` tries again",
    pattern: /"statusCode":\d|invalid json response body|Rate limit exceeded|Syncing failed/,
  },
  {
    code: "bw-runtime",
    reason: "the program bw runs on does not start it",
    hint: "run `{bw} --version` in a terminal: bw from npm needs Node 22, and PATH must lead to it",
    pattern:
      /env: .*No such file|node: not found|Unsupported engine|SyntaxError: |ERR_REQUIRE_ESM|ERR_MODULE_NOT_FOUND/,
  },
  {
    code: "bw-crashed",
    reason: "bw crashed",
    hint: "run `{bw} --version` and `{bw} sync` in a terminal to see its own words",
    pattern: /\n\s+at .+:\d+|Node\.js v\d|JavaScript heap out of memory/,
  },
];

/** The cause that stderr names, if any. */
export function causeOf(stderr: string): Cause | undefined {
  return BY_STDERR.find(({ pattern }) => pattern.test(stderr));
}

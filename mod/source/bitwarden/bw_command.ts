/**
 * How `bw` is called: its words, the environment it gets, and the session, which stands in locked memory and in the
 * child's environment, never in its arguments (those every user can read).
 *
 * @module
 */

import type { Secret, SecretMemory } from "../../../ffi/secret.ts";
import { SourceError } from "../source.ts";

/**
 * What of our environment bw gets. The rest stays here, above all what bw would act upon: BW_RESPONSE, BW_PRETTY,
 * BW_QUIET and BW_CLEANEXIT change what it prints and returns, BITWARDENCLI_DEBUG writes into its JSON, NODE_OPTIONS and
 * DENO_* run other code, LD_PRELOAD reads the vault.
 */
export const BW_VARIABLES: readonly string[] = [
  "PATH",
  "HOME",
  "USER",
  "LOGNAME",
  "LANG",
  "LC_ALL",
  "LC_CTYPE",
  "LC_MESSAGES",
  "TZ",
  "TMPDIR",
  "XDG_CONFIG_HOME",
  "XDG_CACHE_HOME",
  "BITWARDENCLI_APPDATA_DIR",
  "NODE_EXTRA_CA_CERTS",
  "SSL_CERT_FILE",
  "SSL_CERT_DIR",
  "http_proxy",
  "https_proxy",
  "no_proxy",
  "all_proxy",
  "HTTP_PROXY",
  "HTTPS_PROXY",
  "NO_PROXY",
  "ALL_PROXY",
];

/** bw's session key is 64 bytes in base64. */
const SESSION_LENGTH = 88;
const SESSION_VARIABLE = "BW_SESSION=";

/**
 * The environment for bw.
 *
 * @param inherited Looks a variable of ours up; only what is kept is asked for, so the rest never becomes a string.
 * @param dataDir `[bitwarden] data_dir`; undefined leaves BITWARDENCLI_APPDATA_DIR as inherited.
 */
export function bwEnvironment(
  inherited: (name: string) => string | undefined,
  dataDir: string | undefined,
): Readonly<Record<string, string>> {
  const kept = BW_VARIABLES.map((name) => [name, inherited(name)] as const).filter(([, value]) => value !== undefined);
  return {
    ...Object.fromEntries(kept),
    ...(dataDir === undefined ? {} : { BITWARDENCLI_APPDATA_DIR: dataDir }),
    // Without it a locked vault asks for the password, prints an empty line and returns 0.
    BW_NOINTERACTION: "true",
  };
}

/** The whole argument vector. @param words As from `resolveBwPath`. */
export function bwArgv(words: readonly string[], args: readonly string[]): readonly string[] {
  return [...words, ...args, "--nointeraction"];
}

/**
 * Makes the environment string that hands a session to bw.
 *
 * @param session As `bw unlock --raw` prints it; blanks and line ends around it are cut off. Stays the caller's.
 * @returns `BW_SESSION=…` in locked memory.
 * @throws {SourceError} "session-malformed" for what cannot be a session key: bw would only say "Vault is locked."
 */
export function sessionVariable(memory: SecretMemory, session: Secret): Secret {
  const { start, end } = trimmed(session);
  if (end - start !== SESSION_LENGTH || !isBase64(session, start, end)) {
    throw new SourceError(
      "session-malformed",
      "Cannot use this as a session: it is not what `bw unlock --raw` prints",
      "run `bwssh unlock`, or give it the output of `bw unlock --raw` and nothing else",
    );
  }
  using writer = memory.writer(SESSION_VARIABLE.length + SESSION_LENGTH);
  writer.appendPublic(new TextEncoder().encode(SESSION_VARIABLE));
  writer.append(session, start, end);
  return writer.finish();
}

function trimmed(session: Secret): { readonly start: number; readonly end: number } {
  let start = 0;
  let end = session.length;
  while (start < end && isBlank(session.uint8(start))) start++;
  while (end > start && isBlank(session.uint8(end - 1))) end--;
  return { start, end };
}

function isBlank(byte: number): boolean {
  return byte === 0x20 || byte === 0x09 || byte === 0x0a || byte === 0x0d;
}

/** 86 characters of the alphabet and two `=`: that is what 64 bytes give. */
function isBase64(text: Secret, start: number, end: number): boolean {
  if (!text.startsWith("==", end - 2)) return false;
  for (let at = start; at < end - 2; at++) {
    const byte = text.uint8(at);
    const lower = byte | 0x20;
    const alphanumeric = (byte >= 0x30 && byte <= 0x39) || (lower >= 0x61 && lower <= 0x7a);
    if (!alphanumeric && byte !== 0x2b && byte !== 0x2f) return false;
  }
  return true;
}

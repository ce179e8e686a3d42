/**
 * The host field of a known_hosts line (sshd(8), "SSH_KNOWN_HOSTS FILE FORMAT"): which names it means.
 *
 * @module
 */

import { hmac } from "@noble/hashes/hmac.js";
import { sha1 } from "@noble/hashes/legacy.js";
import { decodeBase64 } from "./base64.ts";
import { sameBytes } from "./bytes.ts";
import { encodeUtf8 } from "./text.ts";

/** HashKnownHosts: `|1|`, base64 of the salt, `|`, base64 of HMAC-SHA1(salt, name). */
const HASHED = /^\|1\|([A-Za-z0-9+/=]+)\|([A-Za-z0-9+/=]+)$/;

/** The host field of one line. */
export type HostField =
  | { readonly kind: "hashed"; readonly salt: Uint8Array; readonly hash: Uint8Array }
  /** Lower case, in order; one that begins with `!` excludes. */
  | { readonly kind: "patterns"; readonly patterns: readonly string[] };

/** Reads the field. @returns undefined where it is a hash of another kind, or none. */
export function parseHostField(text: string): HostField | undefined {
  if (!text.startsWith("|")) return { kind: "patterns", patterns: text.toLowerCase().split(",") };
  const match = HASHED.exec(text);
  const salt = decodeBase64(match?.[1] ?? "");
  const hash = decodeBase64(match?.[2] ?? "");
  if (match === null || salt?.length !== 20 || hash?.length !== 20) return undefined;
  return { kind: "hashed", salt, hash };
}

/**
 * Whether the field means this name, as `ssh-keygen -F`: any pattern matches, and none that excludes.
 * @param name Lower case; `[host]:port` for another port than 22.
 */
export function fieldMatches(field: HostField, name: string): boolean {
  if (field.kind === "hashed") return sameBytes(hmac(sha1, field.salt, encodeUtf8(name)), field.hash);
  let found = false;
  for (const pattern of field.patterns) {
    if (!pattern.startsWith("!")) found ||= matchesPattern(pattern, name);
    else if (matchesPattern(pattern.slice(1), name)) return false;
  }
  return found;
}

/** The names that stand in the field in clear: no hashes, no wildcards, nothing that it excludes. */
export function clearNames(field: HostField): readonly string[] {
  if (field.kind === "hashed") return [];
  return field.patterns.filter((name) => /^[^!*?\s]+$/.test(name) && fieldMatches(field, name));
}

/** `*` is any run of characters, `?` any one. Time grows with the product of the lengths at most. */
export function matchesPattern(pattern: string, name: string): boolean {
  let p = 0;
  let at = 0;
  let star = -1;
  let resume = 0;
  while (at < name.length) {
    const char = pattern[p];
    if (char === "*") {
      star = p++;
      resume = at;
    } else if (char === "?" || char === name[at]) {
      p++;
      at++;
    } else if (star >= 0) {
      // Let the last star take one character more; what is before it need not be tried again.
      p = star + 1;
      at = ++resume;
    } else return false;
  }
  return /^\**$/.test(pattern.slice(p));
}

/** A name as known_hosts has it: lower case, and port 22 left out. */
export function canonicalName(name: string): string {
  return /^\[(.+)\]:22$/.exec(name)?.[1]?.toLowerCase() ?? name.toLowerCase();
}

/** `[host]:port` → `host`: what a host certificate names, whatever the port. */
export function withoutPort(name: string): string {
  return /^\[(.+)\]:\d+$/.exec(name)?.[1] ?? name;
}

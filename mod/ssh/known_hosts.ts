/**
 * known_hosts (sshd(8), "SSH_KNOWN_HOSTS FILE FORMAT"), read the other way round: which names does this host key have?
 *
 * Not for: deciding whether to connect. What stands here is the user's own word (or an administrator's): any process of
 * the same user can write it.
 *
 * @module
 */

import { encodeBase64 } from "./base64.ts";
import { type Certificate, decodeCertificate, isCertificate } from "./certificate.ts";
import {
  canonicalName,
  clearNames,
  fieldMatches,
  type HostField,
  matchesPattern,
  withoutPort,
} from "./host_pattern.ts";
import { parseHostField } from "./host_pattern.ts";
import { keyTypeName, MAX_KEY_BLOB_LENGTH } from "./public_key.ts";
import { tryRead } from "./wire.ts";

/** Lines of all files together; the largest seen at universities have some 20,000. Beyond it only @revoked is read. */
export const MAX_ENTRIES = 50_000;
/** A line with an RSA 16384 key and a hundred names has 6 KiB; longer ones are skipped. */
const MAX_LINE_LENGTH = 2 * MAX_KEY_BLOB_LENGTH;
/** Names of one key that are shown. More answer to `isNamed` only. */
const MAX_NAMES = 64;
/** Answers about hashed names that are kept: each costs two SHA-1, and rules ask for the same names at each signature. */
const MAX_KEPT_ANSWERS = 1024;

/** A line. Its host field is read when its key is asked for: most lines never are. */
class Entry {
  readonly marker: "none" | "cert-authority" | "revoked";
  readonly keyType: string;
  readonly #hosts: string;
  #field: HostField | undefined;

  constructor(marker: Entry["marker"], keyType: string, hosts: string) {
    this.marker = marker;
    this.keyType = keyType;
    this.#hosts = hosts;
  }

  /** A field that cannot be read means no name. */
  get hosts(): HostField {
    return this.#field ??= parseHostField(this.#hosts) ?? { kind: "patterns", patterns: [] };
  }
}

/** What the files say, by key. Every `hostKey` is a key or certificate blob whose signature was verified elsewhere. */
export interface KnownHosts {
  /**
   * Names that stand there in clear (lower case, `[host]:port` for another port than 22), and the principals of a
   * certificate that a trusted authority made.
   * @param now Milliseconds since 1970, for the validity of certificates.
   */
  namesOf(hostKey: Uint8Array, now: number): readonly string[];
  /** Whether the key is good for a name as ssh would see it: in clear, by wildcard, hashed, or by certificate. */
  isNamed(hostKey: Uint8Array, name: string, now: number): boolean;
  /** Whether the key, the key in the certificate, or its authority is marked @revoked, for whichever name. */
  isRevoked(hostKey: Uint8Array): boolean;
}

/** Reads the texts of files, in order. Lines that cannot be read are skipped, as ssh does. */
export function parseKnownHosts(texts: readonly string[]): KnownHosts {
  const entries = new Map<string, Entry[]>();
  let count = 0;
  for (const text of texts) {
    for (const line of text.split("\n")) {
      const parsed = parseLine(line);
      if (parsed === undefined || (count >= MAX_ENTRIES && parsed.entry.marker !== "revoked")) continue;
      count++;
      const same = entries.get(parsed.key);
      if (same === undefined) entries.set(parsed.key, [parsed.entry]);
      else same.push(parsed.entry);
    }
  }
  return new ParsedKnownHosts(entries);
}

/** `[@marker] hosts type base64 [comment]`. The key is not decoded: it is looked for by its base64, of which there is one. */
function parseLine(line: string): { readonly key: string; readonly entry: Entry } | undefined {
  if (line.length > MAX_LINE_LENGTH) return undefined;
  const words = line.trim().split(/[ \t]+/, 4);
  if (words.length < 3 || words[0]?.startsWith("#")) return undefined;
  const marker = words[0]?.startsWith("@") ? words.shift()?.slice(1) : "none";
  if (marker !== "none" && marker !== "cert-authority" && marker !== "revoked") return undefined;
  const [hosts = "", type = "", key = ""] = words;
  return { key, entry: new Entry(marker, type, hosts) };
}

class ParsedKnownHosts implements KnownHosts {
  readonly #entries: ReadonlyMap<string, readonly Entry[]>;
  readonly #answers = new Map<string, boolean>();

  constructor(entries: ReadonlyMap<string, readonly Entry[]>) {
    this.#entries = entries;
  }

  namesOf(hostKey: Uint8Array, now: number): readonly string[] {
    if (this.isRevoked(hostKey)) return [];
    const names = new Set(this.#marked(plainOf(hostKey), "none").flatMap(({ hosts }) => clearNames(hosts)));
    const certificate = certificateInForce(hostKey, now);
    for (const principal of certificate?.principals ?? []) {
      const name = principal.toLowerCase();
      if (!/[*?]/.test(name) && this.isNamed(hostKey, name, now)) names.add(name);
    }
    return [...names].filter((name) => /^[!-~]+$/.test(name)).slice(0, MAX_NAMES);
  }

  isNamed(hostKey: Uint8Array, name: string, now: number): boolean {
    if (name === "" || this.isRevoked(hostKey)) return false;
    const asked = canonicalName(name);
    // ssh falls back from a certificate nobody vouches for to the key in it (check_host_key()).
    if (this.#matches(plainOf(hostKey), "none", asked)) return true;
    const certificate = certificateInForce(hostKey, now);
    if (certificate === undefined) return false;
    const host = withoutPort(asked);
    return certificate.principals.some((principal) => matchesPattern(principal.toLowerCase(), host)) &&
      [asked, host].some((each) => this.#matches(certificate.authority, "cert-authority", each));
  }

  isRevoked(hostKey: Uint8Array): boolean {
    const keys = [hostKey];
    if (isCertificate(hostKey)) {
      const certificate = tryRead(() => decodeCertificate(hostKey));
      if (certificate === undefined) return true; // nobody can tell whose it is
      keys.push(certificate.plainKey, certificate.authority);
    }
    return keys.some((key) => this.#marked(key, "revoked").length > 0);
  }

  #marked(key: Uint8Array, marker: Entry["marker"]): readonly Entry[] {
    const entries = this.#entries.get(encodeBase64(key));
    if (entries === undefined) return [];
    const type = tryRead(() => keyTypeName(key));
    return entries.filter((entry) => entry.marker === marker && entry.keyType === type);
  }

  #matches(key: Uint8Array, marker: "none" | "cert-authority", name: string): boolean {
    const entries = this.#marked(key, marker);
    if (entries.length === 0) return false;
    const question = `${marker} ${name} ${encodeBase64(key)}`;
    const known = this.#answers.get(question);
    if (known !== undefined) return known;
    const answer = entries.some(({ hosts }) => fieldMatches(hosts, name));
    if (this.#answers.size >= MAX_KEPT_ANSWERS) this.#answers.clear();
    this.#answers.set(question, answer);
    return answer;
  }
}

function plainOf(hostKey: Uint8Array): Uint8Array {
  return isCertificate(hostKey) ? tryRead(() => decodeCertificate(hostKey))?.plainKey ?? hostKey : hostKey;
}

/**
 * The certificate, if it may name a host now: a host's, in its time, without critical options (there are none for hosts:
 * sshkey_cert_check_authority()). One without principals, which older ssh take for any host, names none.
 */
function certificateInForce(hostKey: Uint8Array, now: number): Certificate | undefined {
  if (!isCertificate(hostKey)) return undefined;
  const certificate = tryRead(() => decodeCertificate(hostKey));
  if (certificate?.certType !== "host" || certificate.criticalOptions.length > 0) return undefined;
  const seconds = BigInt(Math.floor(now / 1000));
  return seconds >= certificate.validAfter && seconds < certificate.validBefore ? certificate : undefined;
}

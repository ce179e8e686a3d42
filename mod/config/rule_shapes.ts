/**
 * What each field of `[[rules]]` must be. The messages complete the sentence "KEY must be …". A pattern that could never
 * match is refused: a deny rule that matches nothing allows.
 *
 * @module
 */

import * as v from "valibot";
import { parseDuration } from "../policy/duration.ts";
import { LONGEST_GRANT_SECONDS } from "../policy/remember.ts";
import { REMEMBER_SCOPES } from "../policy/rule.ts";
import { KIND_WORDS, parseKind, RULE_ACTIONS } from "../policy/rule.ts";
import type { RULE_FIELDS } from "./settings.ts";
import { boolean, choice } from "./shapes.ts";
import { oneOf } from "./text.ts";

/** The largest pid_t and uid_t of Linux, which also bound session ids. */
const LARGEST_ID = 0xffff_ffff;
/** Ten years: a lifetime nobody waits for. */
const LONGEST_TTL_SECONDS = 315_360_000;

const KIND_LIST = `${oneOf(KIND_WORDS.slice(0, 2))}, "sshsig:NAMESPACE", ${oneOf(KIND_WORDS.slice(2))}`;
const FINGERPRINT_FORM = 'a whole fingerprint: "SHA256:" and 43 letters, as ssh-keygen -l prints it';

const text = v.pipe(
  v.string("a string"),
  v.minLength(1, 'a pattern; "*" matches everything'),
  v.check((written) => !/\p{Cc}/u.test(written), "a string without control characters"),
);

const hostPattern = v.pipe(
  text,
  v.check((host) => !host.includes("@"), 'the name of a host alone; the login name goes into "users"'),
  v.check(isHostName, "the name of one host, as known_hosts has it, or a glob for such names"),
  v.check(isWholeFingerprint, FINGERPRINT_FORM),
);

/** A path or a glob for one. A bare name is neither. */
function pathPattern(what: string, example: string): v.GenericSchema<string> {
  return v.pipe(text, v.regex(/^[/*?]/, `${what} from its "/" on, or a glob for it, such as ${example}`));
}

const programPattern = pathPattern("the path of a program", '"/usr/bin/ssh" or "*/ssh"');

/** What each field must be, after interpolation. */
export const RULE_SCHEMAS = {
  action: choice(RULE_ACTIONS),
  keys: listOf(
    v.pipe(
      v.string("a string"),
      v.minLength(1, 'a fingerprint, an item id, or a glob; "*" matches every key'),
      v.check(isWholeFingerprint, FINGERPRINT_FORM),
    ),
    { what: "a list of fingerprints, item ids, and globs for comments and item names", without: "match every key" },
  ),
  kinds: listOf(v.pipe(v.string("a string"), v.check((word) => parseKind(word) !== undefined, KIND_LIST)), {
    what: "a list of kinds",
    without: "match auth and sshsig",
  }),
  hosts: listOf(hostPattern, { what: "a list of host names", without: "match every host" }),
  users: listOf(text, { what: "a list of login names", without: "match every user" }),
  forwarded: boolean,
  via: listOf(hostPattern, { what: "a list of host names", without: "match no forwarded connection" }),
  exe: oneOrMore(programPattern, { what: "a list of paths of programs", without: "match every program" }),
  ancestors: listOf(programPattern, { what: "a list of paths of programs", without: "match every program" }),
  cgroup: oneOrMore(pathPattern("a cgroup", '"/user.slice/*" or "*/docker-*.scope"'), {
    what: "a list of cgroups",
    without: "match every cgroup",
  }),
  tty: oneOrMore(pathPattern("a terminal", '"/dev/tty1" or "/dev/pts/*"'), {
    what: "a list of terminals",
    without: "match with and without a terminal",
  }),
  session: oneOrMore(wholeId(1), { what: "a list of session ids", without: "match every session" }),
  uid: oneOrMore(wholeId(0), { what: "a list of user ids", without: "match your own" }),
  remember: choice(REMEMBER_SCOPES),
  remember_for: duration(LONGEST_GRANT_SECONDS, 'a duration from "1s" to "24h", such as "15m"'),
  max_ttl: duration(LONGEST_TTL_SECONDS, 'a duration of at least "1s", such as "1h"'),
} satisfies Record<(typeof RULE_FIELDS)[number], v.GenericSchema>;

/** The words a field allows, for "did you mean". */
export const RULE_WORDS: Partial<Record<(typeof RULE_FIELDS)[number], readonly string[]>> = {
  action: RULE_ACTIONS,
  kinds: KIND_WORDS,
  remember: REMEMBER_SCOPES,
};

interface ListWords {
  readonly what: string;
  /** What leaving the field out does. */
  readonly without: string;
}

function listOf<Item>(
  item: v.GenericSchema<unknown, Item>,
  { what, without }: ListWords,
): v.GenericSchema<unknown, Item[]> {
  return v.pipe(
    v.array(item, what),
    v.minLength(1, `a list with an element; to ${without}, leave the field out`),
  );
}

/** One value stands for a list of it. */
function oneOrMore<Item>(item: v.GenericSchema<unknown, Item>, words: ListWords): v.GenericSchema<unknown, Item[]> {
  return v.pipe(
    v.unknown(),
    v.transform((written) => typeof written === "string" || typeof written === "number" ? [written] : written),
    listOf(item, words),
  );
}

function wholeId(least: number): v.GenericSchema<number> {
  const message = `a whole number from ${least} to ${LARGEST_ID}`;
  return v.pipe(
    v.number(message),
    v.integer(message),
    v.minValue(least, message),
    v.maxValue(LARGEST_ID, message),
  );
}

function duration(most: number, message: string): v.GenericSchema<unknown, number> {
  return v.pipe(
    v.string(message),
    v.transform((written) => parseDuration(written) ?? 0),
    v.minValue(1, message),
    v.maxValue(most, message),
  );
}

/** Fingerprints have slashes, names do not. */
function isHostName(pattern: string): boolean {
  return pattern.startsWith("SHA256:") || !/[\s/,!|]/.test(pattern);
}

/** A cut-off fingerprint would match nothing. */
function isWholeFingerprint(pattern: string): boolean {
  return !pattern.startsWith("SHA256:") || /^SHA256:[A-Za-z0-9+/]{43}$/.test(pattern);
}

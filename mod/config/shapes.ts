/**
 * The valibot schemas that several settings share. Their messages complete the sentence "KEY must be …".
 *
 * Imported only by what validates, which itself is loaded only when a configuration is.
 *
 * @module
 */

import * as v from "valibot";
import { oneOf } from "./text.ts";

/** A path in bwssh's own sockets: sun_path of unix(7) has 108 bytes, the last one is NUL. */
const LONGEST_SOCKET_PATH = 107;
/** More than any vault has keys; a longer list is a mistake. */
const LONGEST_LIST = 10_000;

const CONTROL_CHARACTERS = /\p{Cc}/u;

/** `true` or `false`. */
export const boolean = v.boolean("true or false");

/** One of some words. */
export function choice<const Words extends readonly string[]>(words: Words): v.PicklistSchema<Words, string> {
  return v.picklist(words, oneOf(words));
}

/** A whole number in a range, both ends included. */
export function wholeNumber(least: number, most: number): v.GenericSchema<number> {
  const message = `a whole number from ${least} to ${most}`;
  return v.pipe(v.number(message), v.integer(message), v.minValue(least, message), v.maxValue(most, message));
}

/** A string without control characters. */
export const line = v.pipe(v.string("a string"), v.check(isPrintable, "a string without control characters"));

/** An absolute path. */
export const path = v.pipe(
  v.string('an absolute path, in quotes and starting with "/"'),
  v.check(
    (text) => text.startsWith("/"),
    'an absolute path, starting with "/" (write ${HOME} for your home directory)',
  ),
  v.check(isPrintable, "a path without control characters"),
);

/** A list of absolute paths. */
export const paths = v.pipe(
  v.array(path, "a list of absolute paths"),
  v.maxLength(LONGEST_LIST, "a shorter list"),
);

/** The address of a message bus, one only: with several libdbus takes the first that answers, whoever that is. */
export const busAddress = v.pipe(
  v.string("the address of a bus, a string"),
  v.regex(
    /^unix:(?:path|abstract)=[^\s;\p{Cc}]+$/u,
    'the address of one bus on this machine, such as "unix:path=/run/dbus/system_bus_socket"',
  ),
);

/** An absolute path that the kernel takes for a socket. */
export const socketPath = v.pipe(
  path,
  v.check(
    (text) => new TextEncoder().encode(text).length <= LONGEST_SOCKET_PATH,
    `a path of at most ${LONGEST_SOCKET_PATH} bytes, the longest the kernel takes for a socket`,
  ),
);

/** An id of the vault: an item's or a collection's. Never looks like an option of bw. */
const vaultId = v.pipe(
  v.string("an id of the vault, a string"),
  v.regex(/^[0-9A-Za-z][0-9A-Za-z-]{0,63}$/, "an id of the vault, letters, digits and hyphens as bw prints it"),
);

/** A list of ids of the vault. */
export const vaultIds = v.pipe(
  v.array(vaultId, "a list of ids of the vault"),
  v.maxLength(LONGEST_LIST, "a shorter list"),
);

/** A command: one program, or a list of its words. Always a list afterwards. */
export const command = v.pipe(
  v.union([v.string(), v.array(v.string())], "a string or a list of strings"),
  v.check((written) => [written].flat().every(isPrintable), "words without control characters"),
  v.check(
    (written) => isProgram([written].flat()[0]),
    'an absolute path or a bare name; with arguments, a list such as ["deno", "run"]',
  ),
  v.transform((written): readonly string[] => [written].flat()),
);

function isPrintable(text: string): boolean {
  return !CONTROL_CHARACTERS.test(text);
}

/** A relative path would depend on where the daemon was started; a bare name with blanks is a command line. */
function isProgram(word: string | undefined): boolean {
  return word !== undefined && (word.startsWith("/") || /^[^\s/~-][^\s/]*$/.test(word));
}

/**
 * A process that keeps copies of made-up secrets in every way in which a program could come to hold one: what the memory
 * scan must find. Each copy is of another secret, so that a find says which copy was found.
 *
 * Not for: anything but the scan's own test.
 *
 * @module
 */

import { openArena } from "../../ffi/arena.ts";
import { openLibc } from "../../ffi/libc.ts";
import { bytesOf } from "../../ffi/secret_bytes.ts";

/** Length of each secret: the modulus of RSA-2048's is 256, a seed's 32. */
const LENGTH = 48;
/** Numbers of secrets that are not among {@linkcode COPIES}. */
export const IN_FILE = 100;
const IN_SECRET_MEMORY = 101;
export const NOWHERE = 102;

/** The secret with a number: any bytes, the same in every process. */
export function madeUp(number: number): Uint8Array {
  let state = (number + 1) * 0x9e3779b1;
  return Uint8Array.from({ length: LENGTH }, () => {
    state = Math.imul(state ^ (state >>> 15), 0x2c1b3c6d) + 0x297a2d39;
    return state >>> 24;
  });
}

/** What to keep, and the form in which the scan must say it found it. */
export const COPIES: readonly (readonly [form: string, keep: (secret: Uint8Array) => unknown])[] = [
  ["raw", (secret) => secret.slice()],
  ["raw", (secret) => secret.slice(11, 35)], // 24 bytes from anywhere
  ["little-endian", (secret) => secret.toReversed()],
  ["64-bit words", (secret) => words(secret, 8)],
  ["32-bit words", (secret) => words(secret, 4)],
  ["hex", (secret) => hex(secret)],
  ["HEX", (secret) => hex(secret).toUpperCase()],
  ["base64 +0", (secret) => base64(secret)],
  ["base64 +1", (secret) => base64(Uint8Array.of(0, ...secret))],
  ["base64 +2", (secret) => base64(Uint8Array.of(0, 0, ...secret))],
  ["decimal", (secret) => JSON.stringify([...secret])],
  ["decimal, spaced", (secret) => [...secret].join(", ")],
  ["hex, 16-bit units", (secret) => wide(hex(secret))],
  ["base64 +0, 16-bit units", (secret) => wide(base64(secret))],
  ["raw, small integers of V8", (secret) => [...secret]],
  ["raw, 16-bit units", (secret) => Uint16Array.from(secret)],
  ["raw, 32-bit units", (secret) => Uint32Array.from(secret)],
  ["raw, 64-bit units", (secret) => BigUint64Array.from([...secret], BigInt)],
];

if (import.meta.main) await keep(Deno.args[0] ?? "");

/** Keeps everything until standard input ends. */
async function keep(file: string): Promise<void> {
  const kept = COPIES.map(([, make], number) => make(madeUp(number)));
  Deno.writeFileSync(file, madeUp(IN_FILE));
  using libc = openLibc();
  using arena = openArena(libc, { requireLocked: true });
  using secret = arena.allocate(LENGTH);
  bytesOf(secret).set(madeUp(IN_SECRET_MEMORY));
  using open = Deno.openSync(file);
  Deno.removeSync(file);
  Deno.stdout.writeSync(new TextEncoder().encode(`ready ${arena.status().protection}\n`));
  // What is used again afterwards is kept until then.
  await new Response(Deno.stdin.readable).arrayBuffer();
  Deno.stdout.writeSync(new TextEncoder().encode(`${kept.length} ${open.isTerminal()}\n`));
}

/** A string of two bytes a character, in one piece. */
function wide(text: string): string {
  const whole = `${text}\u{4e00}`;
  whole.charCodeAt(3);
  return whole;
}

function hex(bytes: Uint8Array): string {
  return Array.from(bytes, (byte) => byte.toString(16).padStart(2, "0")).join("");
}

function base64(bytes: Uint8Array): string {
  return btoa(String.fromCharCode(...bytes));
}

function words(bytes: Uint8Array, width: number): Uint8Array {
  const result = bytes.slice();
  for (let at = 0; at + width <= result.length; at += width) result.subarray(at, at + width).reverse();
  return result;
}

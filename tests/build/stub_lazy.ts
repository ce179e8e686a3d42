/**
 * What `stub.ts` imports only when asked to: its evaluation leaves a trace, which modules of bwssh never do.
 *
 * Not for: shipping.
 *
 * @module
 */

Reflect.set(globalThis, "bwsshStubLazy", true);

/** A word that stands nowhere else. */
export function word(): string {
  return "evaluated";
}

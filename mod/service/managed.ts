/**
 * Whether it is the service manager that runs the daemon of this environment.
 *
 * @module
 */

import type { UnitStates, UserManager } from "./user_manager.ts";

/** Who runs the daemon, or would. */
export type Management =
  /** Nobody: there is no user manager here, or it has no units of ours. */
  | { readonly kind: "none" }
  /** The manager has units, but for other sockets than this environment's configuration names. */
  | { readonly kind: "elsewhere"; readonly listens: readonly string[] }
  | { readonly kind: "units"; readonly states: UnitStates };

/**
 * Asks the manager.
 *
 * @param control Path of the control socket as configured. A shell with BWSSH_RUNTIME_DIR set means another daemon than
 * the user's own, and must not start or end that one.
 */
export async function managementOf(manager: UserManager, control: string): Promise<Management> {
  const states = await manager.units();
  if (states === undefined) return { kind: "none" };
  return states.listens.includes(control) ? { kind: "units", states } : { kind: "elsewhere", listens: states.listens };
}

/** Whether a unit does anything, or is about to, or is only just ending. */
export function isBusy(state: string): boolean {
  return state !== "inactive" && state !== "failed";
}

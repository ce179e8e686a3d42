/**
 * What can be wrong between us and polkit, as a denial: a reason, what was seen, and what to do about it.
 *
 * @module
 */

import { DbusError } from "../../ffi/dbus/error.ts";
import { deny, type DenyReason, type Verdict } from "../policy/verdict.ts";
import { detail } from "./shown_text.ts";

/** Where polkit reads actions from in every version that matters (122 knows no other place). */
export const POLICY_FILE = "/usr/share/polkit-1/actions/io.github.reidond.bwssh.policy";

const BUS_ERROR = "org.freedesktop.DBus.Error.";
const POLKIT_ERROR = "org.freedesktop.PolicyKit1.Error.";

type Denial = Verdict & { readonly kind: "deny" };
type Words = readonly [reason: DenyReason, text: string];

/** The denial for an error of a check. @param action The action that was asked for. */
export function denialFor(error: unknown, action: string): Denial {
  if (!(error instanceof DbusError)) {
    return deny("authority-failed", `Asking polkit failed: ${error instanceof Error ? error.name : "unknown error"}`);
  }
  const [reason, text] = wordsFor(error, action);
  return deny(reason, text);
}

/** Whether polkit does not take details from us: the action's owner annotation does not name our user. */
export function refusesDetails(error: unknown): boolean {
  return error instanceof DbusError && error.errorName === `${POLKIT_ERROR}NotAuthorized`;
}

function wordsFor(error: DbusError, action: string): Words {
  const unreachable = "authority-unreachable";
  switch (error.code) {
    case "no-library":
      return [unreachable, "polkit cannot be asked: libdbus-1.so.3 is not installed (Debian: apt install libdbus-1-3)"];
    case "connect":
      return [unreachable, connectWords(error)];
    case "lost":
      return [unreachable, "The system bus went away before polkit answered; the next request connects again"];
    case "refused":
      return refusedWords(error, action);
    case "aborted":
      return ["client-gone", "Nobody waits for the answer any more"];
    case "argument":
    case "answer":
      return ["authority-failed", error.message];
    default:
      return error.code satisfies never;
  }
}

function connectWords({ errorName, message }: DbusError): string {
  switch (errorName) {
    case `${BUS_ERROR}FileNotFound`:
      return `${detail(message)}. There is no system bus, as in a container: install and start dbus, or set ` +
        "`approver` in [auth] to another one";
    case `${BUS_ERROR}NoServer`:
      return `${detail(message)}. The system bus does not run: systemctl status dbus`;
    default:
      return detail(message);
  }
}

function refusedWords({ errorName, text }: DbusError, action: string): Words {
  const said = detail(text);
  if (errorName === `${BUS_ERROR}ServiceUnknown` || errorName.startsWith(`${BUS_ERROR}Spawn.`)) {
    return ["authority-unreachable", `polkitd is not there (${said}). Debian: apt install polkitd`];
  }
  if (errorName === `${BUS_ERROR}NoReply`) {
    return ["authority-unreachable", "polkitd ended before it answered; the next request starts it again"];
  }
  if (errorName === `${POLKIT_ERROR}Failed` && text.endsWith("is not registered")) {
    const remedy = "sudo bwssh install --polkit --user NAME";
    return ["authority-not-set-up", `polkit does not know "${action}", so '${POLICY_FILE}' is missing: ${remedy}`];
  }
  if (errorName === `${POLKIT_ERROR}NotAuthorized`) {
    return ["authority-not-set-up", `polkit does not answer this user about that process: ${said}`];
  }
  if (/has been replaced$|"\/proc\/\d+\/|Process not found/.test(text)) {
    return ["peer-unreadable", `The process that polkit was asked about is gone: ${said}`];
  }
  return ["authority-failed", `polkit failed: ${detail(errorName)}: ${said}`];
}

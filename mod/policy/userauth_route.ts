/**
 * Whether a login fits the route it came by: the session and the host that it is for must be those of the last bind.
 * Without this, whoever holds a forwarded socket could have a login signed for a host of their own choosing.
 *
 * @module
 */

import { sameBytes } from "../ssh/bytes.ts";
import type { SignedData } from "../ssh/signed_data.ts";
import type { Route } from "./ask.ts";

/** Whether the data may have come by the route. */
export type RouteCheck =
  | { readonly kind: "ok" }
  | {
    readonly kind: "contradiction";
    readonly code: "poisoned" | "destination-forwarding" | "session-mismatch" | "host-key-mismatch";
    readonly detail: string;
  };

const OK: RouteCheck = { kind: "ok" };

/**
 * Checks data to sign against a route. A poisoned route lets nothing pass. An unbound one passes: nothing is known about it,
 * and policy has to treat it so. Data that is no login carries nothing that could be compared.
 */
export function checkUserauth(route: Route, signed: SignedData): RouteCheck {
  if (route.kind === "poisoned") return contradiction("poisoned", `No bind on this connection counts: ${route.why}`);
  if (route.kind === "unbound" || signed.kind !== "auth") return OK;
  const last = route.hops[route.hops.length - 1] ?? route.hops[0];
  if (last.forwarding) {
    const detail = "The login comes from beyond a forwarding host, and its own session was never bound";
    return contradiction("destination-forwarding", detail);
  }
  if (!sameBytes(last.sessionId, signed.sessionId)) {
    return contradiction("session-mismatch", "The login is for another session than the one that was bound last");
  }
  if (signed.hostKey !== undefined && !sameBytes(last.hostKey, signed.hostKey)) {
    return contradiction("host-key-mismatch", "The login is for another host than the one that was bound last");
  }
  return OK;
}

function contradiction(
  code: (RouteCheck & { readonly kind: "contradiction" })["code"],
  detail: string,
): RouteCheck {
  return { kind: "contradiction", code, detail };
}

/**
 * Sends a session to the daemon: from this process's locked memory straight into the control socket.
 *
 * @module
 */

import { ErrnoError } from "../../ffi/errno.ts";
import type { Libc } from "../../ffi/libc.ts";
import type { Poller } from "../../ffi/poller.ts";
import type { Secret, SecretMemory } from "../../ffi/secret.ts";
import { ReceiveBuffer, send, sendSecret, WOULD_BLOCK } from "../../ffi/stream.ts";
import { connectTo, type Fd, peerCredentials } from "../../ffi/unix_socket.ts";
import { bodyLength, encodeRequest, HEADER, MAX_RESPONSE } from "../control/codec.ts";
import { ControlError, type LoadReport } from "../control/messages.ts";
import { notRunning, unwrapResponse } from "./control_client.ts";

/** What sending needs. */
export interface UnlockParts {
  readonly libc: Libc;
  readonly memory: SecretMemory;
  readonly poller: Poller;
}

/**
 * Unlocks the daemon.
 * @param session The vault's session; stays the caller's to wipe.
 * @throws {ControlError} The daemon's refusal, "not-running", "lost".
 */
export async function sendUnlock(parts: UnlockParts, socket: string, session: Secret): Promise<LoadReport> {
  using connection = connectOrSay(parts.libc, socket);
  const { uid } = peerCredentials(parts.libc, connection.number);
  if (uid !== Deno.uid()) {
    const message = `The session was not sent: "${socket}" is served by uid ${uid}`;
    throw new ControlError("foreign-daemon", message, "bwssh config show says why this socket");
  }
  // A few kilobytes on a fresh socket: its buffer takes them whole.
  const header = encodeRequest({ type: "unlock", secretLength: session.length });
  if (
    send(parts.libc, connection.number, header) !== header.length ||
    sendSecret(parts.libc, connection.number, session) !== session.length
  ) throw lost();
  return unwrapResponse<"unlock">(await receiveFrame(parts, connection));
}

function connectOrSay(libc: Libc, socket: string): Fd {
  try {
    return connectTo(libc, socket);
  } catch (error) {
    if (error instanceof ErrnoError) throw notRunning(socket, error);
    throw error;
  }
}

/** The body of one response frame. */
async function receiveFrame({ libc, memory, poller }: UnlockParts, connection: Fd): Promise<Uint8Array> {
  using buffer = new ReceiveBuffer(memory, 16 * 1024);
  let received = new Uint8Array(0);
  const isWhole = (): boolean =>
    received.length >= HEADER && received.length >= HEADER + bodyLength(received, MAX_RESPONSE);
  let ended = false;
  poller.add(connection.number, { read: true, write: false }, () => {
    const count = buffer.receive(libc, connection.number);
    if (count === WOULD_BLOCK) return;
    ended = count === 0;
    const joined = new Uint8Array(received.length + count);
    joined.set(received);
    joined.set(buffer.copy(0, count), received.length);
    received = joined;
  });
  try {
    while (!isWhole()) {
      if (ended) throw lost();
      await poller.wait();
    }
  } finally {
    poller.remove(connection.number);
  }
  return received.subarray(HEADER);
}

function lost(): ControlError {
  return new ControlError("lost", "The daemon closed the connection", "bwssh status");
}

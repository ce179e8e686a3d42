/**
 * The command line's side of the control protocol: one request, one response, over one connection.
 *
 * @module
 */

import { bodyLength, decodeResponse, encodeRequest, HEADER, MAX_RESPONSE } from "../control/codec.ts";
import { ControlError, type ControlRequest, type ControlResults } from "../control/messages.ts";

/**
 * Asks the daemon.
 *
 * @param socket Path of the control socket.
 * @throws {ControlError} "not-running" when nobody listens there, "lost" when the daemon hangs up, else its refusal.
 */
export async function askDaemon<Type extends Exclude<ControlRequest["type"], "unlock">>(
  socket: string,
  type: Type,
): Promise<ControlResults[Type]> {
  using connection = await connect(socket);
  return unwrapResponse<Type>(await exchange(connection, encodeRequest({ type } as ControlRequest)));
}

/** The result in a response. @throws {ControlError} The daemon's refusal. */
export function unwrapResponse<Type extends ControlRequest["type"]>(body: Uint8Array): ControlResults[Type] {
  const response = decodeResponse(body);
  if (!response.ok) throw new ControlError(response.error.code, response.error.message, response.error.hint);
  // The daemon is of our version (checked in the codec) and of our user (the socket is in a directory of ours).
  return response.result as ControlResults[Type];
}

/** The error for a socket where nobody listens. */
export function notRunning(socket: string, cause?: unknown): ControlError {
  return new ControlError("not-running", `No daemon answers at "${socket}"`, "bwssh start", { cause });
}

async function connect(socket: string): Promise<Deno.UnixConn> {
  try {
    return await Deno.connect({ transport: "unix", path: socket });
  } catch (error) {
    throw notRunning(socket, error);
  }
}

/** Sends a request and receives the body of the response. */
async function exchange(connection: Deno.UnixConn, request: Uint8Array): Promise<Uint8Array> {
  try {
    await writeAll(connection, request);
    const header = await readExactly(connection, HEADER);
    return await readExactly(connection, bodyLength(header, MAX_RESPONSE));
  } catch (error) {
    // It may hang up on another user before it has read a word.
    const hungUp = error instanceof Deno.errors.BrokenPipe || error instanceof Deno.errors.ConnectionReset;
    throw hungUp ? lost(error) : error;
  }
}

async function writeAll(connection: Deno.UnixConn, bytes: Uint8Array): Promise<void> {
  for (let at = 0; at < bytes.length;) at += await connection.write(bytes.subarray(at));
}

async function readExactly(connection: Deno.UnixConn, length: number): Promise<Uint8Array> {
  const bytes = new Uint8Array(length);
  for (let at = 0; at < length;) {
    const count = await connection.read(bytes.subarray(at));
    if (count === null) throw lost();
    at += count;
  }
  return bytes;
}

function lost(cause?: unknown): ControlError {
  return new ControlError("lost", "The daemon closed the connection", "bwssh status", { cause });
}

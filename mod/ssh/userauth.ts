/**
 * The data a client signs to log in: RFC 4252 §7, and OpenSSH's host-bound form (its PROTOCOL, "publickey-hostbound").
 *
 * Not for: whether session id and host key belong to the connection's binds, which is the route's business.
 *
 * @module
 */

import { type KeyBlob, keyBlob, parsePublicKey } from "./public_key.ts";
import { WireError, WireReader } from "./wire.ts";

/** OpenSSH's AGENT_MAX_SID_LEN. Hashes of key exchanges have 20 to 64 bytes. */
export const MAX_SESSION_ID_LENGTH = 128;
/** As OpenSSH ≥ 10.5; POSIX's LOGIN_NAME_MAX is 256 on Linux. */
export const MAX_USER_LENGTH = 256;

/** RFC 4252 §6: the number of SSH_MSG_USERAUTH_REQUEST. */
const SSH_MSG_USERAUTH_REQUEST = 50;

/** A login: who, with which key, in which session, and to which host where the method carries its key. */
export interface Userauth {
  readonly kind: "auth";
  /** 1 to 128 bytes. */
  readonly sessionId: Uint8Array;
  /** Login name on the server; no control characters, at most 256 bytes. */
  readonly user: string;
  readonly service: "ssh-connection";
  readonly method: "publickey" | "publickey-hostbound-v00@openssh.com";
  /** Signature algorithm or key type as the client names it, such as `rsa-sha2-512`. */
  readonly algorithm: string;
  /** The key the data speaks of. To be compared with the key that is asked to sign: nothing else makes them equal. */
  readonly key: KeyBlob;
  /** The server's host key, with the host-bound method only. */
  readonly hostKey?: KeyBlob;
}

/** Reads the data of a login. @throws {WireError} If it is anything else. */
export function readUserauth(data: Uint8Array): Userauth {
  const reader = new WireReader(data);
  const sessionId = reader.string("session id", MAX_SESSION_ID_LENGTH);
  if (sessionId.length === 0) throw new WireError("value", "Cannot read session id: it is empty");
  expect(reader.uint8("message number") === SSH_MSG_USERAUTH_REQUEST, "message number");
  const user = reader.text("user name", MAX_USER_LENGTH);
  // A name with NUL or a line feed would be one name to us and another to whoever reads it as a C string or a log line.
  expect(!/\p{Cc}/u.test(user), "user name");
  const service = reader.algorithmName("service");
  expect(service === "ssh-connection", "service"); // the only one OpenSSH's agent knows
  const method = reader.algorithmName("method");
  expect(reader.uint8("signature follows") === 1, "signature follows");
  const algorithm = reader.algorithmName("algorithm");
  const key = readKeyBlob(reader, "user key");
  const login = { kind: "auth", sessionId, user, service, algorithm, key } as const;
  if (method === "publickey") {
    reader.end("userauth request");
    return { ...login, method };
  }
  expect(method === "publickey-hostbound-v00@openssh.com", "method");
  const hostKey = readKeyBlob(reader, "host key");
  reader.end("userauth request");
  return { ...login, method, hostKey };
}

function readKeyBlob(reader: WireReader, field: string): KeyBlob {
  const bytes = reader.string(field);
  parsePublicKey(bytes);
  return keyBlob(bytes);
}

function expect(condition: boolean, field: string): asserts condition {
  if (!condition) throw new WireError("value", `Cannot read userauth request: unexpected ${field}`);
}

/**
 * The agent protocol from a client's side, byte for byte, for requests that OpenSSH's programs do not make: frames are
 * built here and not by the code under test. Source: RFC 9987 §3.
 *
 * Not for: what `ssh-add` and `ssh-keygen` can do as well.
 *
 * @module
 */

import { within } from "./deadline.ts";

/** Long against a signature on a busy machine. */
const ANSWER = 20_000;

const SSH_AGENT_FAILURE = 5;
const SSH_AGENTC_REQUEST_IDENTITIES = 11;
const SSH_AGENT_IDENTITIES_ANSWER = 12;
const SSH_AGENTC_SIGN_REQUEST = 13;
const SSH_AGENT_SIGN_RESPONSE = 14;

/** The flags of a sign request. */
export const SIGN_FLAGS = { none: 0, sha256: 2, sha512: 4 } as const;

/** One connection. */
export class AgentClient implements Disposable {
  readonly #connection: Deno.UnixConn;

  private constructor(connection: Deno.UnixConn) {
    this.#connection = connection;
  }

  /** Connects. @param path The agent's socket. */
  static async connect(path: string): Promise<AgentClient> {
    return new AgentClient(await Deno.connect({ transport: "unix", path }));
  }

  /** How many keys are listed. @throws {TypeError} If the answer is another. */
  async count(): Promise<number> {
    const [type, ...rest] = await this.request(SSH_AGENTC_REQUEST_IDENTITIES);
    if (type !== SSH_AGENT_IDENTITIES_ANSWER) throw new TypeError(`Asked for identities and got message ${type}`);
    return new DataView(Uint8Array.from(rest).buffer).getUint32(0);
  }

  /** Asks for a signature. @returns The signature blob, or undefined for SSH_AGENT_FAILURE. @throws {TypeError} */
  async sign(blob: Uint8Array, data: Uint8Array, flags: number): Promise<Uint8Array | undefined> {
    const answer = await this.request(SSH_AGENTC_SIGN_REQUEST, string(blob), string(data), uint32(flags));
    if (answer.length === 1 && answer[0] === SSH_AGENT_FAILURE) return undefined;
    if (answer[0] !== SSH_AGENT_SIGN_RESPONSE) throw new TypeError(`Asked to sign and got message ${answer[0]}`);
    return readString(answer.subarray(1));
  }

  /** Sends any message. @returns The answer's type and contents. @throws {DeadlineError} @throws {TypeError} */
  async request(type: number, ...contents: readonly Uint8Array[]): Promise<Uint8Array> {
    const body = joined(Uint8Array.of(type), ...contents);
    const frame = string(body);
    for (let at = 0; at < frame.length;) at += await this.#connection.write(frame.subarray(at));
    return await within(this.#frame(), ANSWER, `the answer to message ${type}`);
  }

  [Symbol.dispose](): void {
    this.#connection.close();
  }

  async #frame(): Promise<Uint8Array> {
    const header = await this.#take(4);
    return await this.#take(new DataView(header.buffer).getUint32(0));
  }

  async #take(length: number): Promise<Uint8Array<ArrayBuffer>> {
    const bytes = new Uint8Array(length);
    for (let at = 0; at < length;) {
      const count = await this.#connection.read(bytes.subarray(at));
      if (count === null) throw new TypeError("The agent hung up");
      at += count;
    }
    return bytes;
  }
}

/** The key blob of a line `type base64`. */
export function blobOf(publicKeyLine: string): Uint8Array {
  return Uint8Array.from(atob(publicKeyLine.split(" ")[1] ?? ""), (character) => character.charCodeAt(0));
}

/** What ssh signs to log in (RFC 4252 §7), for a session that does not exist. */
export function loginData(user: string, blob: Uint8Array, algorithm: string): Uint8Array {
  const session = new Uint8Array(32).fill(7);
  const words = [user, "ssh-connection", "publickey"].map(text);
  return joined(string(session), Uint8Array.of(50), ...words, Uint8Array.of(1), text(algorithm), string(blob));
}

/** The first string of some bytes: the algorithm's name, for a key or signature blob. */
export function firstText(bytes: Uint8Array): string {
  return new TextDecoder().decode(readString(bytes));
}

/** The strings that some bytes consist of. */
export function allStrings(bytes: Uint8Array): readonly Uint8Array[] {
  const strings: Uint8Array[] = [];
  for (let rest = bytes; rest.length > 0;) {
    const next = readString(rest);
    strings.push(next);
    rest = rest.subarray(4 + next.length);
  }
  return strings;
}

function readString(bytes: Uint8Array): Uint8Array {
  const length = new DataView(bytes.buffer, bytes.byteOffset, bytes.length).getUint32(0);
  return bytes.subarray(4, 4 + length);
}

function text(value: string): Uint8Array {
  return string(new TextEncoder().encode(value));
}

function string(bytes: Uint8Array): Uint8Array {
  return joined(uint32(bytes.length), bytes);
}

function uint32(value: number): Uint8Array {
  const bytes = new Uint8Array(4);
  new DataView(bytes.buffer).setUint32(0, value);
  return bytes;
}

function joined(...parts: readonly Uint8Array[]): Uint8Array<ArrayBuffer> {
  const whole = new Uint8Array(parts.reduce((length, part) => length + part.length, 0));
  let at = 0;
  for (const part of parts) {
    whole.set(part, at);
    at += part.length;
  }
  return whole;
}

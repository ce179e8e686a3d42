/**
 * A client of a unix socket that sends whatever bytes a test wants, in the pieces it wants, and reads or does not read
 * what comes back. Requests are built here and not by the code under test (RFC 9987 §3).
 *
 * Not for: one well-formed request after the other (`agent_client.ts`).
 *
 * @module
 */

import { within } from "./deadline.ts";

/** Long against any answer on a busy machine. */
const PATIENCE = 60_000;

/** Requests for a list, and for nothing that exists. */
export const LIST = Uint8Array.of(0, 0, 0, 1, 11);
export const NONSENSE = Uint8Array.of(0, 0, 0, 2, 200, 0);

/** First bytes of answers. */
export const ANSWER = { failure: 5, identities: 12, signature: 14, extensionFailure: 28 } as const;

/** One connection. */
export class RawClient implements Disposable {
  readonly #connection: Deno.UnixConn;
  #buffer = new Uint8Array(64 * 1024);
  #start = 0;
  #end = 0;
  #closed = false;

  private constructor(connection: Deno.UnixConn) {
    this.#connection = connection;
  }

  /** Connects. */
  static async connect(path: string): Promise<RawClient> {
    return new RawClient(await within(Deno.connect({ transport: "unix", path }), PATIENCE, `a connection to ${path}`));
  }

  /** Connects so many times. */
  static connectMany(path: string, count: number): Promise<RawClient[]> {
    return Promise.all(Array.from({ length: count }, () => RawClient.connect(path)));
  }

  /** Sends all of the bytes, which may take as long as the other side likes. */
  async send(bytes: Uint8Array): Promise<void> {
    for (let at = 0; at < bytes.length;) at += await this.#connection.write(bytes.subarray(at));
  }

  /** Sends until the other side closes. @returns Whether it did, rather than take everything. */
  async sendOrClosed(bytes: Uint8Array): Promise<boolean> {
    try {
      await this.send(bytes);
      return false;
    } catch {
      return true; // EPIPE, ECONNRESET
    }
  }

  /** The contents of the next frame, or undefined at the end. @throws {DeadlineError} */
  frame(): Promise<Uint8Array | undefined> {
    return within(this.#frame(), PATIENCE, "an answer");
  }

  /** Sends requests while reading answers. @returns An answer for each, in order. @throws {Error} If it is closed before. */
  async exchange(requests: readonly Uint8Array[]): Promise<readonly Uint8Array[]> {
    const sending = this.send(joined(...requests));
    const answers: Uint8Array[] = [];
    for (let at = 0; at < requests.length; at++) {
      const answer = await this.frame();
      if (answer === undefined) throw new Error(`Closed after ${at} of ${requests.length} answers`);
      answers.push(answer);
    }
    await sending;
    return answers;
  }

  /** Sends one request and reads its answer. */
  async ask(request: Uint8Array): Promise<Uint8Array> {
    const [answer] = await this.exchange([request]);
    return answer ?? new Uint8Array(0);
  }

  /** Waits until the other side closes, passing over what it still sends. @throws {DeadlineError} */
  async closed(): Promise<void> {
    while (await this.frame() !== undefined);
  }

  /** Says that no more requests come; answers can still be read. */
  closeWrite(): Promise<void> {
    return this.#connection.closeWrite();
  }

  [Symbol.dispose](): void {
    if (!this.#closed) this.#connection.close();
    this.#closed = true;
  }

  async #frame(): Promise<Uint8Array | undefined> {
    if (!await this.#have(4)) return undefined;
    const length = new DataView(this.#buffer.buffer, this.#start).getUint32(0);
    if (!await this.#have(4 + length)) return undefined;
    const frame = this.#buffer.slice(this.#start + 4, this.#start + 4 + length);
    this.#start += 4 + length;
    return frame;
  }

  /** Whether so many bytes came before the end. */
  async #have(count: number): Promise<boolean> {
    while (this.#end - this.#start < count) {
      if (this.#buffer.length - this.#start < count) this.#makeRoom(count);
      let got: number | null;
      try {
        got = await this.#connection.read(this.#buffer.subarray(this.#end));
      } catch {
        got = null; // reset
      }
      if (got === null) return false;
      this.#end += got;
    }
    return true;
  }

  #makeRoom(count: number): void {
    const larger = new Uint8Array(Math.max(count, this.#buffer.length));
    larger.set(this.#buffer.subarray(this.#start, this.#end));
    this.#end -= this.#start;
    this.#start = 0;
    this.#buffer = larger;
  }
}

/** A request for a signature of what `ssh-keygen -Y sign` would have signed; every `number` is another message. */
export function signRequest(blob: Uint8Array, number: number, flags = 0, namespace = "file"): Uint8Array {
  const hash = new Uint8Array(32);
  new DataView(hash.buffer).setUint32(0, number);
  const signed = joined(ascii("SSHSIG"), string(ascii(namespace)), string(), string(ascii("sha256")), string(hash));
  return string(joined(Uint8Array.of(13), string(blob), string(signed), uint32(flags)));
}

/** A frame of the control protocol. */
export function controlRequest(message: unknown): Uint8Array {
  return string(ascii(JSON.stringify(message)));
}

export function uint32(value: number): Uint8Array {
  const bytes = new Uint8Array(4);
  new DataView(bytes.buffer).setUint32(0, value);
  return bytes;
}

/** A string in the sense of RFC 4251, which is also how every frame begins. */
export function string(bytes: Uint8Array = new Uint8Array(0)): Uint8Array {
  return joined(uint32(bytes.length), bytes);
}

export function ascii(text: string): Uint8Array {
  return new TextEncoder().encode(text);
}

export function joined(...parts: readonly Uint8Array[]): Uint8Array {
  const whole = new Uint8Array(parts.reduce((length, part) => length + part.length, 0));
  let at = 0;
  for (const part of parts) {
    whole.set(part, at);
    at += part.length;
  }
  return whole;
}

/** The same bytes so many times. */
export function repeated(bytes: Uint8Array, times: number): Uint8Array {
  const whole = new Uint8Array(bytes.length * times);
  for (let at = 0; at < times; at++) whole.set(bytes, at * bytes.length);
  return whole;
}

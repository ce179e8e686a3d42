/**
 * A small HTTPS server for tests that need its faults as much as its answers: it can hang up, never answer, drip, or
 * say nonsense, and ends with nothing pending. One request per connection.
 *
 * Not for: what a particular service answers (`vault_server.ts`), nor for anything but trusted loopback clients.
 *
 * @module
 */

import { makeTlsIdentity, type TlsIdentity } from "./certificate.ts";
import { makeTempDir, type TempDir } from "./temp.ts";

/** One request, read to its end. */
export interface HttpRequest {
  readonly method: string;
  /** Without the query. */
  readonly path: string;
  readonly query: URLSearchParams;
  readonly headers: Headers;
  readonly body: Uint8Array<ArrayBuffer>;
}

/** What the client gets. */
export type HttpReply =
  | {
    readonly kind: "answer";
    readonly status: number;
    readonly headers?: Readonly<Record<string, string>>;
    readonly body: string | Uint8Array;
    /** Milliseconds between single bytes of the body. */
    readonly drip?: number;
  }
  /** The connection is closed without a word. */
  | { readonly kind: "drop" }
  /** Nothing at all, until the client or the server goes. */
  | { readonly kind: "black-hole" };

/** Answers a request. A throw becomes a 500 with the error's text, so that the client's log shows it. */
export type HttpHandler = (request: HttpRequest) => HttpReply | Promise<HttpReply>;

/** A JSON answer. */
export function json(value: unknown, status = 200): HttpReply {
  return { kind: "answer", status, headers: { "content-type": "application/json" }, body: JSON.stringify(value) };
}

/** An answer in HTML, as a proxy or a captive portal gives. */
export function html(body: string, status = 200): HttpReply {
  return { kind: "answer", status, headers: { "content-type": "text/html" }, body };
}

const CRLF_CRLF = [13, 10, 13, 10];

/** A running server. */
export class HttpsServer implements AsyncDisposable {
  readonly #listener: Deno.TlsListener;
  readonly #handler: HttpHandler;
  readonly #dir: TempDir;
  readonly #connections = new Set<Deno.TlsConn>();
  readonly #serving = new Set<Promise<void>>();
  readonly #accepting: Promise<void>;
  readonly #stopping = new AbortController();
  /** For clients that must trust it. */
  readonly identity: TlsIdentity;

  private constructor(dir: TempDir, identity: TlsIdentity, handler: HttpHandler) {
    this.#dir = dir;
    this.#handler = handler;
    this.identity = identity;
    const { certificate: cert, key } = identity;
    this.#listener = Deno.listenTls({ hostname: "127.0.0.1", port: 0, cert, key });
    this.#accepting = this.#accept();
  }

  /** Starts one on a free loopback port. `names` are the certificate's subject alternative names. */
  static async start(handler: HttpHandler, names?: readonly string[]): Promise<HttpsServer> {
    const dir = makeTempDir("https");
    try {
      return new HttpsServer(dir, await makeTlsIdentity(dir, names), handler);
    } catch (error) {
      dir[Symbol.dispose]();
      throw error;
    }
  }

  /** Without a slash at the end. */
  get url(): string {
    return `https://127.0.0.1:${this.#listener.addr.port}`;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#stopping.abort();
    this.#listener.close();
    for (const connection of this.#connections) close(connection);
    await this.#accepting;
    await Promise.all(this.#serving);
    this.#dir[Symbol.dispose]();
  }

  async #accept(): Promise<void> {
    while (!this.#stopping.signal.aborted) {
      let connection: Deno.TlsConn;
      try {
        connection = await this.#listener.accept();
      } catch {
        continue; // closed (the loop ends), or one client gave up early
      }
      this.#connections.add(connection);
      const served = this.#serve(connection).catch(() => {/* the client went away: its own affair */}).finally(() => {
        close(connection);
        this.#connections.delete(connection);
        this.#serving.delete(served);
      });
      this.#serving.add(served);
    }
  }

  async #serve(connection: Deno.TlsConn): Promise<void> {
    const request = await readRequest(connection);
    if (request === undefined) return;
    const reply = await this.#answer(request);
    switch (reply.kind) {
      case "answer":
        return await writeAnswer(connection, reply, this.#stopping.signal);
      case "black-hole":
        while (await connection.read(new Uint8Array(1024)) !== null);
        return;
      case "drop":
        return;
      default:
        return reply satisfies never;
    }
  }

  async #answer(request: HttpRequest): Promise<HttpReply> {
    try {
      return await this.#handler(request);
    } catch (error) {
      return json({ message: `The test server failed: ${error}` }, 500);
    }
  }
}

async function readRequest(connection: Deno.Conn): Promise<HttpRequest | undefined> {
  let bytes = new Uint8Array(0);
  const more = async (): Promise<boolean> => {
    const chunk = new Uint8Array(16_384);
    const count = await connection.read(chunk);
    if (count === null) return false;
    const grown = new Uint8Array(bytes.length + count);
    grown.set(bytes);
    grown.set(chunk.subarray(0, count), bytes.length);
    bytes = grown;
    return true;
  };
  let end = -1;
  while (end < 0) {
    if (!await more()) return undefined;
    end = bytes.findIndex((_, at) => CRLF_CRLF.every((byte, offset) => bytes[at + offset] === byte));
  }
  const [requestLine = "", ...lines] = new TextDecoder().decode(bytes.subarray(0, end)).split("\r\n");
  const [method = "", target = "/"] = requestLine.split(" ");
  const headers = new Headers(lines.map((line): [string, string] => {
    const colon = line.indexOf(":");
    return [line.slice(0, colon).trim(), line.slice(colon + 1).trim()];
  }));
  const length = Number(headers.get("content-length") ?? 0);
  while (bytes.length < end + 4 + length) if (!await more()) return undefined;
  const { pathname: path, searchParams: query } = new URL(target, "https://127.0.0.1");
  return { method, path, query, headers, body: bytes.slice(end + 4, end + 4 + length) };
}

async function writeAnswer(
  connection: Deno.Conn,
  reply: HttpReply & { readonly kind: "answer" },
  stopping: AbortSignal,
): Promise<void> {
  const body = typeof reply.body === "string" ? new TextEncoder().encode(reply.body) : reply.body;
  const headers = { "content-length": String(body.length), connection: "close", ...reply.headers };
  const lines = Object.entries(headers).map(([name, value]) => `${name}: ${value}\r\n`).join("");
  await writeAll(connection, new TextEncoder().encode(`HTTP/1.1 ${reply.status} Test\r\n${lines}\r\n`));
  if (reply.drip === undefined) return await writeAll(connection, body);
  for (let at = 0; at < body.length && !stopping.aborted; at++) {
    await new Promise((resolve) => setTimeout(resolve, reply.drip));
    await writeAll(connection, body.subarray(at, at + 1));
  }
}

async function writeAll(connection: Deno.Conn, bytes: Uint8Array): Promise<void> {
  for (let at = 0; at < bytes.length;) at += await connection.write(bytes.subarray(at));
}

function close(connection: Deno.Conn): void {
  try {
    connection.close();
  } catch {
    // closed already
  }
}

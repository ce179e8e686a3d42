/**
 * A Bitwarden-compatible server for tests: one account, really encrypted items, and knobs for everything that goes
 * wrong. The real `bw` logs in to it, syncs, unlocks and lists.
 *
 * Not for: anything a client other than `bw` calls, nor for keeping secrets.
 *
 * @module
 */

import { until } from "./deadline.ts";
import { type HttpReply, type HttpRequest, HttpsServer, json } from "./https_server.ts";
import { type Named, type PlainOrganization, VaultAccount } from "./vault_account.ts";
import { type PlainItem, type SealedAttachment, type SealedItem, sealItem } from "./vault_items.ts";
import { VaultTokens } from "./vault_tokens.ts";

/** What a vault holds at the start. */
export interface VaultContents {
  readonly items: readonly PlainItem[];
  readonly folders?: readonly Named[];
  readonly organizations?: readonly PlainOrganization[];
}

/** A misbehaviour that is answered instead of the truth. */
export interface Fault {
  /** Matched against `METHOD /path`. */
  readonly on: RegExp;
  readonly reply: HttpReply;
  /** How often; always if left out. */
  readonly times?: number;
}

/** From a client's start to its request; `bw` needs a second on a free machine. */
const REQUEST_DEADLINE = 20_000;

/** A running vault server. */
export class VaultServer implements AsyncDisposable {
  readonly account: VaultAccount;
  readonly tokens: VaultTokens;
  readonly #folders: readonly Named[];
  readonly #items = new Map<string, SealedItem>();
  readonly #faults: { readonly fault: Fault; left: number }[] = [];
  readonly #requests: string[] = [];
  #server: HttpsServer | undefined;
  #revision = Date.now();
  #userKeyId: string | undefined;

  private constructor({ items, folders = [], organizations = [] }: VaultContents) {
    this.account = new VaultAccount(organizations);
    this.tokens = new VaultTokens(this.account);
    this.#folders = folders;
    for (const item of items) this.#items.set(item.id, this.#seal(item));
  }

  /** Starts one on a free loopback port. `names` are the certificate's subject alternative names. */
  static async start(contents: VaultContents, names?: readonly string[]): Promise<VaultServer> {
    const vault = new VaultServer(contents);
    vault.#server = await HttpsServer.start((request) => vault.#answer(request), names);
    return vault;
  }

  /** The address for `bw config server`. */
  get url(): string {
    return this.#running.url;
  }

  /** A file that makes a client trust the server, for NODE_EXTRA_CA_CERTS. */
  get authorityFile(): string {
    return this.#running.identity.authorityFile;
  }

  /** Every request so far, as `METHOD /path`, oldest first. */
  get requests(): readonly string[] {
    return this.#requests;
  }

  /** Forgets the requests so far. */
  clearRequests(): void {
    this.#requests.length = 0;
  }

  /** Waits for a request, also one that came already. @throws {DeadlineError} */
  waitForRequest(pattern: RegExp, milliseconds = REQUEST_DEADLINE): Promise<string> {
    return until(() => this.#requests.find((line) => pattern.test(line)), milliseconds, String(pattern));
  }

  /** Misbehaves until disposed of; the latest matching fault wins. */
  inject(fault: Fault): Disposable {
    const entry = { fault, left: fault.times ?? Infinity };
    this.#faults.push(entry);
    return { [Symbol.dispose]: () => void this.#faults.splice(this.#faults.indexOf(entry), 1) };
  }

  /** Adds or replaces an item; the next `bw sync` sees it. */
  put(item: PlainItem): void {
    this.#revision = Date.now();
    this.#items.set(item.id, this.#seal(item));
  }

  /** Removes an item for good; the next `bw sync` sees it. */
  remove(id: string): void {
    this.#revision = Date.now();
    this.#items.delete(id);
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.#server?.[Symbol.asyncDispose]();
  }

  get #running(): HttpsServer {
    if (this.#server === undefined) throw new TypeError("The vault server has not started");
    return this.#server;
  }

  #seal(item: PlainItem): SealedItem {
    return sealItem(item, this.account.keyFor(item.organizationId), new Date(this.#revision));
  }

  #answer(request: HttpRequest): HttpReply {
    const line = `${request.method} ${request.path}`;
    this.#requests.push(line);
    const entry = this.#faults.findLast(({ fault, left }) => left > 0 && fault.on.test(line));
    if (entry !== undefined) {
      entry.left--;
      return entry.fault.reply;
    }
    return this.#open(line, request) ?? this.#authorized(line, request);
  }

  /** What needs no token. */
  #open(line: string, request: HttpRequest): HttpReply | undefined {
    switch (line) {
      case "GET /api/config":
        return json({ version: "2026.9.0", gitHash: "test", environment: {}, featureStates: {}, object: "config" });
      case "POST /identity/accounts/prelogin/password":
      case "POST /identity/accounts/prelogin": // bw up to 2025.12
        return json(this.account.prelogin);
      case "POST /identity/connect/token":
        return this.tokens.grant(new URLSearchParams(new TextDecoder().decode(request.body)));
    }
    const [, item, id] = /^GET \/files\/([^/]+)\/([^/]+)$/.exec(line) ?? [];
    const file = this.#attachment(item, id);
    return file === undefined ? undefined : { kind: "answer", status: 200, body: file.bytes };
  }

  #authorized(line: string, request: HttpRequest): HttpReply {
    if (!this.tokens.accepts(request.headers.get("authorization"))) return json({ message: "Unauthorized" }, 401);
    switch (line) {
      case "GET /api/sync":
        return json(this.#sync());
      case "GET /api/accounts/revision-date":
        return json(this.#revision);
      case "POST /api/accounts/key-management/user-key-id":
        this.#userKeyId = userKeyIdIn(request.body);
        return json({});
      case "POST /events/collect":
        return json({});
    }
    const [, item = "", id] = /^GET \/api\/ciphers\/([^/]+)\/attachment\/([^/]+)$/.exec(line) ?? [];
    const file = this.#attachment(item, id);
    return file === undefined ? json({ message: "Not Found" }, 404) : json(this.#addressed(item, file));
  }

  #attachment(item: string | undefined, id: string | undefined): SealedAttachment | undefined {
    return this.#items.get(item ?? "")?.attachments.find((attachment) => attachment.id === id);
  }

  #addressed(item: string, { id, json }: SealedAttachment): unknown {
    return { ...json, url: `${this.url}/files/${item}/${id}` };
  }

  #sync(): unknown {
    return {
      object: "sync",
      profile: this.account.profile,
      folders: this.#folders.map((folder) => this.account.folder(folder)),
      collections: this.account.collections,
      ciphers: [...this.#items].map(([id, { cipher, attachments }]) => ({
        ...cipher,
        attachments: attachments.length === 0 ? null : attachments.map((each) => this.#addressed(id, each)),
      })),
      domains: null,
      policies: [],
      sends: [],
      userDecryption: this.account.userDecryption(this.#userKeyId),
    };
  }
}

/** Echoed in later sync answers, which keeps the client from sending it again. */
function userKeyIdIn(body: Uint8Array): string | undefined {
  const parsed: unknown = JSON.parse(new TextDecoder().decode(body));
  if (typeof parsed !== "object" || parsed === null || !("userKeyId" in parsed)) return undefined;
  return typeof parsed.userKeyId === "string" ? parsed.userKeyId : undefined;
}

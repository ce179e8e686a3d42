/**
 * A test vault with the real `bw` logged in to it and unlocked: what end-to-end tests share within a file, because a
 * login takes `bw` five seconds. The `bw` is called through a script that writes down every call.
 *
 * Not for: bwssh itself (`bwssh.ts`).
 *
 * @module
 */

import type { BwProgram } from "../../tools/setup_bw.ts";
import { BwAccount } from "./bw.ts";
import { makeTempDir, type TempDir } from "./temp.ts";
import type { PlainItem } from "./vault_items.ts";
import { type FixtureOptions, makeVaultFixture, type VaultFixture } from "./vault_fixture.ts";
import { VaultServer } from "./vault_server.ts";

/** What the vault holds. */
export interface LoggedInOptions extends FixtureOptions {
  /** Items beside the fixture's. */
  readonly more?: readonly PlainItem[];
}

/** A vault, its server, and an account of it. */
export class LoggedIn implements AsyncDisposable {
  readonly fixture: VaultFixture;
  readonly server: VaultServer;
  /** Logged in, unlocked by {@linkcode session}. Tests that change its state take a clone. */
  readonly account: BwAccount;
  readonly session: Uint8Array;
  readonly #calls: string;
  readonly #resources: AsyncDisposableStack;

  private constructor(
    parts: { fixture: VaultFixture; server: VaultServer; account: BwAccount; session: Uint8Array; calls: string },
    resources: AsyncDisposableStack,
  ) {
    this.fixture = parts.fixture;
    this.server = parts.server;
    this.account = parts.account;
    this.session = parts.session;
    this.#calls = parts.calls;
    this.#resources = resources;
  }

  /** Makes the vault, starts its server and logs in. */
  static async start(bw: BwProgram, { more = [], ...options }: LoggedInOptions = {}): Promise<LoggedIn> {
    await using stack = new AsyncDisposableStack();
    const dir = stack.use(makeTempDir("calls"));
    const fixture = await makeVaultFixture(options);
    const contents = { ...fixture.contents, items: [...fixture.contents.items, ...more] };
    const server = stack.use(await VaultServer.start(contents));
    const account = stack.use(new BwAccount(server, { ...bw, words: [recorder(dir, bw)] }));
    await account.configureServer();
    const session = await account.login();
    const parts = { fixture, server, account, session, calls: dir.join("calls") };
    return new LoggedIn(parts, stack.move());
  }

  /** The arguments of every call of `bw` with an account's data directory so far, oldest first. */
  calls(account: BwAccount): readonly string[] {
    const lines = Deno.readTextFileSync(this.#calls).trim().split("\n").map((line) => line.split("\t"));
    return lines.filter(([dataDir]) => dataDir === account.dataDir).map(([, words]) => words ?? "");
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.#resources.disposeAsync();
  }
}

/** Appends one line a call, then becomes `bw`. No secret is ever among the arguments. */
function recorder(dir: TempDir, { words }: BwProgram): string {
  const lines = [
    "#!/bin/sh",
    `printf '%s\\t%s\\n' "$BITWARDENCLI_APPDATA_DIR" "$*" >> ${dir.join("calls")}`,
    `exec ${words.join(" ")} "$@"`,
  ];
  return dir.write("bw", `${lines.join("\n")}\n`, 0o700);
}

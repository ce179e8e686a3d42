/**
 * A daemon composed within the test's own process, with real sockets, locked memory and keys, and with time in the test's
 * hands.
 *
 * Not for: processes, signals and what a user sees (`bwssh.ts`).
 *
 * @module
 */

import { openLibc } from "../../ffi/libc.ts";
import { loadConfig } from "../../mod/config/load.ts";
import { composeDaemon } from "../../mod/daemon/compose.ts";
import type { Daemon } from "../../mod/daemon/daemon_parts.ts";
import { openListeners } from "../../mod/daemon/listeners.ts";
import { Log } from "../../mod/daemon/log.ts";
import { parsePrivateKey } from "../../mod/keys/parse.ts";
import { until } from "./deadline.ts";
import { makeTempDir } from "./temp.ts";
import type { TestKey } from "./test_keys.ts";

/** How to set it up. */
export interface OwnDaemonOptions {
  /** Further lines of config.toml; everything but who approves. */
  readonly config?: string;
  /** Keys that are there from the start, by comment. */
  readonly keys?: Readonly<Record<string, TestKey>>;
  /** RLIMIT_NOFILE as the daemon is told it. */
  readonly files?: number;
}

const POLICY = `[auth]\napprover = "none"\n[[rules]]\naction = "allow"\nkinds = ["sshsig:file"]\n`;
const PATIENCE = 20_000;

/** A daemon that serves until disposed of. */
export class OwnDaemon implements AsyncDisposable {
  readonly daemon: Daemon;
  readonly agentSocket: string;
  readonly controlSocket: string;
  /** Its config.toml, to be written anew before a reload. */
  readonly configFile: string;
  readonly #log: () => string;
  readonly #serving: Promise<void>;
  readonly #resources: AsyncDisposableStack;

  private constructor(
    daemon: Daemon,
    paths: { readonly agentSocket: string; readonly controlSocket: string; readonly configFile: string },
    log: () => string,
    resources: AsyncDisposableStack,
  ) {
    this.daemon = daemon;
    this.agentSocket = paths.agentSocket;
    this.controlSocket = paths.controlSocket;
    this.configFile = paths.configFile;
    this.#log = log;
    this.#resources = resources;
    this.#serving = daemon.run();
  }

  /** Starts one. */
  static async start({ config = "", keys = {}, files }: OwnDaemonOptions = {}): Promise<OwnDaemon> {
    await using stack = new AsyncDisposableStack();
    const dir = stack.use(makeTempDir("own"));
    const libc = stack.use(openLibc());
    const audit = `[audit]\nfile = ${JSON.stringify(dir.join("audit.jsonl"))}\n`;
    const configFile = dir.write("config.toml", `${config}\n${POLICY}${audit}`);
    const own: Readonly<Record<string, string>> = {
      BWSSH_CONFIG: configFile,
      BWSSH_RUNTIME_DIR: dir.join("run"),
    };
    const load = (): ReturnType<typeof loadConfig> => loadConfig({ env: (name) => own[name], uid: Deno.uid() ?? -1 });
    const loaded = await load();
    let text = "";
    const log = new Log("debug", (bytes) => void (text += new TextDecoder().decode(bytes)));
    const logged = (): string => {
      log.flush();
      return text;
    };
    const listeners = stack.use(openListeners(libc, { ...loaded.config.daemon, inherited: 0 }));
    const daemon = stack.use(
      await composeDaemon({
        libc,
        log,
        listeners,
        loaded,
        load,
        build: { version: "test", kind: "source" },
        memlock: { soft: undefined, hard: undefined },
        files: { soft: files, hard: files },
        cacheDir: undefined,
        environment: (name) => name === "PATH" ? "/usr/bin:/bin" : undefined,
      }),
    );
    fill(daemon, keys);
    return new OwnDaemon(daemon, { ...loaded.config.daemon, configFile }, logged, stack.move());
  }

  /** Everything logged so far. */
  get log(): string {
    return this.#log();
  }

  /** Waits for a line of the log. @throws {DeadlineError} */
  async logged(pattern: RegExp): Promise<void> {
    await until(() => pattern.test(this.log) || undefined, PATIENCE, () => `${pattern} in the log:\n${this.log}`);
  }

  /** Whether the loop has ended by itself, which it must not. */
  get serving(): Promise<void> {
    return this.#serving;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.daemon.stop();
    try {
      await this.#serving;
    } finally {
      await this.#resources.disposeAsync();
    }
  }
}

/** Puts keys into the keyring as if a vault had held them. */
function fill({ keyring, memory, backend, offer }: Daemon, keys: Readonly<Record<string, TestKey>>): void {
  const loaded = Object.entries(keys).map(([comment, key]) => {
    using writer = memory.writer(16 * 1024);
    writer.appendPublic(new TextEncoder().encode(key.revealPrivateText()));
    using text = writer.finish();
    const { key: parsed } = parsePrivateKey(text, { memory, backend });
    return { id: `test#${comment}`, key: parsed, comment, itemName: comment, reprompt: false, loadedAt: 0 };
  });
  if (loaded.length === 0) return;
  keyring.replaceSource("test", loaded);
  offer.loaded();
}

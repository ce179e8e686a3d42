/**
 * A user for the commands that deal with the service manager, run in process. systemctl is a stub that records what it
 * is asked and fails on demand: fault injection. The real one is in tests/real/user_manager_test.ts.
 *
 * @module
 */

import { runCli } from "../../mod/cli/app.ts";
import type { DaemonFlags } from "../../mod/cli/flags.ts";
import { makeTempDir, type TempDir } from "./temp.ts";

/** Answers with the files beside it, fails for the command named in `fails`, and records all but questions. */
const STUB = `#!/bin/sh
cd "\${0%/*}" && shift 3
case $1 in
  is-system-running) cat running ;;
  show) cat units ;;
  *) echo "$*" >>asked; [ "$1" != "$(cat fails)" ] || { echo 'It did not work.' >&2; exit 1; } ;;
esac
`;

/** How a command ended. */
export interface Said {
  readonly code: number;
  readonly stdout: string;
  readonly stderr: string;
}

/** A user with a home, a runtime directory and a systemctl that is ours. */
export class ServiceUser implements Disposable {
  readonly #dir: TempDir = makeTempDir("service");
  readonly #env: Record<string, string>;
  readonly program: string | undefined;
  /** What the door to the daemon was asked for. */
  readonly daemons: DaemonFlags[] = [];

  constructor({ fromSource = false, env = {} }: { fromSource?: boolean; env?: Record<string, string> } = {}) {
    this.#dir.dir("bin");
    this.#dir.write("bin/systemctl", STUB, 0o755);
    this.program = fromSource ? undefined : this.#dir.write("bin/bwssh", "", 0o755);
    this.#env = {
      HOME: this.#dir.dir("home"),
      XDG_RUNTIME_DIR: this.#dir.dir("run"),
      PATH: `${this.#dir.join("bin")}:here:/usr/bin::/bin`,
      ...env,
    };
    this.tell("running", "offline\n");
    this.tell("units", "");
    this.tell("fails", "");
  }

  get control(): string {
    return this.#dir.join("run", "bwssh", "control.sock");
  }
  get units(): string {
    return this.#dir.join("home", ".config", "systemd", "user");
  }
  get home(): string {
    return this.#dir.join("home");
  }
  get bin(): string {
    return this.#dir.join("bin");
  }

  /** What systemctl was asked to do since the last look. */
  asked(): readonly string[] {
    try {
      const lines = Deno.readTextFileSync(`${this.bin}/asked`).trim().split("\n");
      Deno.removeSync(`${this.bin}/asked`);
      return lines;
    } catch {
      return [];
    }
  }

  tell(name: "running" | "units" | "fails", text: string): void {
    this.#dir.write(`bin/${name}`, text);
  }

  /** Lets systemctl show our units in these states. */
  haveUnits(service: string, socket: string, { listen = this.control, file = this.units } = {}): void {
    const block = (state: string, unit: string): string =>
      `LoadState=loaded\nActiveState=${state}\nFragmentPath=${file}/${unit}\n`;
    const sockets = `Listen=${listen} (Stream)\n`;
    this.tell("units", `${block(service, "bwssh-agent.service")}\n${sockets}${block(socket, "bwssh-agent.socket")}`);
    this.tell("running", "running\n");
  }

  async bwssh(...args: readonly string[]): Promise<Said> {
    const said = { stdout: "", stderr: "" };
    const writer = (name: "stdout" | "stderr"): { write(text: string): void } => ({
      write: (text): void => void (said[name] += text),
    });
    const code = await runCli({
      process: { stdout: writer("stdout"), stderr: writer("stderr") },
      env: (name) => this.#env[name],
      uid: Deno.uid() ?? -1,
      build: { version: "0.0.0", kind: this.program === undefined ? "source" : "compiled" },
      launch: { program: this.program, name: "bwssh", held: {} },
      demo: () => Promise.resolve(0),
      daemon: (flags) => Promise.resolve((this.daemons.push(flags), 0)),
    }, args);
    return { code, ...said };
  }

  /** Every file and link below the home and beside the program. */
  files(): readonly string[] {
    const below = (path: string): readonly string[] =>
      [...Deno.readDirSync(path)].flatMap(({ name, isDirectory }) =>
        isDirectory ? below(`${path}/${name}`) : [`${path}/${name}`]
      );
    const beside = below(this.bin).filter((path) => path.endsWith("/bwssh-agentd"));
    return [...below(this.home), ...beside].map((path) => path.replace(this.#dir.path, "")).sort();
  }

  [Symbol.dispose](): void {
    this.#dir[Symbol.dispose]();
  }
}

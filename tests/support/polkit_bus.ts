/**
 * The real dbus-daemon and the real polkitd in namespaces of their own, with an ordinary user who has a password. The bus
 * is at the standard path, because polkit-agent-helper-1, which checks the password, clears its environment and knows no
 * other. Files of the machine are copied, never changed. Needs root and the right to make namespaces.
 *
 * Not for: logind and sessions; there are none, so `allow_any` applies.
 *
 * @module
 */

import { policyText } from "../../mod/service/polkit_policy.ts";
import { BackgroundProcess } from "./background.ts";
import { until } from "./deadline.ts";
import { baseEnv, DEFAULT_DEADLINE, type Env, run, runOk, type RunResult, spawn } from "./process.ts";
import type { DriverCommand, DriverOptions } from "./polkit_driver.ts";
import { makeTempDir, type TempDir } from "./temp.ts";
import { Terminal } from "./terminal.ts";

/** The ordinary user, within the namespace only. */
export const USER = "bwtest";
const UID = 47_115;
/** The user's password, within the namespace only. */
export const PASSWORD = "correct horse";
const POLICY = "/usr/share/polkit-1/actions/io.github.reidond.bwssh.policy";
const RULES = "/etc/polkit-1/rules.d/00-test.rules";
const POLKITD = "/usr/lib/polkit-1/polkitd";

/** Copies of what is written to, then the bus; polkitd is started by whoever asks for it (bus activation) or by the test. */
const SETUP = `set -e
for directory in /etc /usr/share/polkit-1; do
  copy="$STAGE$directory"; mkdir -p "$copy"; cp -a "$directory/." "$copy"; mount --bind "$copy" "$directory"
done
mount -t tmpfs -o mode=755 tmpfs /run/dbus
useradd --uid ${UID} --no-create-home --shell /bin/sh ${USER}
echo "${USER}:${PASSWORD}" | chpasswd
chmod 711 "$STAGE"
mkdir -p "$STAGE/program"; touch "$STAGE/program/deno"; mount --bind "$DENO" "$STAGE/program/deno"
sed -e '/<fork\\/>/d' -e '/<pidfile>/d' -e '/<syslog\\/>/d' -e 's:>system.d<:>/usr/share/dbus-1/system.d<:' \\
  /usr/share/dbus-1/system.conf >"$STAGE/bus.conf"
echo ready
while :; do sleep 1000; done
`;

/** Defines tests that need a bus; where there can be none, they are skipped and their names say why. */
export async function polkitTests(): Promise<(name: string, test: (t: Deno.TestContext) => Promise<void>) => void> {
  const missing = await polkitMissing();
  return (name, fn) =>
    missing === undefined
      ? Deno.test(name, fn)
      : Deno.test({ name: `${name} (skipped: ${missing})`, ignore: true, fn });
}

/** Why there can be none here, or undefined where there can. */
async function polkitMissing(): Promise<string | undefined> {
  if (Deno.uid() !== 0) return "needs root";
  for (const program of ["/usr/bin/dbus-daemon", POLKITD, "/usr/bin/pkttyagent"]) {
    try {
      await Deno.stat(program);
    } catch {
      return `needs ${program}`;
    }
  }
  const { code } = await run(["unshare", "--mount", "--pid", "--fork", "mount", "-t", "tmpfs", "tmpfs", "/mnt"], {
    env: baseEnv("/"),
  });
  return code === 0 ? undefined : "needs the right to make namespaces";
}

/** A running bus with polkitd. */
export class PolkitBus implements AsyncDisposable {
  readonly #process: BackgroundProcess;
  readonly #stage: TempDir;
  readonly #pid: number;
  readonly #env: Env;
  readonly #stack = new AsyncDisposableStack();
  #bus: BackgroundProcess | undefined;
  #polkitd: BackgroundProcess | undefined;

  private constructor(process: BackgroundProcess, stage: TempDir, pid: number) {
    this.#process = process;
    this.#stage = stage;
    this.#pid = pid;
    this.#env = { ...baseEnv("/nonexistent"), LC_ALL: "C", DENO_DIR: `${stage.path}/deno_dir`, NO_COLOR: "1" };
  }

  /** Starts one, with the policy file for its user. Only within {@linkcode polkitTests}. */
  static async start(): Promise<PolkitBus> {
    const stage = makeTempDir("polkit");
    const process = new BackgroundProcess(
      ["unshare", "--mount", "--pid", "--fork", "--kill-child", "--mount-proc", "sh", "-c", SETUP],
      { env: { ...baseEnv("/nonexistent"), STAGE: stage.path, DENO: await Deno.realPath(Deno.execPath()) } },
    );
    try {
      await process.waitFor(/ready/);
      const [child = ""] = Deno.readTextFileSync(`/proc/${process.pid}/task/${process.pid}/children`).split(" ");
      const bus = new PolkitBus(process, stage, Number(child));
      bus.writePolicy(policyText([USER]));
      await bus.startBus();
      await bus.startPolkitd();
      await bus.#bundle("tests/support/polkit_driver.ts", "driver.js");
      Deno.mkdirSync(`${stage.path}/deno_dir`);
      Deno.chownSync(`${stage.path}/deno_dir`, UID, UID);
      return bus;
    } catch (error) {
      await process[Symbol.asyncDispose]();
      stage[Symbol.dispose]();
      throw error;
    }
  }

  /** A file as the namespace sees it. */
  path(inside: string): string {
    return `${this.#stage.path}${inside}`;
  }

  /** Puts a policy file in place, or removes it. */
  writePolicy(text: string | undefined): void {
    if (text === undefined) removeIfThere(this.path(POLICY));
    else Deno.writeTextFileSync(this.path(POLICY), `<?xml version="1.0" encoding="UTF-8"?>\n${text}`);
  }

  /** Lets polkit's rules answer: a body for `function (action, subject)`; undefined removes the file. */
  writeRule(body: string | undefined): void {
    const file = this.path(RULES);
    if (body === undefined) removeIfThere(file);
    else Deno.writeTextFileSync(file, `polkit.addRule(function (action, subject) { ${body} });\n`);
  }

  /** Runs a command as root inside. */
  async run(argv: readonly string[]): Promise<RunResult> {
    return await run([...this.#enter(), ...argv], { env: this.#env, cwd: "/" });
  }

  /** Runs a command as the user inside. */
  async runAsUser(argv: readonly string[]): Promise<RunResult> {
    return await run([...this.#enter(), ...this.#become(), ...argv], { env: this.#env, cwd: "/" });
  }

  /** Runs bwssh as root inside. */
  async bwssh(argv: readonly string[]): Promise<RunResult> {
    await this.#bundle("main.ts", "bwssh.js");
    return await this.run([...this.#program("bwssh.js"), ...argv]);
  }

  async startBus(): Promise<void> {
    this.#bus = this.#stack.use(
      new BackgroundProcess([
        ...this.#enter(),
        "dbus-daemon",
        `--config-file=${this.#stage.path}/bus.conf`,
        "--nofork",
        "--nopidfile",
        "--address=unix:path=/run/dbus/system_bus_socket",
      ], { env: this.#env, cwd: "/" }),
    );
    await this.#bus.waitUntil(async () => (await this.#busSays("GetId")).code === 0 ? true : undefined, {
      what: "the bus",
    });
  }

  async stopBus(): Promise<void> {
    await this.#bus?.stop();
    this.#bus = undefined;
  }

  async startPolkitd(): Promise<void> {
    this.#polkitd = this.#stack.use(
      new BackgroundProcess([...this.#enter(), POLKITD, "--no-debug"], { env: this.#env, cwd: "/" }),
    );
    await this.#polkitd.waitUntil(
      async () => (await this.#busSays("GetNameOwner", "org.freedesktop.PolicyKit1")).code === 0 ? true : undefined,
      { what: "polkitd" },
    );
  }

  /** Ends polkitd as a crash would. */
  async killPolkitd(): Promise<void> {
    await this.run(["sh", "-c", "kill -9 $(pidof polkitd)"]);
    await this.#polkitd?.ended();
  }

  /** A driver run by the user. */
  async startDriver(options: Partial<DriverOptions> & { readonly asRoot?: boolean } = {}): Promise<Driver> {
    const { asRoot = false, ...given } = options;
    const filled: DriverOptions = {
      subject: "daemon",
      interactive: true,
      deadlineMs: 20_000,
      maxWaiting: 8,
      ...given,
    };
    const become = asRoot ? [] : this.#become();
    const program = this.#program("driver.js");
    const driver = new Driver([...this.#enter(), ...become, ...program, JSON.stringify(filled)], this.#env);
    await driver.ready();
    return driver;
  }

  /** pkttyagent of the user on a terminal, for one process inside. */
  async startAgent(pid: number): Promise<Terminal> {
    // pkttyagent closes the notification descriptor once it is registered; its prompts go to the terminal itself.
    const script = `pkttyagent --process ${pid} --notify-fd 3 3>&1 1>/dev/tty | { cat; echo REGISTERED; }`;
    const argv = [...this.#enter(), ...this.#become(), "sh", "-c", script];
    const terminal = new Terminal(argv, { env: this.#env, cwd: "/" });
    await terminal.waitFor(/REGISTERED/);
    return terminal;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.#stack.disposeAsync();
    this.#process.kill("SIGKILL"); // unshare takes the namespace's first process with it, the kernel all the others
    await this.#process.ended();
    this.#stage[Symbol.dispose]();
  }

  /** Sources as one file that the user can read, npm packages included: neither they nor Deno's cache need be. */
  async #bundle(entry: string, name: string): Promise<void> {
    const root = new URL("../../", import.meta.url).pathname;
    const output = `${this.#stage.path}/${name}`;
    const argv = [Deno.execPath(), "bundle", "--quiet", "--platform", "deno", "--output", output, `${root}${entry}`];
    await runOk(argv, { env: { ...Deno.env.toObject(), NO_COLOR: "1" }, cwd: root });
    Deno.chmodSync(output, 0o644);
  }

  async #busSays(method: string, ...args: readonly string[]): Promise<RunResult> {
    const target = ["--system", "--print-reply", "--dest=org.freedesktop.DBus", "/org/freedesktop/DBus"];
    return await this.run([
      "dbus-send",
      ...target,
      `org.freedesktop.DBus.${method}`,
      ...args.map((each) => `string:${each}`),
    ]);
  }

  #program(name: string): readonly string[] {
    const { path } = this.#stage;
    return [`${path}/program/deno`, "run", "-A", "--no-config", "--no-lock", `${path}/${name}`];
  }

  #enter(): readonly string[] {
    return ["nsenter", "--target", String(this.#pid), "--mount", "--pid", "--"];
  }

  #become(): readonly string[] {
    return ["setpriv", `--reuid=${UID}`, `--regid=${UID}`, "--clear-groups", "--pdeathsig", "KILL", "--"];
  }
}

/** What the driver says of one request. */
export interface DriverAnswer {
  readonly id?: number;
  readonly kind?: "allow" | "deny";
  readonly reason?: string;
  readonly detail?: string;
  readonly hint?: string;
  readonly times?: readonly number[];
  readonly ready?: number;
}

/** A running driver. */
export class Driver implements AsyncDisposable {
  readonly #child: Deno.ChildProcess;
  readonly #keyboard: WritableStreamDefaultWriter<Uint8Array>;
  readonly #answers: DriverAnswer[] = [];
  readonly #pumped: Promise<unknown>;
  #stderr = "";
  #ids = 0;

  constructor(argv: readonly string[], env: Env) {
    this.#child = spawn(argv, { env, cwd: "/" }, "piped");
    this.#keyboard = this.#child.stdin.getWriter();
    this.#pumped = Promise.all([this.#pump(), this.#pumpErrors(), this.#child.status]);
  }

  /** Its pid as its namespace counts. */
  async ready(): Promise<number> {
    return (await this.#find(({ ready }) => ready !== undefined, "the driver")).ready ?? 0;
  }

  get hints(): readonly string[] {
    return this.#answers.flatMap(({ hint }) => hint === undefined ? [] : [hint]);
  }

  get stderr(): string {
    return this.#stderr;
  }

  /** Sends a command. @returns Its number. */
  async send(command: Omit<DriverCommand, "id">, id: number = ++this.#ids): Promise<number> {
    await this.#keyboard.write(new TextEncoder().encode(`${JSON.stringify({ ...command, id })}\n`));
    return id;
  }

  /** Waits for the answer of a number. */
  answer(id: number): Promise<DriverAnswer> {
    return this.#find((each) => each.id === id, `answer ${id}`);
  }

  /** What has come so far for a number. */
  soFar(id: number): DriverAnswer | undefined {
    return this.#answers.find((each) => each.id === id);
  }

  /** Sends and waits. @returns `allow`, or the reason. */
  async ask(command: Omit<DriverCommand, "id">): Promise<string> {
    const { kind, reason } = await this.answer(await this.send(command));
    return kind === "allow" ? "allow" : reason ?? "?";
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.#keyboard.close().catch(() => undefined);
    try {
      this.#child.kill("SIGTERM");
    } catch {
      // gone already
    }
    await this.#pumped;
  }

  #find(is: (answer: DriverAnswer) => boolean, what: string): Promise<DriverAnswer> {
    return until(
      () => this.#answers.find(is),
      DEFAULT_DEADLINE,
      () => `${what}: ${JSON.stringify(this.#answers)} ${this.#stderr}`,
    );
  }

  async #pump(): Promise<void> {
    let rest = "";
    for await (const text of this.#child.stdout.pipeThrough(new TextDecoderStream())) {
      const lines = (rest + text).split("\n");
      rest = lines.pop() ?? "";
      for (const line of lines) this.#answers.push(JSON.parse(line));
    }
  }

  async #pumpErrors(): Promise<void> {
    for await (const text of this.#child.stderr.pipeThrough(new TextDecoderStream())) this.#stderr += text;
  }
}

function removeIfThere(path: string): void {
  try {
    Deno.removeSync(path);
  } catch (error) {
    if (!(error instanceof Deno.errors.NotFound)) throw error;
  }
}

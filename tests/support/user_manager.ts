/**
 * A real systemd user manager for a test, in namespaces of its own, for a user without a name or rights. Needs root, and
 * the right to make namespaces and control groups; most machines that build in containers lack the latter.
 *
 * Not for: the system manager, logind, or a login session.
 *
 * @module
 */

import { BackgroundProcess } from "./background.ts";
import { until } from "./deadline.ts";
import { DEFAULT_DEADLINE, type Env, run, type RunResult } from "./process.ts";
import { makeTempDir, type TempDir } from "./temp.ts";

/** Nobody: what it owns is what the test gives it. */
export const MANAGED_UID = 47_114;

/** A first start unpacks 100 MB, and the daemon has 30 s to be ready. */
const DEADLINE = 90_000;
const SYSTEMD = "/usr/lib/systemd/systemd";
const CGROUPS = "/sys/fs/cgroup";

/**
 * Private /run (systemctl wants /run/systemd/system to be there), own control group, then the manager as the user. Not by
 * exec: as the first process of its namespace it would take itself for the system's manager.
 */
const SETUP = `set -e
mount -t tmpfs -o mode=755 tmpfs /run
mkdir -p /run/systemd/system /run/user/$MANAGED
chmod 700 /run/user/$MANAGED
for group in $GROUPS_MADE; do mkdir -p "$group"; echo $$ >"$group/cgroup.procs"; chown -R $MANAGED "$group"; done
chown $MANAGED /run/user/$MANAGED
setpriv --reuid $MANAGED --regid $MANAGED --clear-groups env -i HOME="$HOME" XDG_RUNTIME_DIR=/run/user/$MANAGED \\
  PATH=/usr/bin:/bin LANG=C.UTF-8 SYSTEMD_LOG_TARGET=console ${SYSTEMD} --user &
wait
`;

/** Defines tests that need a manager; where there can be none, they are skipped and their names say why. */
export async function managerTests(): Promise<(name: string, test: (t: Deno.TestContext) => Promise<void>) => void> {
  const missing = await managerMissing();
  return (name, fn) =>
    missing === undefined
      ? Deno.test(name, fn)
      : Deno.test({ name: `${name} (skipped: ${missing})`, ignore: true, fn });
}

/** Why there can be none here, or undefined where there can. */
async function managerMissing(): Promise<string | undefined> {
  if (Deno.uid() !== 0) return "needs root";
  try {
    await Deno.stat(SYSTEMD);
  } catch {
    return `needs ${SYSTEMD}`;
  }
  const env = { PATH: "/usr/bin:/bin:/usr/sbin:/sbin" };
  const made = await groups(crypto.randomUUID());
  if (made.length === 0) return "needs control groups";
  const probe = `mount -t tmpfs tmpfs /run && for group in ${made.join(" ")}; do mkdir $group && rmdir $group; done`;
  const { code } = await run(["unshare", "--mount", "--pid", "--fork", "sh", "-ec", probe], { env });
  return code === 0 ? undefined : "needs the right to make namespaces and control groups";
}

/** A running manager. */
export class TestUserManager implements AsyncDisposable {
  readonly #process: BackgroundProcess;
  readonly #groups: readonly string[];
  readonly #pid: number;
  /** Home of its user. */
  readonly home: TempDir;
  /** What a login shell of its user would have. */
  readonly env: Env;

  private constructor(parts: { process: BackgroundProcess; groups: readonly string[]; pid: number; home: TempDir }) {
    this.#process = parts.process;
    this.#groups = parts.groups;
    this.#pid = parts.pid;
    this.home = parts.home;
    this.env = environment(parts.home);
  }

  /** Starts one. Only within {@linkcode managerTests}. @throws {DeadlineError} */
  static async start(): Promise<TestUserManager> {
    const home = makeTempDir("manager");
    await Deno.chown(home.path, MANAGED_UID, MANAGED_UID);
    const made = await groups(home.path.slice(home.path.lastIndexOf("/") + 1));
    const process = new BackgroundProcess(
      ["unshare", "--mount", "--pid", "--fork", "--kill-child", "--mount-proc", "sh", "-c", SETUP],
      {
        env: {
          PATH: "/usr/bin:/bin:/usr/sbin:/sbin",
          HOME: home.path,
          MANAGED: String(MANAGED_UID),
          GROUPS_MADE: made.join(" "),
        },
      },
    );
    const pid = await process.waitUntil(() => childOf(process.pid), { what: "the manager's process" });
    const manager = new TestUserManager({ process, groups: made, pid, home });
    let state = "nothing";
    try {
      await until(
        async () => {
          const { text, stderr } = await manager.run(["systemctl", "--user", "is-system-running"]);
          state = text + stderr;
          return /^(running|degraded)$/.test(text.trim()) || undefined;
        },
        DEFAULT_DEADLINE,
        () => `the user manager, which says ${state} ${process.stderr}`,
      );
    } catch (error) {
      await manager[Symbol.asyncDispose]();
      throw error;
    }
    return manager;
  }

  /** Writes a file of its user's below the home, directories included. @returns Its path. */
  write(name: string, content: string | Uint8Array, mode = 0o600): string {
    let directory = this.home.path;
    for (const part of name.split("/").slice(0, -1)) {
      directory = `${directory}/${part}`;
      Deno.mkdirSync(directory, { recursive: true, mode: 0o700 });
      Deno.chownSync(directory, MANAGED_UID, MANAGED_UID);
    }
    const path = this.home.write(name, content, mode);
    Deno.chownSync(path, MANAGED_UID, MANAGED_UID);
    return path;
  }

  /** Runs a command as its user, beside it. @param env Variables beside {@linkcode TestUserManager.env}. */
  async run(argv: readonly string[], env: Env = {}): Promise<RunResult> {
    const uid = String(MANAGED_UID);
    const enter = ["nsenter", "--target", String(this.#pid), "--mount", "--pid", "--"];
    const become = ["setpriv", "--reuid", uid, "--regid", uid, "--clear-groups", "--"];
    return await run([...enter, ...become, ...argv], { env: { ...this.env, ...env }, cwd: "/", deadline: DEADLINE });
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#process.kill("SIGKILL"); // unshare takes the namespace's first process with it, the kernel all the others
    await this.#process.ended();
    for (const group of this.#groups) await removeGroup(group);
    this.home[Symbol.dispose]();
  }
}

function environment(home: TempDir): Env {
  return {
    PATH: "/usr/bin:/bin",
    HOME: home.path,
    LANG: "C.UTF-8",
    XDG_RUNTIME_DIR: `/run/user/${MANAGED_UID}`,
  };
}

/** The unified hierarchy, and systemd's own where it is a second one. */
async function groups(name: string): Promise<readonly string[]> {
  const roots: string[] = [];
  for (const root of [CGROUPS, `${CGROUPS}/unified`, `${CGROUPS}/systemd`]) {
    try {
      await Deno.stat(`${root}/cgroup.procs`);
      roots.push(`${root}/bwssh-${name}`);
    } catch {
      // not how this machine has it
    }
  }
  return roots;
}

/** rmdir(2) is how a control group goes, from the inside out; its last process may still be on its way. */
async function removeGroup(path: string): Promise<void> {
  for await (const entry of Deno.readDir(path)) if (entry.isDirectory) await removeGroup(`${path}/${entry.name}`);
  await until(
    async () => {
      try {
        await Deno.remove(path);
        return true;
      } catch (error) {
        if (error instanceof Error && error.message.includes("busy")) return undefined;
        throw error;
      }
    },
    DEFAULT_DEADLINE,
    `${path} to be empty`,
  );
}

function childOf(pid: number): number | undefined {
  const [first] = Deno.readTextFileSync(`/proc/${pid}/task/${pid}/children`).trim().split(" ");
  return first === undefined || first === "" ? undefined : Number(first);
}

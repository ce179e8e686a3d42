/**
 * `deno task bench [--quick]`: bwssh beside OpenSSH's ssh-agent, with the same keys, in one run. Prints tables; ends with
 * 1 only if something could not be run or a signature was wrong, never because of a number.
 *
 * `BWSSH_TEST_BINARY` names the binary to measure; without it `dist/bwssh` is built.
 *
 * @module
 */

import { makeTempDir } from "../support/temp.ts";
import { binaryToMeasure } from "./binary.ts";
import type { Effort } from "./compare.ts";
import { makeKeys } from "./keys.ts";
import { Load } from "./load.ts";
import { describeMachine, loadAverage } from "./machine.ts";
import { memory } from "./memory.ts";
import { startBwssh, startSshAgent } from "./peers.ts";
import { type Figure, figureTable, outcomeTable, table } from "./report.ts";
import { type BenchKeys, byConnections, byKeys, speed } from "./speed.ts";
import { coldStart, unlocking } from "./start.ts";

/** How much of everything. */
interface Plan {
  readonly ed25519Keys: number;
  readonly speed: Effort;
  readonly growth: Effort;
  readonly signatures: number;
  readonly starts: number;
  readonly unlocks: number;
}

/** About five minutes on two cores. */
const FULL: Plan = {
  ed25519Keys: 1000,
  speed: { rounds: 5, milliseconds: 1000 },
  growth: { rounds: 3, milliseconds: 500 },
  signatures: 200_000,
  starts: 15,
  unlocks: 3,
};
/** About one minute; its numbers are rough. */
const QUICK: Plan = {
  ed25519Keys: 100,
  speed: { rounds: 3, milliseconds: 300 },
  growth: { rounds: 1, milliseconds: 200 },
  signatures: 20_000,
  starts: 5,
  unlocks: 1,
};
/** Keys of the memory measurement: of each kind some, most of them Ed25519. */
const MEMORY_KEYS = 50;

async function bench(plan: Plan): Promise<void> {
  await using stack = new AsyncDisposableStack();
  const dir = stack.use(makeTempDir("bench"));
  const load = await Load.compile(dir);
  const binary = await binaryToMeasure();
  for (const line of await describeMachine(binary, dir.path)) say(line);
  say(`load average at the start: ${loadAverage()}`);
  const keys: BenchKeys = {
    ed25519: await makeKeys(dir, "ed25519", plan.ed25519Keys),
    p256: await makeKeys(dir, "p256", 2),
    rsa3072: await makeKeys(dir, "rsa3072", 2),
  };
  const figures: Figure[] = [];
  const held = [...keys.ed25519.slice(0, MEMORY_KEYS - 4), ...keys.p256, ...keys.rsa3072];
  {
    await using agents = new AsyncDisposableStack();
    const sshAgent = agents.use(await startSshAgent(dir, held));
    const bwssh = agents.use(await startBwssh(dir, { binary, keys: held }));
    await bwssh.unlock();
    const logging = agents.use(await startBwssh(dir, { binary, keys: held, logLevel: "info" }));
    await logging.unlock();
    const peers = [sshAgent, bwssh, { ...logging, name: "bwssh, log_level = info" }];
    const measured = await speed(load, peers, keys, plan.speed);
    figures.push(...measured.figures);
    section(`Speed, ${held.length} keys`, outcomeTable(measured.rows));
    section("Connections", outcomeTable(await byConnections(load, [sshAgent, bwssh], keys, plan.growth)));
    const { starts, figure } = await coldStart(dir, bwssh, plan.starts);
    figures.push(figure);
    if (starts !== undefined) {
      const rows = [["empty program", starts.empty.toFixed(0)], ["bwssh status", starts.status.toFixed(0)]];
      section("Start to end of a command", table(["command", "ms"], rows));
    }
  }
  section("Keys, 8 clients", outcomeTable(await byKeys(load, binary, keys, plan.growth)));
  const use = await memory(load, binary, held, plan.signatures);
  figures.push(...use.figures);
  const sizes = use.states.map(({ when, resident, proportional }) => [
    when,
    resident.toFixed(1),
    proportional?.toFixed(1) ?? "",
  ]);
  section("Memory of the daemon", table(["when", "VmRSS MiB", "PSS MiB"], sizes));
  figures.push(...(await unlocking(binary, keys.ed25519, plan.unlocks)).figures);
  section("Figures", figureTable(figures));
  say(`\nload average at the end: ${loadAverage()}`);
}

function section(title: string, text: string): void {
  say(`\n### ${title}\n\n${text}`);
}

function say(text: string): void {
  const bytes = new TextEncoder().encode(`${text}\n`);
  for (let at = 0; at < bytes.length;) at += Deno.stdout.writeSync(bytes.subarray(at));
}

async function main(args: readonly string[]): Promise<number> {
  if (args.length > 1 || (args[0] ?? "--quick") !== "--quick") {
    say("usage: deno task bench [--quick]");
    return 2;
  }
  try {
    await bench(args[0] === "--quick" ? QUICK : FULL);
    return 0;
  } catch (error) {
    say(`bench: ${error instanceof Error ? error.message : String(error)}`);
    return 1;
  }
}

if (import.meta.main) Deno.exit(await main(Deno.args));

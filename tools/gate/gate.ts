/**
 * The gate: build, formatting, lint, types, then every test, each room's in a process of its own.
 *
 * Not for: reading the command line; `tools/test.ts` and `tools/ok.ts` do.
 *
 * @module
 */

import { ROOT } from "../build/build.ts";
import { ensureTestTools } from "../setup.ts";
import { runStep, runSuite, say } from "./run.ts";
import { findTestFiles, groupSuites, splitInto, type Suite } from "./suites.ts";
import { add, exitCode, NOTHING, type Tally, tallyLine } from "./tally.ts";

/** What to run. */
export interface GateOptions {
  /** Only test files whose path contains one of them, and no gate steps. */
  readonly filters: readonly string[];
  /** Only what runs a built binary, against the one BWSSH_TEST_BINARY names; nothing is built or checked. */
  readonly binaryOnly: boolean;
}

/** How many processes share the suite that waits most, for `bw` and for daemons. Each of its files has its own world. */
const REAL_LANES = 2;

/** The rooms whose examples in comments run as tests. */
const DOCUMENTED = ["mod/ssh", "mod/agent", "mod/policy", "mod/control"] as const;

/**
 * Runs it and prints the line that everybody reads last.
 *
 * @returns The exit code.
 */
export async function runGate(options: GateOptions): Promise<number> {
  const started = performance.now();
  const tallies: { readonly name: string; readonly tally: Tally }[] = [];
  try {
    for await (const part of parts(options)) tallies.push(part);
  } catch (error) {
    say(`gate: ${error instanceof Error ? error.message : String(error)}`);
    tallies.push({ name: "the gate itself", tally: { ...NOTHING, failed: 1 } });
  }
  const total = add(tallies.map(({ tally }) => tally));
  say(`\n== summary, after ${Math.round((performance.now() - started) / 1000)} s`);
  for (const { name, tally } of tallies) say(`${tally.failed > 0 ? "FAILED" : "ok    "} ${name}: ${tallyLine(tally)}`);
  const code = exitCode(total, Deno.env.get("BWSSH_TEST_ALLOW_SKIP") === "1");
  if (total.passed + total.failed === 0) say("gate: no test ran");
  if (code !== 0 && total.failed === 0 && total.skipped > 0) say("gate: tests were skipped (BWSSH_TEST_ALLOW_SKIP=1)");
  say(tallyLine(total));
  return code;
}

async function* parts(options: GateOptions): AsyncGenerator<{ readonly name: string; readonly tally: Tally }> {
  const { filters, binaryOnly } = options;
  const root = ROOT;
  const suites = groupSuites(findTestFiles(root), filters).filter((suite) => !binaryOnly || runsBinary(suite));
  if (!binaryOnly) {
    const tally = await runStep({ name: "build", args: ["run", "-A", "tools/build.ts"], root });
    yield { name: "build", tally };
    if (tally.failed > 0) return;
  }
  say("\n== tools that the tests need");
  await ensureTestTools();
  if (!binaryOnly && filters.length === 0) {
    const steps = [
      { name: "fmt", args: ["fmt", "--check"] },
      { name: "lint", args: ["lint"] },
      { name: "check", args: ["check", "main.ts", "ffi", "mod", "tools", "tests"] },
    ];
    for (const { name, args } of steps) yield { name, tally: await runStep({ name, args, root }) };
    const args = ["test", "-A", "--doc", "--permit-no-files", ...DOCUMENTED];
    yield { name: "examples", tally: await runSuite({ name: "examples in comments", args, root }) };
  }
  const flags = ["test", "-A", ...(filters.length === 0 && !binaryOnly ? ["--no-check"] : [])];
  for (const { name, files } of suites) {
    const lanes = splitInto(name === "real" ? REAL_LANES : 1, files);
    const running = lanes.map((lane, at) =>
      runSuite({
        name: lanes.length === 1 ? name : `${name}, ${at + 1} of ${lanes.length}`,
        args: [...flags, ...lane],
        root,
        env: environment(options),
        prefix: lanes.length === 1 ? "" : `${at + 1}| `,
      })
    );
    yield { name, tally: add(await Promise.all(running)) };
  }
}

/** The suites that see a built binary: they are worth repeating against the other kind. */
function runsBinary({ name }: Suite): boolean {
  return name === "real" || (name === "build" && Deno.env.get("DENORT_BIN") !== undefined);
}

function environment({ binaryOnly }: GateOptions): Readonly<Record<string, string>> {
  const binary = Deno.env.get("BWSSH_TEST_BINARY");
  if (binary === undefined && binaryOnly) throw new Error("Cannot test a binary only: BWSSH_TEST_BINARY names none");
  return {
    BWSSH_TEST_BINARY: binary ?? `${ROOT}/dist/bwssh`,
    ...(binaryOnly ? { BWSSH_TEST_KINDS: "compiled" } : {}),
  };
}

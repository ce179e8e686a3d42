/**
 * The load generator, `load.c`: compiled once for a run, called for each measurement.
 *
 * @module
 */

import { baseEnv, run, runOk } from "../support/process.ts";
import type { TempDir } from "../support/temp.ts";

/** What to send. */
export interface LoadOptions {
  readonly socket: string;
  /** Frames, sent in turn. */
  readonly requests: readonly Uint8Array[];
  /** The number every answer must have. */
  readonly answer: number;
  readonly connections: number;
  readonly milliseconds?: number;
  readonly count?: number;
  /** Offset of 8 bytes to vary. */
  readonly vary?: number;
  /** Whether to keep some pairs of requests and answers. */
  readonly keep?: boolean;
}

/** What came of it. Latencies are in microseconds. */
export interface LoadResult {
  readonly count: number;
  readonly seconds: number;
  /** Answers per second. */
  readonly rate: number;
  readonly p50: number;
  readonly p99: number;
  readonly max: number;
  /** Processor time of the load generator itself, in seconds. */
  readonly own: number;
  /** Frames: a request, its answer, a request, its answer… */
  readonly samples: Uint8Array<ArrayBuffer>;
}

const NUMBERS = ["count", "seconds", "rate", "p50", "p99", "max", "own"] as const;
/** On top of what a measurement is to take, in milliseconds. */
const PATIENCE = 120_000;

/** The compiled program. */
export class Load {
  readonly #program: string;
  readonly #dir: TempDir;

  private constructor(program: string, dir: TempDir) {
    this.#program = program;
    this.#dir = dir;
  }

  /** Compiles it. @throws {Error} If there is no C compiler and none can be installed. */
  static async compile(dir: TempDir): Promise<Load> {
    const env = baseEnv(dir.path);
    const program = dir.join("load");
    await needCompiler();
    await runOk(["cc", "-O2", "-o", program, `${import.meta.dirname}/load.c`], { env });
    return new Load(program, dir);
  }

  /** Measures. @throws {Error} If an answer is not of the number it should be, or none comes. */
  async run(options: LoadOptions): Promise<LoadResult> {
    const { socket, requests, answer, connections, milliseconds = 0, count = 0, vary = 0 } = options;
    const file = this.#dir.join("requests");
    const samples = options.keep === true ? this.#dir.join("samples") : "-";
    await Deno.writeFile(file, new Uint8Array(await new Blob(requests.map((each) => each.slice())).arrayBuffer()));
    const numbers = [answer, connections, milliseconds, count, vary].map(String);
    const { text } = await runOk([this.#program, socket, file, ...numbers, samples], {
      env: baseEnv(this.#dir.path),
      deadline: milliseconds + PATIENCE,
    });
    const kept = samples === "-" ? new Uint8Array(0) : await Deno.readFile(samples);
    return { ...decode(JSON.parse(text)), samples: kept };
  }
}

function decode(json: unknown): Omit<LoadResult, "samples"> {
  if (typeof json !== "object" || json === null) throw new Error("Cannot read what the load generator printed");
  const entries = new Map<string, unknown>(Object.entries(json));
  const number = (name: typeof NUMBERS[number]): number => {
    const value = entries.get(name);
    if (typeof value !== "number") throw new Error(`Cannot read "${name}" of the load generator`);
    return value;
  };
  return {
    ...{ count: number("count"), seconds: number("seconds"), rate: number("rate"), p50: number("p50") },
    ...{ p99: number("p99"), max: number("max"), own: number("own") },
  };
}

/** Installs a C compiler where that can be done without asking. */
async function needCompiler(): Promise<void> {
  const env = { ...baseEnv("/nonexistent"), DEBIAN_FRONTEND: "noninteractive" };
  const probe = async (argv: readonly string[]): Promise<boolean> => {
    try {
      return (await run(argv, { env, deadline: PATIENCE })).code === 0;
    } catch {
      return false;
    }
  };
  if (await probe(["cc", "--version"])) return;
  if (Deno.uid() === 0 && await probe(["apt-get", "install", "-y", "--no-install-recommends", "gcc", "libc6-dev"])) {
    return;
  }
  throw new Error("Cannot compile the load generator: no C compiler; `apt-get install gcc libc6-dev` brings one");
}

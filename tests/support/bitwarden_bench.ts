/**
 * What the tests of the Bitwarden source share: a source over a scripted runner, listings, and a receiver.
 *
 * @module
 */

import { ok, rejects, strictEqual as equal } from "node:assert/strict";
import { type BitwardenSettings, BitwardenSource } from "../../mod/source/bitwarden/bitwarden_source.ts";
import type { Selection } from "../../mod/source/bitwarden/collector.ts";
import { parseQuery } from "../../mod/source/bitwarden/query.ts";
import { DEFAULT_QUERY } from "../../mod/source/bitwarden/query_tree.ts";
import type { CommandEnd } from "../../mod/source/command.ts";
import { type FoundKey, type ItemProblem, type KeyReceiver, SourceError } from "../../mod/source/source.ts";
import { HeapMemory, peekText } from "./heap_memory.ts";
import { type Scripted, ScriptedRunner } from "./scripted_runner.ts";

/** Marked like a key and none. */
export const PEM = "-----BEGIN OPENSSH PRIVATE KEY-----\nbm90IGEga2V5\n-----END OPENSSH PRIVATE KEY-----";
/** The form of a session key. */
export const SESSION = `${"aB3+/9".repeat(15).slice(0, 86)}==`;
export const OTHER_SESSION = `${"zzzz".repeat(22).slice(0, 86)}==`;
/** Item ids. */
export const A = "aaaaaaaa-0000-4000-8000-000000000000";
export const B = "bbbbbbbb-0000-4000-8000-000000000000";
export const C = "cccccccc-0000-4000-8000-000000000000";
export const D = "dddddddd-0000-4000-8000-000000000000";

/** An SSH-key item. */
export function ssh(id: string, name: string, more: object = {}): object {
  return {
    type: 5,
    name,
    id,
    reprompt: 0,
    sshKey: { privateKey: `${PEM} ${name}`, publicKey: `ssh-ed25519 AAAA ${name}` },
    ...more,
  };
}

/** Keeps what it is given, as text. */
export class Receiver implements KeyReceiver {
  readonly keys: Omit<FoundKey, "material">[] = [];
  readonly materials: string[] = [];
  readonly problems: ItemProblem[] = [];
  take({ material, ...key }: FoundKey): void {
    this.keys.push(key);
    this.materials.push(peekText(material));
    material.wipe();
  }
  problem(problem: ItemProblem): void {
    this.problems.push(problem);
  }
  get ids(): readonly string[] {
    return this.keys.map((key) => key.identityId);
  }
}

/** A signal that never fires. */
export const never = new AbortController().signal;

/** A source over a script. */
export interface Bench extends Disposable {
  readonly memory: HeapMemory;
  readonly runner: ScriptedRunner;
  readonly source: BitwardenSource;
  readonly receiver: Receiver;
  /** What the source was made with. */
  readonly settings: BitwardenSettings;
}

/** What of the configuration a test is about. */
export interface BenchOptions {
  readonly selection?: Selection;
  readonly attachments?: boolean;
  readonly dataDir?: string;
}

/** A source over a script, with a session. Disposing demands that all locked memory came back. */
export function bench(
  script: Record<string, Scripted> | ((args: string) => Scripted),
  { selection = { mode: "query", query: DEFAULT_QUERY, collectionIds: [] }, attachments = false, dataDir }:
    BenchOptions = {},
): Bench {
  const memory = new HeapMemory();
  const table = typeof script === "function" ? script : (args: string): Scripted => {
    const found = script[args.replace(" --nointeraction", "")];
    if (found === undefined) throw new Error(`Unexpected call of bw ${args}`);
    return found;
  };
  const runner = new ScriptedRunner(memory, table);
  const settings = {
    runner,
    memory,
    words: ["/opt/bw"],
    env: { PATH: "/usr/bin" },
    dataDir,
    deadlineMs: 30_000,
    selection,
    attachments,
  };
  const source = new BitwardenSource(settings);
  source.setSession(memory.of(SESSION));
  const dispose = (): void => {
    source[Symbol.dispose]();
    equal(memory.live, 0, "bytes left in locked memory");
    equal(runner.running, 0);
  };
  return { memory, runner, source, settings, receiver: new Receiver(), [Symbol.dispose]: dispose };
}

/** A listing of items. */
export function list(...items: readonly object[]): Scripted {
  return { stdout: JSON.stringify(items) };
}

/** An exit that reports a failure. */
export const failed = (stderr: string, code = 1): CommandEnd => ({ kind: "exited", code, stderr });
/** Discovery by query. */
export const byQuery = (query: string): Selection => ({ mode: "query", query: parseQuery(query), collectionIds: [] });

/** The code of the SourceError that a promise must fail with. */
export async function codeOf(work: Promise<unknown>): Promise<string> {
  let code = "(none)";
  await rejects(work, (error: unknown) => {
    ok(error instanceof SourceError, String(error));
    ok(error.hint.length > 0);
    code = error.code;
    return true;
  });
  return code;
}
/** Discovery by id. */
export const explicit = (...itemIds: readonly string[]): Selection => ({ mode: "explicit", itemIds });

/** A complete listing of one item, A. */
export const COMPLETE = JSON.stringify([ssh(A, "a")]);
/** An attachment named like a key. */
export const FILE = { id: "att1", fileName: "id_ed25519", size: "411" };

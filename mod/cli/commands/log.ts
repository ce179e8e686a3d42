/** `bwssh log`: the decisions, one a line. @module */

import { type AuditEntry, parseEntry } from "../../audit/entry.ts";
import { followAuditLines, readAuditLines } from "../../client/audit_reader.ts";
import { printable } from "../../ssh/printable.ts";
import { auditPath } from "../audit_path.ts";
import { type CliContext, print } from "../context.ts";
import type { LogFlags } from "../flags.ts";
import { table } from "../table.ts";

/** Lines shown unless asked for more. */
const DEFAULT_LINES = 50;

/** Prints the last decisions, and with `--follow` those to come. */
export default async function log(this: CliContext, flags: LogFlags): Promise<void> {
  const path = await auditPath(this);
  const chosen = readAuditLines(path).filter((line) => matches(line, flags)).slice(-(flags.lines ?? DEFAULT_LINES));
  if (flags.json === true) { for (const line of chosen) print(this, line); }
  else if (chosen.length > 0) print(this, table(chosen.flatMap(rowOf)));
  if (flags.follow !== true) return;
  for await (const line of followAuditLines(path, new AbortController().signal)) {
    if (matches(line, flags)) print(this, flags.json === true ? line : table(rowOf(line)));
  }
}

function matches(line: string, { denied, key }: LogFlags): boolean {
  const entry = parseEntry(line);
  if (entry === undefined) return true; // a line that is none should be seen
  if (denied === true && entry.verdict !== "deny") return false;
  return key === undefined || [entry.key, entry.comment, entry.item].some((name) => name?.includes(key) === true);
}

function rowOf(line: string): string[][] {
  const entry = parseEntry(line);
  if (entry === undefined) return [["?", "", printable(line.slice(0, 60)), "not an entry: bwssh log verify", "", ""]];
  const time = entry.time.slice(0, 19).replace("T", " ");
  return [[entry.id, time, entry.verdict, whatOf(entry), entry.comment ?? entry.key, programsOf(entry), entry.by]];
}

/** `git@github.com via bastion`, `sshsig:git`. */
export function whatOf({ kind, user, route }: AuditEntry): string {
  const [host, ...via] = [...route ?? []].reverse();
  const target = kind === "auth" ? `${user ?? "?"}@${host ?? "unknown destination"}` : kind;
  return via.length === 0 ? target : `${target} via ${via.reverse().join(", ")}`;
}

/** `ssh ← git ← zsh`. */
export function programsOf({ exe, pid, ancestors }: AuditEntry): string {
  const program = exe === undefined ? `pid ${pid}` : exe.slice(exe.lastIndexOf("/") + 1);
  return [program, ...ancestors ?? []].join(" ← ");
}

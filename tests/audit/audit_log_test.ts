import { deepStrictEqual as deepEqual, ok, strictEqual as equal, throws } from "node:assert/strict";
import fc from "fast-check";
import { AuditError, AuditLog } from "../../mod/audit/audit_log.ts";
import { hasHead, hashOfLine, ORIGIN, verifyChain } from "../../mod/audit/chain.ts";
import { type Decision, parseEntry } from "../../mod/audit/entry.ts";
import { askWith, sshsig } from "../policy/asks.ts";
import { makeTempDir, type TempDir } from "../support/temp.ts";

const ALLOWED: Decision = { verdict: "allow", by: "rule 1", detail: "", prompted: false, duration: 0.04 };
const DENIED: Decision = {
  verdict: "deny",
  by: "nobody-to-ask",
  detail: "No rule allows this",
  prompted: false,
  duration: 3,
};
const NOW = new Date("2026-01-02T03:04:05.678Z");

function linesOf(path: string): string[] {
  return Deno.readTextFileSync(path).trimEnd().split("\n");
}

function openLog(dir: TempDir, maxBytes = 1 << 20): AuditLog {
  return new AuditLog({ path: dir.join("state", "audit.jsonl"), maxBytes });
}

Deno.test("append() writes one line of public facts, 0600, and names the line before", () => {
  using dir = makeTempDir();
  using log = openLog(dir);
  equal(log.append(askWith(), ALLOWED, NOW), "0001");
  equal(log.append(askWith({ signed: sshsig("git") }), DENIED, NOW), "0002");
  const path = dir.join("state", "audit.jsonl");
  equal((Deno.lstatSync(path).mode ?? 0) & 0o777, 0o600);
  const lines = linesOf(path);
  const [first, second] = lines.map(parseEntry);
  ok(first !== undefined && second !== undefined);
  deepEqual([first.n, first.prev, first.verdict, first.kind, first.user], [1, ORIGIN, "allow", "auth", "git"]);
  deepEqual([second.n, second.prev, second.verdict, second.kind], [
    2,
    hashOfLine(lines[0] ?? ""),
    "deny",
    "sshsig:git",
  ]);
  equal(second.detail, "No rule allows this");
  equal(first.time, NOW.toISOString());
  deepEqual(verifyChain(lines, ORIGIN), { entries: 2, head: log.head.hash, broken: undefined });
});

Deno.test("a log that is opened again goes on where it ended", () => {
  using dir = makeTempDir();
  for (let i = 1; i <= 3; i++) {
    using log = openLog(dir);
    equal(log.head.count, i - 1);
    log.append(askWith(), ALLOWED, NOW);
  }
  deepEqual(verifyChain(linesOf(dir.join("state", "audit.jsonl")), ORIGIN).broken, undefined);
});

Deno.test("rotation keeps the last files and carries chain and count over, also over a restart", () => {
  using dir = makeTempDir();
  {
    using log = openLog(dir, 1500);
    for (let i = 0; i < 40; i++) log.append(askWith(), ALLOWED, NOW);
  }
  using log = openLog(dir, 1500);
  log.append(askWith(), ALLOWED, NOW);
  const files = [...Deno.readDirSync(dir.join("state"))].map(({ name }) => name).sort();
  deepEqual(files, ["audit.jsonl", "audit.jsonl.1", "audit.jsonl.2", "audit.jsonl.3", "audit.jsonl.4"]);
  const lines = files.toReversed().flatMap((name) => linesOf(dir.join("state", name)));
  const report = verifyChain(lines);
  equal(report.broken, undefined);
  equal(parseEntry(lines.at(-1) ?? "")?.n, 41);
  equal(report.head, log.head.hash);
});

Deno.test("a log whose current file is empty goes on from the rotated one", () => {
  using dir = makeTempDir();
  {
    using log = openLog(dir);
    log.append(askWith(), ALLOWED, NOW);
  }
  const path = dir.join("state", "audit.jsonl");
  Deno.renameSync(path, `${path}.1`);
  using log = openLog(dir);
  log.append(askWith(), ALLOWED, NOW);
  equal(parseEntry(linesOf(path)[0] ?? "")?.n, 2);
});

Deno.test("verifyChain() finds a line that was changed, removed, put in between, or exchanged", () => {
  using dir = makeTempDir();
  {
    using log = openLog(dir);
    for (let i = 0; i < 6; i++) log.append(askWith(), ALLOWED, NOW);
  }
  const lines = linesOf(dir.join("state", "audit.jsonl"));
  fc.assert(fc.property(fc.nat(4), fc.constantFrom("change", "remove", "insert", "swap"), (at, how) => {
    const forged = [...lines];
    const line = forged[at] ?? "";
    if (how === "change") forged[at] = line.replace('"allow"', '"deny"');
    else if (how === "remove") forged.splice(at, 1);
    else if (how === "insert") forged.splice(at, 0, line);
    else [forged[at], forged[at + 1]] = [forged[at + 1] ?? "", line];
    // Without its first line a log may have been rotated; only who knows what came before can tell.
    ok(verifyChain(forged, ORIGIN).broken !== undefined);
  }));
});

Deno.test("hasHead() vouches for the end, which the chain itself cannot", () => {
  using dir = makeTempDir();
  using log = openLog(dir);
  ok(hasHead([], log.head));
  for (let i = 0; i < 3; i++) log.append(askWith(), ALLOWED, NOW);
  const { head } = log;
  log.append(askWith(), ALLOWED, NOW);
  const lines = linesOf(dir.join("state", "audit.jsonl"));
  ok(hasHead(lines, head), "a later line harms nothing");
  const changed = lines.with(2, (lines[2] ?? "").replace('"allow"', '"deny"'));
  equal(verifyChain(changed.slice(0, 3)).broken, undefined, "the chain sees nothing at its end");
  equal(hasHead(changed, head), false);
  equal(hasHead(lines.slice(0, 2), head), false);
});

Deno.test("append() writes nothing in part, and says so, when the disk is full", () => {
  using dir = makeTempDir();
  using log = new AuditLog({ path: dir.join("audit.jsonl"), maxBytes: 1 << 20 });
  log.append(askWith(), ALLOWED, NOW);
  const before = Deno.readTextFileSync(dir.join("audit.jsonl"));
  const write = Deno.FsFile.prototype.writeSync;
  try {
    let calls = 0;
    Deno.FsFile.prototype.writeSync = function (bytes: Uint8Array): number {
      if (calls++ > 0) throw new Error("No space left on device");
      return write.call(this, bytes.subarray(0, 20));
    };
    throws(() => log.append(askWith(), ALLOWED, NOW), AuditError);
  } finally {
    Deno.FsFile.prototype.writeSync = write;
  }
  equal(Deno.readTextFileSync(dir.join("audit.jsonl")), before);
  log.append(askWith(), ALLOWED, NOW);
  equal(verifyChain(linesOf(dir.join("audit.jsonl")), ORIGIN).broken, undefined);
});

Deno.test("a link, another's file, or a broken end is refused", () => {
  using dir = makeTempDir();
  dir.write("elsewhere", "");
  Deno.symlinkSync(dir.join("elsewhere"), dir.join("link"));
  throws(() => new AuditLog({ path: dir.join("link"), maxBytes: 1 }), AuditError);
  dir.write("broken", '{"n":1}\n');
  throws(() => new AuditLog({ path: dir.join("broken"), maxBytes: 1 }), AuditError);
  dir.write("file", "");
  throws(() => new AuditLog({ path: dir.join("file", "below"), maxBytes: 1 }), AuditError);
});

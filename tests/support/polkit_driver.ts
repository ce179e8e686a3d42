/**
 * The polkit approver behind its queue, driven by lines of JSON: what a test runs as an ordinary user.
 *
 * In: `{"id":1,"do":"sign","key":"label"}`, `{"id":1,"do":"abort"}`, `{"do":"withdraw"}`, `{"id":1,"do":"bench","count":500}`.
 * Out: `{"ready":PID}`, `{"id":1,"kind":"allow"|"deny","reason":…,"detail":…}`, `{"hint":…}`, `{"id":1,"times":[…]}`.
 *
 * @module
 */

import { Bus, SYSTEM_BUS } from "../../ffi/dbus/bus.ts";
import { openLibc } from "../../ffi/libc.ts";
import type { Answer } from "../../mod/approval/approver.ts";
import { PolkitApprover } from "../../mod/approval/polkit.ts";
import { PolkitAuthority } from "../../mod/approval/polkit_authority.ts";
import { ownSubject, peerSubject } from "../../mod/approval/polkit_subject.ts";
import { PromptQueue } from "../../mod/approval/queue.ts";
import type { Ask, PeerFacts } from "../../mod/policy/ask.ts";
import { encodePublicKey, fingerprintOf } from "../../mod/ssh/public_key.ts";

/** One line of input. */
export interface DriverCommand {
  readonly do: "sign" | "unlock" | "abort" | "withdraw" | "bench" | "end";
  readonly id?: number;
  /** Name of the key. */
  readonly key?: string;
  readonly reprompt?: boolean;
  readonly count?: number;
}

/** How the driver is started, as its only argument. */
export interface DriverOptions {
  readonly subject: "daemon" | "client";
  readonly interactive: boolean;
  readonly deadlineMs: number;
  readonly maxWaiting: number;
  /** The uid the client pretends to have; ours if left out. */
  readonly peerUid?: number;
}

function peerFacts(uid: number): PeerFacts {
  const stat = Deno.readTextFileSync(`/proc/${Deno.pid}/stat`);
  return {
    pid: Deno.pid,
    uid,
    gid: uid,
    startTime: BigInt(stat.slice(stat.lastIndexOf(")") + 2).split(" ")[19] ?? "0"),
    exe: "/usr/bin/ssh",
    exeFile: { device: 1, inode: 1, deleted: false },
    ancestors: [{ pid: 2, program: "git", exe: "/usr/bin/git" }],
    tty: undefined,
    session: 1,
    cgroup: undefined,
    foreignMounts: false,
  };
}

function askFor(peer: PeerFacts, itemName: string, reprompt: boolean): Ask {
  const blob = encodePublicKey({ type: "ed25519", point: new Uint8Array(32).fill(7) });
  const identity = {
    id: "item#key",
    blob,
    fingerprint: fingerprintOf(blob),
    comment: "",
    itemName,
    source: "bitwarden",
    reprompt,
  };
  return {
    identity,
    peer,
    route: { kind: "unbound" },
    data: new Uint8Array(0),
    signed: { kind: "sshsig", namespace: "git", hashAlgorithm: "sha512" },
  };
}

const encoder = new TextEncoder();

function say(value: unknown): void {
  Deno.stdout.writeSync(encoder.encode(`${JSON.stringify(value)}\n`));
}

function told(id: number | undefined, answer: Omit<Answer, "permission">): void {
  say(answer.kind === "deny" ? { id, ...answer } : { id, kind: "allow" });
}

async function main(options: DriverOptions): Promise<void> {
  using libc = openLibc();
  await using bus = new Bus({ socketPath: SYSTEM_BUS });
  const uid = Deno.uid() ?? -1;
  const approver = new PolkitApprover({
    authority: new PolkitAuthority(bus),
    ourUid: uid,
    subjectFor: (peer) => options.subject === "daemon" ? ownSubject(libc) : peerSubject(libc, peer),
    interactive: options.interactive,
    onHint: (hint) => say({ hint }),
  });
  const queue = new PromptQueue(approver, () => options);
  const peer = peerFacts(options.peerUid ?? uid);
  const running = new Map<number, AbortController>();
  const obey = async (command: DriverCommand): Promise<void> => {
    const { id = 0 } = command;
    const controller = new AbortController();
    switch (command.do) {
      case "abort":
        return running.get(id)?.abort();
      case "withdraw":
        return queue.withdrawAll("The daemon locked");
      case "unlock":
        return told(id, await queue.admit("unlock", peer, controller.signal));
      case "sign": {
        running.set(id, controller);
        const ask = askFor(peer, command.key ?? "work", command.reprompt ?? false);
        return told(id, await queue.approve(ask, controller.signal, { scope: "once", seconds: 0, by: "no rule" }));
      }
      case "bench": {
        const times: number[] = [];
        for (let at = 0; at < (command.count ?? 100); at++) {
          const before = performance.now();
          const { kind } = await queue.approve(askFor(peer, "work", false), controller.signal);
          times.push(performance.now() - before);
          if (kind !== "allow") throw new Error("Cannot measure: denied");
        }
        return say({ id, times });
      }
      case "end":
        return;
      default:
        return command.do satisfies never;
    }
  };
  say({ ready: Deno.pid });
  let rest = "";
  const lines = Deno.stdin.readable.pipeThrough(new TextDecoderStream());
  for await (const text of lines) {
    const parts = (rest + text).split("\n");
    rest = parts.pop() ?? "";
    for (const line of parts) obey(JSON.parse(line));
  }
}

if (import.meta.main) await main(JSON.parse(Deno.args[0] ?? ""));

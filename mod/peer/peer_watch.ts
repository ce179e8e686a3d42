/**
 * Whether the process at the other end is still what it was when its connection was looked at: asked before each signature.
 *
 * It cannot be asked at the same instant as the signature is given: a process that runs another program in between goes
 * unseen, as does one that was told what to do by a debugger.
 *
 * @module
 */

import type { ProcessHandle } from "../../ffi/process_handle.ts";
import type { PeerFacts } from "../policy/ask.ts";
import { fileAt, isSameFile, readExeFile, readStat } from "./proc.ts";

/** The peer now. */
export type PeerState =
  /** The facts as they are now: a program's file may have been replaced since. */
  | { readonly kind: "same"; readonly facts: PeerFacts }
  | { readonly kind: "changed"; readonly code: "peer-gone" | "peer-exec"; readonly detail: string };

/** Watches the peer of one connection. Disposing gives the handle back. */
export class PeerWatch implements Disposable {
  readonly #process: ProcessHandle | undefined;
  #facts: PeerFacts;

  /** @param process The handle the facts were read under; owned from now on. */
  constructor(facts: PeerFacts, process: ProcessHandle | undefined) {
    this.#facts = facts;
    this.#process = process;
  }

  /**
   * Looks again. A peer whose start time was never known stays so; policy denies it.
   * @returns "changed" also where a program that could not be read at first now can, or no longer can.
   */
  check(): PeerState {
    const { pid, startTime, exe, exeFile } = this.#facts;
    if (startTime === undefined) return { kind: "same", facts: this.#facts };
    const file = readExeFile(pid);
    const there = exe === undefined || exeFile === undefined ? undefined : fileAt(exe);
    // Asked last: as long as it lives, what was read above was about this process and no later one with its pid.
    if (!this.#isAlive(pid, startTime)) {
      return changed("peer-gone", "The process that connected has ended; another may hold its connection");
    }
    if (exeFile === undefined ? file !== undefined : !isSameFile(file, exeFile)) {
      return changed("peer-exec", "The process that connected runs another program now");
    }
    if (exeFile?.deleted === false && this.#facts.foreignMounts !== true && !isSameFile(exeFile, there)) {
      this.#facts = { ...this.#facts, exeFile: { ...exeFile, deleted: true } };
    }
    return { kind: "same", facts: this.#facts };
  }

  [Symbol.dispose](): void {
    this.#process?.[Symbol.dispose]();
  }

  #isAlive(pid: number, startTime: bigint): boolean {
    if (this.#process !== undefined) return this.#process.isAlive();
    const stat = readStat(pid);
    return stat !== undefined && stat.startTime === startTime && stat.state !== "Z" && stat.state !== "X";
  }
}

function changed(code: (PeerState & { readonly kind: "changed" })["code"], detail: string): PeerState {
  return { kind: "changed", code, detail };
}

/**
 * Random messages for both sockets, from nearly right to nonsense; the same for the same seed.
 *
 * Not for: what a decoder makes of them one by one (fast-check in the rooms' own tests).
 *
 * @module
 */

import { ascii, joined, string, uint32 } from "./raw_client.ts";

/** A source of chance that can be repeated. */
export class Chance {
  #state: number;

  constructor(seed: number) {
    this.#state = seed | 0;
  }

  /** An integer from 0 to below `limit`. */
  below(limit: number): number {
    this.#state = (this.#state + 0x6d2b79f5) | 0; // mulberry32
    let t = Math.imul(this.#state ^ (this.#state >>> 15), 1 | this.#state);
    t = (t + Math.imul(t ^ (t >>> 7), 61 | t)) ^ t;
    return Math.floor((((t ^ (t >>> 14)) >>> 0) / 2 ** 32) * limit);
  }

  pick<T>(choices: readonly T[]): T {
    const picked = choices[this.below(choices.length)];
    if (picked === undefined) throw new RangeError("Nothing to pick from");
    return picked;
  }

  bytes(length: number): Uint8Array {
    return Uint8Array.from({ length }, () => this.below(256));
  }
}

/** Bytes for the agent socket: a frame whose length is right, of any number and contents. */
export function agentMessage(chance: Chance, blobs: readonly Uint8Array[]): Uint8Array {
  const kind = chance.below(6);
  if (kind === 0) return string(chance.bytes(1 + chance.below(200)));
  if (kind === 1) return string(joined(Uint8Array.of(chance.below(256)), chance.bytes(chance.below(40))));
  const code = kind === 2 ? 27 : 13;
  const fields = code === 27
    ? [
      string(ascii(chance.pick(["query", "session-bind@openssh.com", "x@example.test", ""]))),
      ...someFields(chance, blobs),
    ]
    : [string(chance.pick(blobs)), ...someFields(chance, blobs), uint32(chance.pick([0, 1, 2, 4, 6, 0xffff_ffff]))];
  return string(damaged(chance, joined(Uint8Array.of(code), ...fields)));
}

/** Bytes for the control socket: a frame whose length is right, of nearly JSON. Never one that ends the daemon. */
export function controlMessage(chance: Chance): Uint8Array {
  const type = chance.pick<unknown>(["status", "keys", "lock", "sync", "reload", "unlock", "", 7, null, {}, []]);
  const message = {
    v: chance.pick<unknown>([1, 1, 1, 0, 2, "1", null]),
    type,
    secretLength: chance.pick<unknown>([0, -1, 1.5, 1e9, "88", null, {}]),
    [chance.pick(["__proto__", "constructor", "extra"])]: chance.below(10),
  };
  const text = ascii(JSON.stringify(message));
  const bytes = chance.below(2) === 0 ? text : damaged(chance, text);
  const isStop = new TextDecoder().decode(bytes).includes("stop");
  return bytes.length === 0 || isStop ? string(ascii("{}")) : string(bytes);
}

/** Strings as sign requests and binds have them: keys, signed data of every kind, anything. */
function someFields(chance: Chance, blobs: readonly Uint8Array[]): readonly Uint8Array[] {
  return Array.from({ length: chance.below(5) }, () => {
    switch (chance.below(4)) {
      case 0:
        return string(chance.pick(blobs));
      case 1:
        return string(
          joined(ascii("SSHSIG"), string(ascii("file")), string(), string(ascii("sha256")), string(chance.bytes(32))),
        );
      case 2:
        return string(
          joined(
            string(chance.bytes(32)),
            Uint8Array.of(50),
            ...["me", "ssh-connection", "publickey"].map((word) => string(ascii(word))),
          ),
        );
      default:
        return string(chance.bytes(chance.below(300)));
    }
  });
}

/** The bytes with some of them changed, cut off, or repeated. */
function damaged(chance: Chance, bytes: Uint8Array): Uint8Array {
  const result = bytes.slice();
  for (let times = chance.below(3); times > 0; times--) result[chance.below(result.length)] = chance.below(256);
  if (chance.below(4) === 0) return result.subarray(0, 1 + chance.below(result.length));
  if (chance.below(8) === 0) return joined(result, result.subarray(0, chance.below(result.length)));
  return result;
}

import { deepStrictEqual as deepEqual, strictEqual as equal, throws } from "node:assert/strict";
import { type Arena, openArena } from "../../ffi/arena.ts";
import { CryptoError } from "../../ffi/crypto/errors.ts";
import { IDLE_MILLISECONDS, KeptObjects } from "../../ffi/crypto/kept.ts";
import type { Pointer } from "../../ffi/crypto/symbols.ts";
import { openLibc } from "../../ffi/libc.ts";
import type { Secret } from "../../ffi/secret.ts";

/** Objects that are numbers, so that a test sees which were made and freed. */
class Fakes implements Disposable {
  readonly #libc = openLibc();
  readonly arena: Arena = openArena(this.#libc, { requireLocked: false });
  readonly freed: number[] = [];
  readonly kept: KeptObjects;
  made = 0;

  constructor(limit = 1000) {
    this.kept = new KeptObjects((pointer) => this.freed.push(numberOf(pointer)), limit);
  }

  secret(): Secret {
    return this.arena.allocate(16);
  }

  /** Uses the object of a secret for an instant. */
  touch(secret: Secret, bytes = 100): number {
    using lease = this.kept.borrow(secret, bytes, () => this.make());
    return numberOf(lease.pointer);
  }

  make(): Pointer {
    const pointer = Deno.UnsafePointer.create(BigInt(++this.made));
    if (pointer === null) throw new RangeError("Cannot make a pointer of 0");
    return pointer;
  }

  [Symbol.dispose](): void {
    this.kept[Symbol.dispose]();
    this.arena[Symbol.dispose]();
    this.#libc[Symbol.dispose]();
  }
}

function numberOf(pointer: Pointer): number {
  return Number(Deno.UnsafePointer.value(pointer));
}

Deno.test("borrow() builds once for each secret", () => {
  using fakes = new Fakes();
  const [a, b] = [fakes.secret(), fakes.secret()];
  deepEqual([fakes.touch(a), fakes.touch(b), fakes.touch(a)], [1, 2, 1]);
  deepEqual([fakes.kept.size, fakes.kept.bytes], [2, 200]);
});

Deno.test("borrow() refuses a secret that is wiped, though its object is still there", () => {
  using fakes = new Fakes();
  const a = fakes.secret();
  fakes.touch(a);
  a.wipe();
  throws(() => fakes.touch(a), TypeError);
});

Deno.test("dropIdle() drops what nobody used for a minute, counted from the first look after the use", () => {
  using fakes = new Fakes();
  const [a, b] = [fakes.secret(), fakes.secret()];
  fakes.touch(a);
  fakes.touch(b);
  fakes.kept.dropIdle(1000);
  fakes.kept.dropIdle(1000 + IDLE_MILLISECONDS - 1);
  fakes.touch(b);
  deepEqual(fakes.freed, []);
  fakes.kept.dropIdle(1000 + IDLE_MILLISECONDS);
  deepEqual(fakes.freed, [1]);
  fakes.kept.dropIdle(1000 + 2 * IDLE_MILLISECONDS - 1);
  deepEqual(fakes.freed, [1]);
  fakes.kept.dropIdle(1000 + 2 * IDLE_MILLISECONDS);
  deepEqual(fakes.freed, [1, 2]);
  deepEqual([fakes.kept.size, fakes.kept.bytes], [0, 0]);
});

Deno.test("nothing frees an object under a running signature", () => {
  using fakes = new Fakes(50);
  const [a, b] = [fakes.secret(), fakes.secret()];
  const [first, second] = [
    fakes.kept.borrow(a, 100, () => fakes.make()),
    fakes.kept.borrow(a, 100, () => fakes.make()),
  ];
  equal(numberOf(first.pointer), numberOf(second.pointer));
  fakes.kept.dropIdle(0);
  fakes.kept.dropIdle(IDLE_MILLISECONDS);
  fakes.touch(b); // over the limit
  fakes.kept.forget(a);
  fakes.kept.dropAll();
  deepEqual(fakes.freed, [2]);
  first[Symbol.dispose]();
  first[Symbol.dispose](); // twice is once
  deepEqual(fakes.freed, [2]);
  equal(fakes.touch(a), 3, "a forgotten object was used again");
  second[Symbol.dispose]();
  deepEqual(fakes.freed, [2, 1]);
});

Deno.test("borrow() makes room by dropping what was used longest ago", () => {
  using fakes = new Fakes(300);
  const [a, b, c, d] = [fakes.secret(), fakes.secret(), fakes.secret(), fakes.secret()];
  for (const secret of [a, b, c, a, d]) fakes.touch(secret);
  deepEqual(fakes.freed, [2]);
  fakes.touch(fakes.secret(), 300);
  deepEqual(fakes.freed, [2, 3, 1, 4]);
});

Deno.test("borrow() drops what is unused when the secure heap is full, and tries once more", () => {
  using fakes = new Fakes();
  const [a, b, c] = [fakes.secret(), fakes.secret(), fakes.secret()];
  fakes.touch(a);
  using _ = fakes.kept.borrow(b, 100, () => fakes.make());
  let attempts = 0;
  const full = (): Pointer => {
    if (++attempts === 1) throw new CryptoError("secure-heap-exhausted", "full");
    return fakes.make();
  };
  using lease = fakes.kept.borrow(c, 100, full);
  deepEqual([attempts, numberOf(lease.pointer), fakes.freed], [2, 3, [1]]);
  const broken = (): Pointer => {
    attempts++;
    throw new CryptoError("failed", "broken");
  };
  throws(() => fakes.kept.borrow(fakes.secret(), 100, broken), /broken/);
  equal(attempts, 3);
});

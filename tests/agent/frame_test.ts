import { deepStrictEqual, strictEqual, throws } from "node:assert/strict";
import fc from "fast-check";
import {
  type AgentFrame,
  FrameAssembler,
  FrameError,
  MAX_FRAME_LENGTH,
  type ReceivedBytes,
} from "../../mod/agent/frame.ts";
import { MESSAGE } from "../../mod/agent/numbers.ts";
import { exchanges, framesOf, received } from "../support/agent_frames.ts";
import { fromHex, toHex } from "../support/hex.ts";

/** A frame on the wire; what it announces may be a lie. */
function wire(code: number, body: Uint8Array, announced = body.length + 1): Uint8Array<ArrayBuffer> {
  const bytes = new Uint8Array(5 + body.length);
  new DataView(bytes.buffer).setUint32(0, announced);
  bytes[4] = code;
  bytes.set(body, 5);
  return bytes;
}

function concat(parts: readonly Uint8Array[]): Uint8Array<ArrayBuffer> {
  return Uint8Array.from(parts.flatMap((part) => [...part]));
}

/** Received bytes that count what is copied out of them. */
function counted(bytes: Uint8Array): ReceivedBytes & { copies: number; copied: number; given: Uint8Array[] } {
  const plain = received(bytes);
  return {
    ...plain,
    copies: 0,
    copied: 0,
    given: [],
    copy(start, end): Uint8Array<ArrayBuffer> {
      this.copies += 1;
      this.copied += end - start;
      const copy = plain.copy(start, end);
      this.given.push(copy);
      return copy;
    },
  };
}

const SIGN = MESSAGE.SSH_AGENTC_SIGN_REQUEST;
const body = (length: number): Uint8Array => Uint8Array.from({ length }, (_, at) => at % 251);

Deno.test("a whole frame costs one copy, a hundred of them a hundred", () => {
  const bytes = counted(concat(Array.from({ length: 100 }, () => wire(SIGN, body(40)))));
  const frames: AgentFrame[] = [];
  const assembler = new FrameAssembler();
  assembler.push(bytes, (frame) => frames.push(frame));
  strictEqual(frames.length, 100);
  deepStrictEqual(frames[99], { code: SIGN, body: body(40), drained: false });
  strictEqual(bytes.copies, 100);
  deepStrictEqual(frames.map(({ body }) => body), bytes.given);
  strictEqual(frames.every(({ body }, index) => body === bytes.given[index]), true); // the copies themselves
  strictEqual(assembler.pending, 0);
});

Deno.test("bodies are copies: what the receive buffer holds later does not reach them", () => {
  const bytes = wire(SIGN, body(8));
  const [frame] = framesOf(bytes);
  bytes.fill(0xff);
  deepStrictEqual(frame?.body, body(8));
});

Deno.test("OpenSSH's recorded requests come out the same whole, in one stream and byte by byte", () => {
  const requests = exchanges().map(({ request }) => request);
  const expected = requests.map((request) => ({ code: request[4], hex: toHex(request.subarray(5)) }));
  const read = (pieces: readonly Uint8Array[]): typeof expected => {
    const frames: typeof expected = [];
    const assembler = new FrameAssembler();
    for (const piece of pieces) {
      assembler.push(
        received(piece),
        ({ code, body, drained }) => frames.push({ code, hex: drained ? "?" : toHex(body) }),
      );
    }
    return frames;
  };
  const stream = concat(requests);
  const shown = expected.map((frame) =>
    ([11, 13, 18, 19, 27].includes(frame.code ?? 0) || frame.hex === "") ? frame : { ...frame, hex: "?" }
  );
  deepStrictEqual(read(requests), shown);
  deepStrictEqual(read([stream]), shown);
  deepStrictEqual(read([...stream].map((byte) => Uint8Array.of(byte))), shown);
});

const SECRET = [7, 17, 20, 21, 22, 23, 24, 25, 26, 200];
for (const code of SECRET) {
  Deno.test(`the contents of message ${code} are never copied, whole or in pieces`, () => {
    const frames: AgentFrame[] = [];
    const assembler = new FrameAssembler();
    const whole = counted(concat([wire(code, body(3000)), wire(SIGN, body(2)), wire(code, body(1).subarray(1))]));
    assembler.push(whole, (frame) => frames.push(frame));
    strictEqual(whole.copied, 2);
    deepStrictEqual(frames.map((frame) => [frame.code, frame.body.length, frame.drained]), [
      [code, 0, true],
      [SIGN, 2, false],
      [code, 0, false], // nothing was there to be dropped
    ]);
    const stream = wire(code, body(3000));
    for (let at = 0; at < stream.length; at += 7) {
      const piece = counted(stream.subarray(at, at + 7));
      assembler.push(piece, (frame) => frames.push(frame));
      strictEqual(piece.copies, 0);
      strictEqual(assembler.pending <= 5, true);
      strictEqual(assembler.pending > 0, at + 7 < stream.length);
    }
    strictEqual(frames.length, 4);
  });
}

const LENGTHS = [
  { name: "length 0", hex: "00000000", code: "empty" },
  { name: "length 0 and more", hex: "000000000b", code: "empty" },
  { name: "256 KiB and one", hex: "00040001", code: "too-long" },
  { name: "4 GB", hex: "ffffffff0d", code: "too-long" },
  { name: "text", hex: "474554202f", code: "too-long" },
] as const;
for (const { name, hex, code } of LENGTHS) {
  Deno.test(`FrameAssembler refuses ${name}, after the frames before it, once and for all`, () => {
    const frames: AgentFrame[] = [];
    const take = (frame: AgentFrame): void => void frames.push(frame);
    const assembler = new FrameAssembler();
    const refused = (error: unknown): boolean => error instanceof FrameError && error.code === code;
    throws(() => assembler.push(received(concat([wire(SIGN, body(3)), fromHex(hex)])), take), refused);
    strictEqual(frames.length, 1);
    strictEqual(assembler.pending, 0);
    throws(() => assembler.push(received(wire(SIGN, body(3))), take), refused);
    strictEqual(frames.length, 1);
  });
}

Deno.test("a frame of exactly 256 KiB is read, whole and in pieces", () => {
  const bytes = wire(SIGN, body(MAX_FRAME_LENGTH - 1));
  deepStrictEqual(framesOf(bytes)[0]?.body, body(MAX_FRAME_LENGTH - 1));
  const frames: AgentFrame[] = [];
  const assembler = new FrameAssembler();
  for (let at = 0; at < bytes.length; at += 4096) {
    assembler.push(received(bytes.subarray(at, at + 4096)), (frame) => frames.push(frame));
  }
  deepStrictEqual(frames[0]?.body, body(MAX_FRAME_LENGTH - 1));
  strictEqual(frames[0]?.body.buffer.byteLength, MAX_FRAME_LENGTH - 1);
});

Deno.test("pending is what is held, and 0 between frames", () => {
  const assembler = new FrameAssembler();
  const bytes = wire(SIGN, body(10));
  for (let at = 0; at < bytes.length; at++) {
    strictEqual(assembler.pending, at);
    assembler.push(received(bytes.subarray(at, at + 1)), () => {});
  }
  strictEqual(assembler.pending, 0);
  assembler.push(received(new Uint8Array(0)), () => {});
  strictEqual(assembler.pending, 0);
});

Deno.test("1000 clients that announce 256 KiB and send 8 bytes cost a small part of it", () => {
  const before = externalBytes();
  const stalled = Array.from({ length: 1000 }, () => {
    const assembler = new FrameAssembler();
    assembler.push(received(wire(SIGN, body(3), MAX_FRAME_LENGTH)), () => {});
    return assembler;
  });
  const grown = externalBytes() - before;
  strictEqual(grown < 16 * 1024 * 1024, true, `${grown} bytes`); // 250 MiB were announced
  strictEqual(stalled.every((assembler) => assembler.pending === 8), true);
});

function externalBytes(): number {
  const { external, heapUsed } = Deno.memoryUsage();
  return external + heapUsed;
}

Deno.test("what take() throws leaves the assembler between two frames", () => {
  const assembler = new FrameAssembler();
  throws(() =>
    assembler.push(received(wire(SIGN, body(3))), () => {
      throw new RangeError("Cannot take it");
    }), RangeError);
  strictEqual(assembler.pending, 0);
  const frames: AgentFrame[] = [];
  assembler.push(received(wire(SIGN, body(3))), (frame) => frames.push(frame));
  strictEqual(frames.length, 1);
});

const FRAME = fc.record({
  code: fc.oneof(fc.constantFrom(11, 13, 17, 18, 22, 25, 27), fc.nat(255)),
  body: fc.oneof(fc.uint8Array({ maxLength: 30 }), fc.nat(5000).map(body)),
});

Deno.test("however a stream is cut, the frames are the same", () => {
  fc.assert(
    fc.property(fc.array(FRAME, { maxLength: 12 }), fc.array(fc.nat(900)), (frames, cuts) => {
      const stream = concat(frames.map(({ code, body }) => wire(code, body)));
      const whole = framesOf(stream);
      const pieces: AgentFrame[] = [];
      const assembler = new FrameAssembler();
      let at = 0;
      for (const cut of [...cuts, stream.length]) {
        assembler.push(received(stream.subarray(at, at + cut)), (frame) => pieces.push(frame));
        at += cut;
      }
      deepStrictEqual(pieces, whole);
      deepStrictEqual(whole.map(({ code }) => code), frames.map(({ code }) => code));
      for (const [index, frame] of whole.entries()) {
        if (!frame.drained) deepStrictEqual(frame.body, new Uint8Array(frames[index]?.body ?? []));
      }
    }),
    { numRuns: 300 },
  );
});

Deno.test("any bytes give frames or a FrameError", () => {
  fc.assert(
    fc.property(fc.array(fc.uint8Array({ maxLength: 40 })), (pieces) => {
      const assembler = new FrameAssembler();
      try {
        for (const piece of pieces) assembler.push(received(piece), () => {});
      } catch (error) {
        if (!(error instanceof FrameError)) throw error;
      }
    }),
    { numRuns: 1000 },
  );
});

import { deepStrictEqual as deepEqual, ok, strictEqual as equal, throws } from "node:assert/strict";
import fc from "fast-check";
import {
  bodyLength,
  decodeRequest,
  decodeResponse,
  encodeRequest,
  encodeResponse,
  HEADER,
  MAX_REQUEST,
  MAX_SECRET,
} from "../../mod/control/codec.ts";
import { ControlError, type ControlRequest } from "../../mod/control/messages.ts";

const text = (value: unknown): Uint8Array => new TextEncoder().encode(JSON.stringify(value));

const REQUESTS: readonly ControlRequest[] = [
  { type: "status" },
  { type: "keys" },
  { type: "unlock", secretLength: 88 },
  { type: "lock" },
  { type: "sync" },
  { type: "reload" },
  { type: "stop" },
];

for (const request of REQUESTS) {
  Deno.test(`a ${request.type} request survives its frame`, () => {
    const frame = encodeRequest(request);
    equal(bodyLength(frame, MAX_REQUEST), frame.length - HEADER);
    deepEqual(decodeRequest(frame.subarray(HEADER)), request);
  });
}

const BAD_REQUESTS = [
  { name: "no JSON", body: new TextEncoder().encode("status"), code: "malformed" },
  { name: "broken UTF-8", body: Uint8Array.of(0xff, 0xfe), code: "malformed" },
  { name: "an array", body: text([{ v: 1, type: "status" }]), code: "malformed" },
  { name: "null", body: text(null), code: "malformed" },
  { name: "another version", body: text({ v: 2, type: "status" }), code: "version" },
  { name: "no version", body: text({ type: "status" }), code: "version" },
  { name: "an unknown type", body: text({ v: 1, type: "export" }), code: "malformed" },
  { name: "a name of Object.prototype as type", body: text({ v: 1, type: "constructor" }), code: "malformed" },
  { name: "unlock without a length", body: text({ v: 1, type: "unlock" }), code: "malformed" },
  { name: "unlock with a length of 0", body: text({ v: 1, type: "unlock", secretLength: 0 }), code: "malformed" },
  { name: "unlock with a fraction", body: text({ v: 1, type: "unlock", secretLength: 1.5 }), code: "malformed" },
  {
    name: "unlock with too long a session",
    body: text({ v: 1, type: "unlock", secretLength: MAX_SECRET + 1 }),
    code: "malformed",
  },
] as const;

for (const { name, body, code } of BAD_REQUESTS) {
  Deno.test(`decodeRequest() refuses ${name} as ${code}`, () => {
    throws(() => decodeRequest(body), (error) => error instanceof ControlError && error.code === code);
  });
}

Deno.test("bodyLength() refuses an empty frame and one over the cap, before anything is allocated", () => {
  for (const length of [0, MAX_REQUEST + 1, 0xffff_ffff]) {
    const header = new Uint8Array(HEADER);
    new DataView(header.buffer).setUint32(0, length);
    throws(() => bodyLength(header, MAX_REQUEST), (error) => error instanceof ControlError);
  }
});

Deno.test("a result and an error survive their frames", () => {
  const result = { ok: true, result: { keys: 3 } } as const;
  deepEqual(decodeResponse(encodeResponse(result).subarray(HEADER)), result);
  const error = { ok: false, error: { code: "locked", message: "The vault is locked", hint: "bwssh unlock" } } as const;
  deepEqual(decodeResponse(encodeResponse(error).subarray(HEADER)), error);
});

Deno.test("decodeResponse() refuses what is neither", () => {
  for (const body of [{ v: 1 }, { v: 1, ok: false }, { v: 1, ok: false, error: { code: 1, message: "", hint: "" } }]) {
    throws(() => decodeResponse(text(body)), (error) => error instanceof ControlError);
  }
});

Deno.test("random bodies are requests or a ControlError, never anything else", () => {
  const body = fc.oneof(fc.uint8Array({ maxLength: 200 }), fc.jsonValue().map(text));
  fc.assert(fc.property(body, (bytes) => {
    try {
      ok(decodeRequest(bytes).type.length > 0);
    } catch (error) {
      ok(error instanceof ControlError);
    }
  }));
});

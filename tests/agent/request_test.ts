import { deepStrictEqual, strictEqual } from "node:assert/strict";
import fc from "fast-check";
import { MESSAGE, messageName } from "../../mod/agent/numbers.ts";
import { type AgentRequest, decodeRequest } from "../../mod/agent/request.ts";
import { WireWriter } from "../../mod/ssh/wire.ts";
import { exchanges, requestOf, scenes } from "../support/agent_frames.ts";

const COUNTS: Record<AgentRequest["type"], number> = {
  "request-identities": 3,
  "sign-request": 30,
  extension: 9,
  unsupported: 6,
  malformed: 2,
};

Deno.test("every request OpenSSH's programs sent is one of ours or one we do not do", () => {
  const found: Record<string, number> = {};
  for (const { request } of exchanges()) {
    const { type } = requestOf(request);
    found[type] = (found[type] ?? 0) + 1;
  }
  deepStrictEqual(found, COUNTS);
});

Deno.test("OpenSSH's agent answered FAILURE to what we call malformed, and signed what we can read", () => {
  for (const { scene, request, response } of exchanges()) {
    const { type } = requestOf(request);
    if (type === "malformed") strictEqual(response[4], MESSAGE.SSH_AGENT_FAILURE, scene);
    if (type === "sign-request") strictEqual(response[4], MESSAGE.SSH_AGENT_SIGN_RESPONSE, scene);
    if (type === "request-identities") strictEqual(response[4], MESSAGE.SSH_AGENT_IDENTITIES_ANSWER, scene);
  }
});

Deno.test("a sign request has its key, data and flags, and bytes left over do not matter", () => {
  for (
    const scene of [
      "by hand: sign with flags 6, rsa3072",
      "by hand: sign with flags 0, rsa3072",
      "by hand: sign, bytes",
    ]
  ) {
    const [exchange] = scenes(scene);
    const request = exchange === undefined ? undefined : requestOf(exchange.request);
    if (request?.type !== "sign-request") throw new Error(`Not a sign request: ${scene}`);
    strictEqual(new TextDecoder().decode(request.data), "some data");
    strictEqual(request.flags, scene.includes("6") ? 6 : 0);
    strictEqual(request.key.length, scene.includes("rsa") ? 407 : 51);
  }
});

const frame = (code: number, body: Uint8Array<ArrayBuffer> = new Uint8Array(0), drained = false): AgentRequest =>
  decodeRequest({ code, body, drained });
const key = new Uint8Array(3);

const REQUESTS: { name: string; request: AgentRequest; expected: unknown }[] = [
  { name: "a list", request: frame(11), expected: { type: "request-identities" } },
  { name: "a list and more", request: frame(11, key), expected: { type: "request-identities" } },
  {
    name: "a sign request of nothing",
    request: frame(13, new WireWriter().string("").string("").uint32(0xffffffff).finish()),
    expected: { type: "sign-request", key: new Uint8Array(0), data: new Uint8Array(0), flags: 0xffffffff },
  },
  {
    name: "an extension",
    request: frame(27, new WireWriter().string("query").bytes(key).finish()),
    expected: { type: "extension", name: "query", contents: key },
  },
  {
    name: "an extension without contents",
    request: frame(27, new WireWriter().string("query").finish()),
    expected: { type: "extension", name: "query", contents: new Uint8Array(0) },
  },
  { name: "an SSH 1 list", request: frame(1), expected: { type: "unsupported", code: 1 } },
  { name: "an add", request: frame(17, new Uint8Array(0), true), expected: { type: "unsupported", code: 17 } },
  { name: "a response", request: frame(6), expected: { type: "unsupported", code: 6 } },
  { name: "number 0", request: frame(0), expected: { type: "unsupported", code: 0 } },
  { name: "number 255", request: frame(255), expected: { type: "unsupported", code: 255 } },
  {
    name: "an empty sign request",
    request: frame(13),
    expected: {
      type: "malformed",
      code: 13,
      message: "SSH_AGENTC_SIGN_REQUEST: Cannot read key blob at byte 0: need 4, have 0",
    },
  },
  {
    name: "a sign request without flags",
    request: frame(13, new WireWriter().string(key).string(key).finish()),
    expected: {
      type: "malformed",
      code: 13,
      message: "SSH_AGENTC_SIGN_REQUEST: Cannot read flags at byte 14: need 4, have 0",
    },
  },
  {
    name: "an extension without a name",
    request: frame(27, new WireWriter().string("").finish()),
    expected: { type: "malformed", code: 27, message: "SSH_AGENTC_EXTENSION: Cannot read extension name: it is empty" },
  },
];
for (const { name, request, expected } of REQUESTS) {
  Deno.test(`decodeRequest() reads ${name}`, () => {
    deepStrictEqual(request, expected);
  });
}

Deno.test("decodeRequest() never throws", () => {
  fc.assert(
    fc.property(fc.nat(255), fc.uint8Array({ maxLength: 60 }), (code, bytes) => {
      const { type } = frame(code, new Uint8Array(bytes));
      strictEqual(type in COUNTS, true);
      if (type === "malformed") strictEqual(code === 13 || code === 27, true);
    }),
    { numRuns: 2000 },
  );
});

Deno.test("messageName() has a name for every number in use, and the number for the rest", () => {
  strictEqual(messageName(13), "SSH_AGENTC_SIGN_REQUEST");
  strictEqual(messageName(29), "SSH_AGENT_EXTENSION_RESPONSE");
  strictEqual(messageName(200), "message 200");
  strictEqual(new Set(Object.values(MESSAGE)).size, Object.keys(MESSAGE).length);
});

import { deepStrictEqual, strictEqual } from "node:assert/strict";
import fc from "fast-check";
import { MAX_FRAME_LENGTH } from "../../mod/agent/frame.ts";
import {
  extensionFailure,
  failure,
  identitiesAnswer,
  MAX_IDENTITIES,
  type OfferedIdentity,
  queryResponse,
  signResponse,
  success,
} from "../../mod/agent/response.ts";
import { keyBlob } from "../../mod/ssh/public_key.ts";
import { WireReader } from "../../mod/ssh/wire.ts";
import { exchanges, requestOf, scenes, signatureOf } from "../support/agent_frames.ts";
import { toHex } from "../support/hex.ts";

Deno.test("the constant responses are those of OpenSSH", () => {
  deepStrictEqual(failure(), scenes("by hand: message 200")[0]?.response);
  deepStrictEqual(success(), scenes("ssh-add -D")[0]?.response);
  strictEqual(toHex(extensionFailure()), "000000011c");
});

function entries(frame: Uint8Array): { blob: Uint8Array; comment: string }[] {
  const reader = new WireReader(frame);
  strictEqual(reader.uint32("length"), frame.length - 4);
  strictEqual(reader.uint8("type"), 12);
  const count = reader.uint32("count");
  const found = Array.from({ length: count }, () => ({
    blob: new Uint8Array(reader.string("key blob")),
    comment: reader.text("comment"),
  }));
  reader.end("answer");
  return found;
}

Deno.test("identitiesAnswer() of the same identities is byte for byte OpenSSH's", () => {
  for (const { scene, request, response } of exchanges()) {
    if (requestOf(request).type !== "request-identities") continue;
    const identities = entries(response).map(({ blob, comment }) => ({ blob: keyBlob(blob), comment }));
    const { frame, offered } = identitiesAnswer(identities);
    deepStrictEqual(frame, response, scene);
    strictEqual(offered, scene.includes("empty") ? 0 : 5);
  }
});

Deno.test("signResponse() of the same signature is byte for byte OpenSSH's", () => {
  for (const { request, response } of exchanges()) {
    if (requestOf(request).type === "sign-request") deepStrictEqual(signResponse(signatureOf(response)), response);
  }
});

Deno.test("queryResponse() echoes the name and lists the extensions", () => {
  strictEqual(toHex(queryResponse(["a@b"])), "000000111d" + "00000005" + "7175657279" + "00000003" + "614062");
  strictEqual(toHex(queryResponse([])), "0000000a1d000000057175657279");
});

const identity = (length: number, comment: OfferedIdentity["comment"] = ""): OfferedIdentity => ({
  blob: keyBlob(new Uint8Array(length).fill(1)),
  comment,
});

Deno.test("identitiesAnswer() takes comments as text and as bytes, and lets no NUL spoil the list", () => {
  const { frame } = identitiesAnswer([identity(1, "né\0"), identity(1, Uint8Array.of(0x61, 0, 0x62)), identity(1)]);
  deepStrictEqual(entries(frame).map(({ comment }) => comment), ["né?", "a?b", ""]);
  const raw = identitiesAnswer([identity(1, Uint8Array.of(0xff, 0xfe))]).frame;
  strictEqual(toHex(raw.subarray(-2)), "fffe");
});

Deno.test("identitiesAnswer() keeps the comment on its line of ssh-add -L", () => {
  const { frame } = identitiesAnswer([identity(1, "a\nssh-ed25519 AAAA\r\u001b[2J\u0085\u2028\u202Eb 🔑")]);
  deepStrictEqual(entries(frame).map(({ comment }) => comment), ["a?ssh-ed25519 AAAA??[2J???b 🔑"]);
});

Deno.test("identitiesAnswer() fills 256 KiB to the byte", () => {
  const fits = MAX_FRAME_LENGTH - 1 - 4 - 8;
  strictEqual(identitiesAnswer([identity(fits)]).frame.length, 4 + MAX_FRAME_LENGTH);
  deepStrictEqual(identitiesAnswer([identity(fits + 1)]), { frame: identitiesAnswer([]).frame, offered: 0 });
});

Deno.test("identitiesAnswer() leaves out what does not fit, keeps the order and says how many it offers", () => {
  const long = "c".repeat(200_000);
  const { frame, offered } = identitiesAnswer([
    identity(2, "a"),
    identity(3, long),
    identity(4, long),
    identity(5, "b"),
  ]);
  strictEqual(offered, 3);
  deepStrictEqual(entries(frame).map(({ blob }) => blob.length), [2, 3, 5]);
});

Deno.test("identitiesAnswer() offers no more identities than OpenSSH's clients take", () => {
  const { frame, offered } = identitiesAnswer(Array.from({ length: MAX_IDENTITIES + 1 }, () => identity(1)));
  strictEqual(offered, 2048);
  strictEqual(entries(frame).length, 2048);
});

Deno.test("identitiesAnswer() is never longer than a client takes, and reads back", () => {
  const any = fc.record({ length: fc.nat(60_000), comment: fc.string({ maxLength: 20, unit: "grapheme" }) });
  fc.assert(
    fc.property(fc.array(any, { maxLength: 20 }), (given) => {
      const { frame, offered } = identitiesAnswer(given.map(({ length, comment }) => identity(length, comment)));
      strictEqual(frame.length <= 4 + MAX_FRAME_LENGTH, true);
      const found = entries(frame);
      strictEqual(found.length, offered);
      let at = 0;
      for (const { blob } of found) {
        while (given[at]?.length !== blob.length) at += 1;
        at += 1;
      }
      strictEqual(at <= given.length, true);
    }),
    { numRuns: 100 },
  );
});

import { deepStrictEqual, strictEqual } from "node:assert/strict";
import fc from "fast-check";
import { decodeSessionBind, SESSION_BIND } from "../../mod/agent/session_bind.ts";
import { parsePublicKey } from "../../mod/ssh/public_key.ts";
import { decodeSignature } from "../../mod/ssh/signature.ts";
import { WireWriter } from "../../mod/ssh/wire.ts";
import { exchanges, requestOf, scenes } from "../support/agent_frames.ts";

const binds = (start: string): Uint8Array<ArrayBuffer>[] =>
  scenes(start).map(({ request }) => requestOf(request)).flatMap((request) =>
    request.type === "extension" && request.name === SESSION_BIND ? [request.contents] : []
  );

Deno.test("ssh's binds: the host's key has signed the session id, and only the forwarded one says forwarding", async () => {
  deepStrictEqual(binds("ssh -A").map((contents) => decodeSessionBind(contents).forwarding), [false, true, false]);
  strictEqual(binds("ssh").length, 7);
  for (const contents of binds("ssh")) {
    const bind = decodeSessionBind(contents);
    if (bind.kind !== "claimed") throw new Error(bind.message);
    const key = parsePublicKey(bind.hostKey);
    if (key.type !== "ed25519") throw new Error("Not an Ed25519 host key");
    const { algorithm, raw } = decodeSignature(bind.signature);
    strictEqual(algorithm, "ssh-ed25519");
    const verifier = await crypto.subtle.importKey("raw", new Uint8Array(key.point), "Ed25519", false, ["verify"]);
    const sessionId = new Uint8Array(bind.sessionId);
    strictEqual(await crypto.subtle.verify("Ed25519", verifier, new Uint8Array(raw), sessionId), true);
  }
});

Deno.test("the recorder has seen no other extension but the ones sent by hand", () => {
  const names = exchanges().map(({ request }) => requestOf(request)).flatMap((r) =>
    r.type === "extension" ? [r.name] : []
  );
  deepStrictEqual([...new Set(names)], [SESSION_BIND, "nothing@example.org", "query"]);
});

const HOST_KEY = (() => {
  const [contents] = binds("ssh, ed25519");
  const bind = decodeSessionBind(contents ?? new Uint8Array(0));
  return bind.kind === "claimed" ? bind.hostKey : new Uint8Array(0);
})();
const fields = (hostKey: Uint8Array, sessionId: Uint8Array): WireWriter =>
  new WireWriter().string(hostKey).string(sessionId).string(new Uint8Array(83));
const id = new Uint8Array(64);

const FLAGS: { name: string; contents: Uint8Array; forwarding: boolean }[] = [
  { name: "0", contents: fields(HOST_KEY, id).uint8(0).finish(), forwarding: false },
  { name: "1", contents: fields(HOST_KEY, id).uint8(1).finish(), forwarding: true },
  { name: "255", contents: fields(HOST_KEY, id).uint8(255).finish(), forwarding: true },
  { name: "0, and more after it", contents: fields(HOST_KEY, id).uint8(0).uint8(1).finish(), forwarding: false },
  {
    name: "0 with the longest session id",
    contents: fields(HOST_KEY, new Uint8Array(128)).uint8(0).finish(),
    forwarding: false,
  },
];
for (const { name, contents, forwarding } of FLAGS) {
  Deno.test(`a bind with flag ${name} is ${forwarding ? "" : "not "}forwarding`, () => {
    const bind = decodeSessionBind(contents);
    strictEqual(bind.kind, "claimed");
    strictEqual(bind.forwarding, forwarding);
  });
}

const BAD: { name: string; contents: Uint8Array }[] = [
  { name: "nothing in it", contents: new Uint8Array(0) },
  { name: "no flag", contents: fields(HOST_KEY, id).finish() },
  { name: "no signature", contents: new WireWriter().string(HOST_KEY).string(id).finish() },
  { name: "an empty session id", contents: fields(HOST_KEY, new Uint8Array(0)).uint8(0).finish() },
  { name: "a session id of 129 bytes", contents: fields(HOST_KEY, new Uint8Array(129)).uint8(0).finish() },
  { name: "a host key cut short", contents: fields(HOST_KEY.subarray(0, -1), id).uint8(0).finish() },
  { name: "no host key", contents: fields(new Uint8Array(0), id).uint8(0).finish() },
];
for (const { name, contents } of BAD) {
  Deno.test(`a bind with ${name} counts as forwarding`, () => {
    const bind = decodeSessionBind(contents);
    strictEqual(bind.kind, "malformed");
    strictEqual(bind.forwarding, true);
  });
}

Deno.test("a bind cut off anywhere counts as forwarding, and no bytes throw", () => {
  for (const contents of binds("ssh")) {
    for (let end = 0; end < contents.length; end++) {
      strictEqual(decodeSessionBind(contents.subarray(0, end)).forwarding, true);
    }
  }
  fc.assert(fc.property(fc.uint8Array({ maxLength: 80 }), (contents) => {
    const bind = decodeSessionBind(contents);
    strictEqual(bind.kind === "claimed" || bind.forwarding, true);
  }));
});

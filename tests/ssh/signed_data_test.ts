import { deepStrictEqual, notDeepStrictEqual, strictEqual } from "node:assert/strict";
import fc from "fast-check";
import { keyTypeName } from "../../mod/ssh/public_key.ts";
import { kindLabel, recognise, type SignedData } from "../../mod/ssh/signed_data.ts";
import { MAX_NAMESPACE_LENGTH } from "../../mod/ssh/sshsig.ts";
import { MAX_SESSION_ID_LENGTH, MAX_USER_LENGTH } from "../../mod/ssh/userauth.ts";
import { WireReader, WireWriter } from "../../mod/ssh/wire.ts";
import { exchanges, requestOf, scenes, signRequestOf } from "../support/agent_frames.ts";

const signed = exchanges().map(({ request }) => requestOf(request)).filter((request) =>
  request.type === "sign-request"
);

const RECORDED: { scene: string; expected: Partial<SignedData>; label: string }[] = [
  {
    scene: "ssh, ",
    expected: { kind: "auth", user: "root", service: "ssh-connection", method: "publickey-hostbound-v00@openssh.com" },
    label: "auth",
  },
  {
    scene: "ssh -A to a host",
    expected: { kind: "auth", user: "root", service: "ssh-connection", method: "publickey-hostbound-v00@openssh.com" },
    label: "auth",
  },
  {
    scene: "ssh -o PubkeyAuthentication=unbound",
    expected: { kind: "auth", user: "root", service: "ssh-connection", method: "publickey" },
    label: "auth",
  },
  {
    scene: "ssh-keygen -Y sign -n git",
    expected: { kind: "sshsig", namespace: "git", hashAlgorithm: "sha512" },
    label: "sshsig:git",
  },
  {
    scene: "ssh-keygen -Y sign -n file",
    expected: { kind: "sshsig", namespace: "file", hashAlgorithm: "sha256" },
    label: "sshsig:file",
  },
  { scene: "ssh-keygen -Us, user", expected: { kind: "certificate", certType: "user" }, label: "certificate" },
  { scene: "ssh-keygen -Us, host", expected: { kind: "certificate", certType: "host" }, label: "certificate" },
  { scene: "ssh-add -T", expected: { kind: "other" }, label: "other" },
  { scene: "by hand: sign with flags", expected: { kind: "other" }, label: "other" },
];
for (const { scene, expected, label } of RECORDED) {
  Deno.test(`recognise() takes '${scene}…' of OpenSSH for ${label}`, () => {
    const requests = scenes(scene).filter(({ request }) => requestOf(request).type === "sign-request");
    strictEqual(requests.length > 0, true);
    for (const { request, scene } of requests) {
      const { key, data } = signRequestOf(request);
      const found = recognise(data);
      strictEqual(kindLabel(found), label, scene);
      if (found.kind !== "auth") {
        deepStrictEqual(found, expected, scene);
        continue;
      }
      const { sessionId, algorithm, key: named, hostKey, ...rest } = found;
      deepStrictEqual(rest, expected, scene);
      strictEqual(sessionId.length, 64); // SHA-512 of sntrup761x25519-sha512
      deepStrictEqual(named, key);
      strictEqual(algorithm, keyTypeName(key).replace("ssh-rsa", "rsa-sha2-512"));
      strictEqual(
        hostKey === undefined ? undefined : keyTypeName(hostKey),
        found.method === "publickey" ? undefined : "ssh-ed25519",
      );
    }
  });
}

Deno.test("the userauth's session id and host key are those of the bind before it", () => {
  const [bind, login] = scenes("ssh, ed25519");
  const request = bind === undefined ? undefined : requestOf(bind.request);
  const found = login === undefined ? undefined : recognise(signRequestOf(login.request).data);
  if (request?.type !== "extension" || found?.kind !== "auth") throw new Error("Not a bind and a login");
  const reader = new WireReader(request.contents);
  deepStrictEqual(new Uint8Array(reader.string("host key")), new Uint8Array(found.hostKey ?? []));
  deepStrictEqual(new Uint8Array(reader.string("session id")), new Uint8Array(found.sessionId));
});

Deno.test("every byte less or more makes recorded data another kind, and never one that may be signed by mistake", () => {
  for (const { data } of signed) {
    const { kind } = recognise(data);
    const expected = kind === "certificate" ? "certificate" : "other";
    const others = [Uint8Array.from([...data, 0]), ...[1, 2, 4, 8, 32].map((cut) => data.subarray(0, -cut))];
    for (const found of others.map(recognise)) {
      strictEqual(found.kind, expected);
      if (found.kind === "certificate") strictEqual(found.certType, "unknown");
    }
    strictEqual(recognise(data.subarray(1)).kind, "other");
  }
});

const KEY = signed[0]?.key ?? new Uint8Array(0);
interface Login {
  sessionId: Uint8Array;
  number: number;
  user: Uint8Array | string;
  service: string;
  method: string;
  follows: number;
  algorithm: string;
  key: Uint8Array;
  more: Uint8Array[];
}
const LOGIN: Login = {
  sessionId: new Uint8Array(32),
  number: 50,
  user: "alice",
  service: "ssh-connection",
  method: "publickey",
  follows: 1,
  algorithm: "ssh-ed25519",
  key: KEY,
  more: [],
};

function login(change: Partial<Login>): Uint8Array {
  const { sessionId, number, user, service, method, follows, algorithm, key, more } = { ...LOGIN, ...change };
  const writer = new WireWriter().string(sessionId).uint8(number).string(user).string(service).string(method);
  writer.uint8(follows).string(algorithm).string(key);
  for (const field of more) writer.string(field);
  return writer.finish();
}

const BOUND = "publickey-hostbound-v00@openssh.com";
const LOGINS: { name: string; change: Partial<Login>; good: boolean }[] = [
  { name: "an ordinary login", change: {}, good: true },
  { name: "a host-bound one", change: { method: BOUND, more: [KEY] }, good: true },
  { name: "the longest user name", change: { user: "u".repeat(MAX_USER_LENGTH) }, good: true },
  { name: "a user name in UTF-8", change: { user: "rené" }, good: true },
  { name: "the longest session id", change: { sessionId: new Uint8Array(MAX_SESSION_ID_LENGTH) }, good: true },
  { name: "too long a user name", change: { user: "é".repeat(MAX_USER_LENGTH / 2) + "e" }, good: false },
  { name: "a user name that is not UTF-8", change: { user: Uint8Array.of(0xff) }, good: false },
  { name: "a user name with NUL", change: { user: "root\0" }, good: false },
  { name: "a user name with a line feed", change: { user: "a\nb" }, good: false },
  { name: "an empty session id", change: { sessionId: new Uint8Array(0) }, good: false },
  { name: "too long a session id", change: { sessionId: new Uint8Array(MAX_SESSION_ID_LENGTH + 1) }, good: false },
  { name: "another message", change: { number: 51 }, good: false },
  { name: "another service", change: { service: "ssh-userauth" }, good: false },
  { name: "another method", change: { method: "hostbased" }, good: false },
  { name: "no signature to follow", change: { follows: 0 }, good: false },
  { name: "a signature to follow that is not TRUE", change: { follows: 2 }, good: false },
  { name: "no algorithm", change: { algorithm: "" }, good: false },
  { name: "no key", change: { key: new Uint8Array(0) }, good: false },
  { name: "a key cut short", change: { key: KEY.subarray(0, -1) }, good: false },
  { name: "a host key with the plain method", change: { more: [KEY] }, good: false },
  { name: "the host-bound method without a host key", change: { method: BOUND }, good: false },
  { name: "a host key cut short", change: { method: BOUND, more: [KEY.subarray(1)] }, good: false },
  { name: "two host keys", change: { method: BOUND, more: [KEY, KEY] }, good: false },
];
for (const { name, change, good } of LOGINS) {
  Deno.test(`recognise() ${good ? "takes" : "does not take"} ${name} for auth`, () => {
    strictEqual(recognise(login(change)).kind, good ? "auth" : "other");
  });
}

Deno.test("recognise() shows a login for another key than the one asked to sign", () => {
  const other = signed.map(({ key }) => key).find((key) => key.length !== KEY.length) ?? new Uint8Array(0);
  const found = recognise(login({ key: other }));
  if (found.kind !== "auth") throw new Error("Not a login");
  notDeepStrictEqual(new Uint8Array(found.key), new Uint8Array(KEY));
});

Deno.test("recognise() is not fooled by a session id that reads as a certificate's name", () => {
  const sessionId = new TextEncoder().encode("ssh-ed25519-cert-v01@openssh.com");
  strictEqual(recognise(login({ sessionId })).kind, "auth");
  strictEqual(recognise(login({ sessionId, follows: 0 })).kind, "certificate");
});

interface Message {
  namespace: Uint8Array | string;
  reserved: string;
  hash: string;
  digest: Uint8Array;
  more: number[];
}
function sshsig(change: Partial<Message>): Uint8Array {
  const usual: Message = { namespace: "git", reserved: "", hash: "sha512", digest: new Uint8Array(64), more: [] };
  const { namespace, reserved, hash, digest, more } = { ...usual, ...change };
  const writer = new WireWriter().bytes(new TextEncoder().encode("SSHSIG")).string(namespace).string(reserved);
  return writer.string(hash).string(digest).bytes(Uint8Array.from(more)).finish();
}
const long = "n".repeat(MAX_NAMESPACE_LENGTH);
const MESSAGES: { name: string; change: Partial<Message>; label: string }[] = [
  { name: "git", change: {}, label: "sshsig:git" },
  { name: "SHA-256", change: { hash: "sha256", digest: new Uint8Array(32) }, label: "sshsig:git" },
  { name: "the longest namespace", change: { namespace: long }, label: `sshsig:${long}` },
  {
    name: "a hostile namespace",
    change: { namespace: "g\u0000i\u001bt\n\u202e\u2028\u200b<b>é😀" },
    label: "sshsig:g?i?t????<b>é😀",
  },
  { name: "an empty namespace", change: { namespace: "" }, label: "other" },
  { name: "too long a namespace", change: { namespace: `${long}n` }, label: "other" },
  { name: "a namespace that is not UTF-8", change: { namespace: Uint8Array.of(0x67, 0xc0, 0x80) }, label: "other" },
  { name: "something reserved", change: { reserved: "x" }, label: "other" },
  { name: "SHA-1", change: { hash: "sha1", digest: new Uint8Array(20) }, label: "other" },
  { name: "a digest of another length", change: { digest: new Uint8Array(32) }, label: "other" },
  { name: "a byte more", change: { more: [0] }, label: "other" },
];
for (const { name, change, label } of MESSAGES) {
  Deno.test(`recognise() takes an SSHSIG with ${name} for ${label.slice(0, 20)}`, () => {
    strictEqual(kindLabel(recognise(sshsig(change))), label);
  });
}

const CERTIFICATE_NAMES = [
  { name: "ssh-mldsa44-ed25519-cert-v01@openssh.com", kind: "certificate" },
  { name: "ssh-ed25519-cert-v00@openssh.com", kind: "certificate" },
  { name: "ssh-ed25519-cert", kind: "certificate" },
  { name: "ssh-ed25519-cert-v01@example.org", kind: "other" },
  { name: "ssh-ed25519", kind: "other" },
];
for (const { name, kind } of CERTIFICATE_NAMES) {
  Deno.test(`recognise() takes data that opens with the name ${name} for ${kind}`, () => {
    const found = recognise(new WireWriter().string(name).string("whatever").finish());
    strictEqual(found.kind, kind);
    if (found.kind === "certificate") strictEqual(found.certType, "unknown");
  });
}

Deno.test("a certificate of a third type is of unknown type", () => {
  const [user] = scenes("ssh-keygen -Us, user certificate of ed25519").filter(({ request }) => request.length > 5);
  const data = new Uint8Array(user === undefined ? [] : signRequestOf(user.request).data);
  const reader = new WireReader(data);
  for (const field of ["type", "nonce", "key"]) reader.string(field);
  reader.uint64("serial");
  const at = data.length - reader.left;
  data[at + 3] = 3;
  deepStrictEqual(recognise(data), { kind: "certificate", certType: "unknown" });
});

Deno.test("recognise() and kindLabel() never throw, whatever the bytes", () => {
  const changed = fc.tuple(fc.constantFrom(...signed.map(({ data }) => data)), fc.nat(), fc.nat(255)).map(
    ([data, at, byte]) => {
      const copy = new Uint8Array(data);
      copy[at % copy.length] = byte;
      return copy;
    },
  );
  fc.assert(
    fc.property(fc.oneof(changed, fc.uint8Array({ maxLength: 200 })), (data) => {
      const label = kindLabel(recognise(data));
      strictEqual(/^(auth|sshsig:.+|certificate|other)$/su.test(label), true);
      strictEqual(/\p{Cc}/u.test(label), false);
    }),
    { numRuns: 3000 },
  );
});

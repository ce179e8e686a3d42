import { deepStrictEqual as deepEqual, match, strictEqual as equal } from "node:assert/strict";
import { decodeSessionBind, SESSION_BIND } from "../../mod/agent/session_bind.ts";
import { isForwarded, type Route } from "../../mod/policy/ask.ts";
import { BindChain, type BindClaim, type HostNames, MAX_BINDS } from "../../mod/policy/binds.ts";
import { checkUserauth } from "../../mod/policy/userauth_route.ts";
import { fingerprintOf } from "../../mod/ssh/public_key.ts";
import { recognise, type SignedData } from "../../mod/ssh/signed_data.ts";
import { WireWriter } from "../../mod/ssh/wire.ts";
import { requestOf, scenes } from "../support/agent_frames.ts";
import { certify, HOST_KEY_TYPES, type HostKey, makeAuthority, makeHostKey } from "../support/host_keys.ts";
import { makeTempDir } from "../support/temp.ts";

const NOBODY: HostNames = { names: [], isNamed: () => false, revoked: false };
const A = makeHostKey("ssh-ed25519");
const B = makeHostKey("ecdsa-sha2-nistp256");
const chainOf = (): BindChain => new BindChain(() => NOBODY);

function id(text: string): Uint8Array<ArrayBuffer> {
  return new TextEncoder().encode(text);
}

/** A bind as ssh makes it. */
function bind(key: HostKey, session: string, forwarding: boolean, signed = session): BindClaim {
  return claim(
    new WireWriter().string(key.blob).string(id(session)).string(key.sign(id(signed))).uint8(forwarding ? 1 : 0),
  );
}

function claim(contents: WireWriter): BindClaim {
  return decodeSessionBind(contents.finish());
}

/** What a login to `key`'s host has signed. */
function login(key: HostKey, session: string, method: "publickey" | "hostbound" = "hostbound"): SignedData {
  const user = new WireWriter().string("ssh-ed25519").string(new Uint8Array(32)).finish();
  const writer = new WireWriter().string(id(session)).uint8(50).string("git").string("ssh-connection");
  writer.string(method === "publickey" ? method : "publickey-hostbound-v00@openssh.com").uint8(1);
  writer.string("ssh-ed25519").string(user);
  if (method === "hostbound") writer.string(key.blob);
  const signed = recognise(writer.finish());
  equal(signed.kind, "auth");
  return signed;
}

function faultOf(route: Route, signed: SignedData): string {
  const check = checkUserauth(route, signed);
  return check.kind === "ok" ? "ok" : check.code;
}

function hostKeysOf(route: Route): readonly Uint8Array[] {
  return route.kind === "bound" ? route.hops.map(({ hostKey }) => hostKey) : [];
}

function whyOf(route: Route): string {
  return route.kind === "poisoned" ? route.why : `not poisoned but ${route.kind}`;
}

Deno.test("the binds OpenSSH's ssh has sent are good, and its logins fit them", async () => {
  for (const scene of ["ssh, ed25519", "ssh, ecdsa256", "ssh, rsa3072", "ssh -o PubkeyAuthentication=unbound"]) {
    const chain = chainOf();
    const signed = await replay(chain, scenes(scene).map(({ request }) => request));
    equal(isForwarded(chain.route), false);
    equal(faultOf(chain.route, signed), "ok", scene);
  }
  const [direct, forwarded] = [chainOf(), chainOf()];
  const requests = scenes("ssh -A").map(({ request }) => request);
  const first = await replay(direct, requests.slice(0, 2));
  const second = await replay(forwarded, requests.slice(2));
  equal(isForwarded(direct.route), false);
  equal(isForwarded(forwarded.route), true);
  equal(forwarded.route.kind === "bound" && forwarded.route.hops.length, 2);
  deepEqual([faultOf(direct.route, first), faultOf(forwarded.route, second)], ["ok", "ok"]);
  deepEqual([faultOf(direct.route, second), faultOf(forwarded.route, first)], ["session-mismatch", "session-mismatch"]);
});

/** Gives a chain the binds of recorded requests. @returns What their last sign request is for. */
async function replay(chain: BindChain, requests: readonly Uint8Array<ArrayBuffer>[]): Promise<SignedData> {
  let signed: SignedData = { kind: "other" };
  for (const bytes of requests) {
    const request = requestOf(bytes);
    if (request.type === "sign-request") signed = recognise(request.data);
    if (request.type !== "extension") continue;
    equal(request.name, SESSION_BIND);
    equal((await chain.add(decodeSessionBind(request.contents))).kind, "bound");
  }
  return signed;
}

for (const type of HOST_KEY_TYPES) {
  Deno.test(`a host with a key of ${type}, or a certificate of it, can be bound`, async () => {
    await using dir = makeTempDir("binds");
    const key = makeHostKey(type);
    const certificate = { ...key, blob: await certify(dir, await makeAuthority(dir), key) };
    for (const host of [key, certificate]) {
      const chain = chainOf();
      deepEqual(await chain.add(bind(host, "s", false)), { kind: "bound" });
      equal(faultOf(chain.route, login(host, "s")), "ok");
      equal(faultOf(chain.route, login(host === key ? certificate : key, "s")), "host-key-mismatch");
      const hop = chain.route.kind === "bound" ? chain.route.hops[0] : undefined;
      equal(hop?.hostFingerprint, fingerprintOf(key.blob));
      deepEqual(hop?.hostKey, host.blob);
      deepEqual(hop?.sessionId, id("s"));

      const wrong = chainOf();
      equal((await wrong.add(bind(host, "s", false, "another session"))).kind, "refused");
      match(whyOf(wrong.route), /not signed by its host key/);
    }
  });
}

Deno.test("a connection without binds is unbound, and nothing contradicts that", () => {
  const { route } = chainOf();
  deepEqual(route, { kind: "unbound" });
  equal(faultOf(route, login(A, "s")), "ok");
});

Deno.test("a bind takes its names from whoever knows them", async () => {
  const isNamed = (name: string): boolean => name === "hashed.example";
  const chain = new BindChain((key) => {
    deepEqual(key, A.blob);
    return { names: ["a.example"], isNamed, revoked: false };
  });
  await chain.add(bind(A, "s", false));
  const hop = chain.route.kind === "bound" ? chain.route.hops[0] : undefined;
  deepEqual(hop?.names, ["a.example"]);
  equal(hop?.isNamed("hashed.example"), true);
});

Deno.test("a bind with a revoked key poisons the connection", async () => {
  const chain = new BindChain(() => ({ ...NOBODY, names: ["a.example"], revoked: true }));
  equal((await chain.add(bind(A, "s", false))).kind, "refused");
  match(whyOf(chain.route), /revoked/);
});

const LONGEST = Array.from({ length: MAX_BINDS }, (_, at) => bind(at % 2 === 0 ? A : B, `s${at}`, true));
const RSA = makeHostKey("ssh-rsa");
const POISON: { name: string; binds: BindClaim[]; why: RegExp }[] = [
  {
    name: "a malformed bind",
    binds: [claim(new WireWriter().string(A.blob))],
    why: /malformed: Cannot read session id/,
  },
  {
    name: "a session that another host signed",
    binds: [bind({ ...B, blob: A.blob }, "s", false)],
    why: /not signed by its/,
  },
  { name: "a bind after one for a login", binds: [bind(A, "s", false), bind(B, "t", false)], why: /follows one/ },
  {
    name: "a forwarding bind after one for a login",
    binds: [bind(A, "s", false), bind(B, "t", true)],
    why: /follows one/,
  },
  { name: "the bind for a login again", binds: [bind(A, "s", false), bind(A, "s", false)], why: /follows one/ },
  {
    name: "one session of two hosts",
    binds: [bind(A, "s", true), bind(B, "s", false)],
    why: /one session to two hosts/,
  },
  { name: "a 17th bind", binds: [...LONGEST, bind(A, "s", false)], why: /more than 16/ },
  {
    name: "RSA with SHA-1",
    binds: [claim(new WireWriter().string(RSA.blob).string(id("s")).string(RSA.sign(id("s"), "ssh-rsa")).uint8(0))],
    why: /not signed by its host key with rsa-sha2-512 or rsa-sha2-256/,
  },
  {
    name: "a key of a type not verified",
    binds: [
      claim(new WireWriter().string(new WireWriter().string("ssh-new").finish()).string(id("s")).string("").uint8(0)),
    ],
    why: /of a type that is not verified: ssh-new/,
  },
];
for (const { name, binds, why } of POISON) {
  Deno.test(`${name} poisons the connection for good`, async () => {
    const chain = chainOf();
    for (const before of binds.slice(0, -1)) equal((await chain.add(before)).kind, "bound");
    const outcome = await chain.add(binds[binds.length - 1] ?? bind(A, "x", true));
    equal(outcome.kind, "refused");
    match(whyOf(chain.route), why);
    const { route } = chain;
    deepEqual(await chain.add(bind(A, "good", false)), outcome);
    deepEqual(chain.route, route);
    equal(isForwarded(route), true);
    for (const signed of [login(A, "good"), login(A, "s"), { kind: "other" } as const]) {
      equal(faultOf(route, signed), "poisoned");
    }
  });
}

Deno.test("16 binds make a route, and a hop's bind again changes nothing, whatever its flag", async () => {
  const chain = chainOf();
  for (const each of LONGEST) equal((await chain.add(each)).kind, "bound");
  const { route } = chain;
  deepEqual(await chain.add(bind(B, "s1", false)), { kind: "repeated" });
  equal(chain.route, route);
  equal(route.kind === "bound" && route.hops.length, MAX_BINDS);
  equal(faultOf(route, login(B, "s1")), "destination-forwarding");
});

Deno.test("a hop's bind again, but badly signed, poisons", async () => {
  const chain = chainOf();
  await chain.add(bind(A, "s", true));
  equal((await chain.add(bind(A, "s", true, "t"))).kind, "refused");
  equal(chain.route.kind, "poisoned");
});

const CONTRADICTIONS: { name: string; binds: BindClaim[]; signed: SignedData; fault: string }[] = [
  { name: "to the bound host", binds: [bind(A, "s", false)], signed: login(A, "s"), fault: "ok" },
  { name: "without host key", binds: [bind(A, "s", false)], signed: login(B, "s", "publickey"), fault: "ok" },
  { name: "in another session", binds: [bind(A, "s", false)], signed: login(A, "t"), fault: "session-mismatch" },
  { name: "to another host", binds: [bind(A, "s", false)], signed: login(B, "s"), fault: "host-key-mismatch" },
  { name: "over a hop", binds: [bind(A, "s", true), bind(B, "t", false)], signed: login(B, "t"), fault: "ok" },
  {
    name: "to the hop",
    binds: [bind(A, "s", true), bind(B, "t", false)],
    signed: login(A, "s"),
    fault: "session-mismatch",
  },
  { name: "from beyond the hop", binds: [bind(A, "s", true)], signed: login(A, "s"), fault: "destination-forwarding" },
  {
    name: "from beyond it to another",
    binds: [bind(A, "s", true)],
    signed: login(B, "t", "publickey"),
    fault: "destination-forwarding",
  },
  { name: "that is none", binds: [bind(A, "s", true)], signed: { kind: "other" }, fault: "ok" },
];
for (const { name, binds, signed, fault } of CONTRADICTIONS) {
  Deno.test(`a login ${name}: ${fault}`, async () => {
    const chain = chainOf();
    for (const each of binds) equal((await chain.add(each)).kind, "bound");
    equal(faultOf(chain.route, signed), fault);
  });
}

Deno.test("nothing is signed while a bind is being verified, and binds count in the order they came", async () => {
  const chain = chainOf();
  const first = chain.add(bind(A, "s", true)); // by WebCrypto, on another thread
  const second = chain.add(bind(RSA, "t", false)); // at once

  match(whyOf(chain.route), /still being verified/);
  await first;
  match(whyOf(chain.route), /still being verified/);
  equal((await second).kind, "bound");
  deepEqual(hostKeysOf(chain.route), [A.blob, RSA.blob]);
});

Deno.test("a bind is kept apart from the frame it came in", async () => {
  const chain = chainOf();
  const contents = new WireWriter().string(A.blob).string(id("s")).string(A.sign(id("s"))).uint8(0).finish();
  await chain.add(decodeSessionBind(contents));
  contents.fill(0);
  equal(faultOf(chain.route, login(A, "s")), "ok");
});

Deno.test("known_hosts that cannot be asked poisons", async () => {
  const chain = new BindChain(() => {
    throw new Error("No files today");
  });
  equal((await chain.add(bind(A, "s", false))).kind, "refused");
  match(whyOf(chain.route), /could not be verified: No files today/);
});

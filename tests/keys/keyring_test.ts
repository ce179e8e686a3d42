import { deepStrictEqual as deepEqual, ok, rejects, strictEqual as equal, throws } from "node:assert/strict";
import { generateKey } from "../../mod/keys/generate.ts";
import type { Identity, LoadedKey } from "../../mod/keys/identity.ts";
import { Keyring, KeyringError } from "../../mod/keys/keyring.ts";
import type { PrivateKey } from "../../mod/keys/private_key.ts";
import { allow, Permission } from "../../mod/policy/verdict.ts";
import { recognise } from "../../mod/ssh/signed_data.ts";
import { WireWriter } from "../../mod/ssh/wire.ts";
import { askWith } from "../policy/asks.ts";
import { makeRsaNumbers, pem, pkcs1 } from "./containers.ts";
import { parseText, type Setup, withKeys } from "./setup.ts";
import { isSignature } from "./verify.ts";

/** A message to be signed in a namespace (OpenSSH's PROTOCOL.sshsig). */
function sshsig(namespace: string): Uint8Array {
  return new WireWriter().bytes(new TextEncoder().encode("SSHSIG")).string(namespace).string("").string("sha512")
    .string(new Uint8Array(64)).finish();
}

const DATA = sshsig("git");
const RSA = makeRsaNumbers(2048);

function permit(identity: Identity, data: Uint8Array = DATA): Permission {
  return allow(askWith({ identity, data, signed: recognise(data) }), "a test").permission;
}

let loads = 0;
function loaded(key: PrivateKey, more: Partial<LoadedKey> = {}): LoadedKey {
  loads++;
  return {
    id: `item-${loads}#key`,
    key,
    comment: `c${loads}`,
    itemName: "an item",
    reprompt: false,
    loadedAt: loads,
    ...more,
  };
}

function withKeyring(body: (keyring: Keyring, setup: Setup) => void | Promise<void>): Promise<void> {
  return withKeys(async (setup) => {
    using keyring = new Keyring(setup.backend);
    await body(keyring, setup);
  });
}

function only(identities: readonly Identity[]): Identity {
  equal(identities.length, 1);
  const [identity] = identities;
  ok(identity !== undefined);
  return identity;
}

function hasCode(code: KeyringError["code"]): (error: unknown) => boolean {
  return (error) => error instanceof KeyringError && error.code === code;
}

Deno.test("list() and find() show public facts of every identity, sources and keys in order", () =>
  withKeyring((keyring, setup) => {
    const keys = Array.from({ length: 4 }, () => generateKey("ed25519", setup));
    const [a, b, c, d] = keys.map((key) => loaded(key));
    ok(a && b && c && d);
    keyring.replaceSource("bitwarden", [a, b]);
    keyring.replaceSource("generated", [c]);
    keyring.replaceSource("bitwarden", [b, d]); // a is gone, and the source keeps its place
    deepEqual(keyring.list().map((identity) => identity.id), [b.id, d.id, c.id]);
    deepEqual(keyring.list().map((identity) => identity.source), ["bitwarden", "bitwarden", "generated"]);
    deepEqual(keys.map((key) => key.wiped), [true, false, false, false]);
    equal(keyring.find(a.key.blob), undefined);
    const found = keyring.find(d.key.blob.slice());
    deepEqual(found, {
      id: d.id,
      blob: d.key.blob,
      fingerprint: d.key.fingerprint,
      type: "ssh-ed25519",
      comment: d.comment,
      itemName: "an item",
      source: "bitwarden",
      reprompt: false,
      loadedAt: d.loadedAt,
    });
    equal(keyring.find(new Uint8Array(256 * 1024)), undefined);
    equal(keyring.find(new Uint8Array()), undefined);
    keyring.replaceSource("generated", []);
    deepEqual(keyring.list().map((identity) => identity.id), [b.id, d.id]);
  }));

Deno.test("replaceSource() lets a key that was there go on under its new names", () =>
  withKeyring(async (keyring, setup) => {
    const text = pem("RSA PRIVATE KEY", pkcs1(RSA));
    const first = parseText(setup, text).key;
    keyring.replaceSource("bitwarden", [loaded(first)]);
    const identity = only(keyring.list());
    const running = keyring.sign(permit(identity), 2);
    const again = parseText(setup, text).key;
    keyring.replaceSource("bitwarden", [loaded(again, { id: "renamed", comment: "renamed" })]);
    equal(only(keyring.list()).comment, "renamed");
    ok(again.wiped && !first.wiped, "the new copy was kept, not the old one");
    ok(isSignature(first.publicKey, "rsa-sha2-256", { data: DATA, blob: await running }));
    ok(await keyring.sign(permit(identity), 4) instanceof Uint8Array);
  }));

Deno.test("a key that comes twice is offered once, and asks for the master password if either item does", () =>
  withKeyring((keyring, setup) => {
    const text = pem("RSA PRIVATE KEY", pkcs1(RSA));
    const parse = (): PrivateKey => parseText(setup, text).key;
    keyring.replaceSource("bitwarden", [loaded(parse(), { id: "first" }), loaded(parse(), { id: "second" })]);
    equal(only(keyring.list()).id, "first");
    equal(only(keyring.list()).reprompt, false);
    keyring.replaceSource("bitwarden", [loaded(parse(), { id: "first" }), loaded(parse(), { reprompt: true })]);
    equal(only(keyring.list()).reprompt, true);
    keyring.replaceSource("bitwarden", [loaded(parse(), { id: "first" })]);
    keyring.replaceSource("infisical", [loaded(parse(), { id: "third", reprompt: true })]);
    const { id, reprompt, blob } = only(keyring.list());
    deepEqual([id, reprompt, keyring.find(blob)?.reprompt], ["first", true, true]);
    keyring.replaceSource("bitwarden", []);
    equal(only(keyring.list()).id, "third");
  }));

Deno.test("wipe() ends every key, and the keyring can be filled again", () =>
  withKeyring((keyring, setup) => {
    const keys = (["ed25519", "nistp256"] as const).map((type) => generateKey(type, setup));
    keyring.replaceSource("generated", keys.map((key) => loaded(key)));
    const [identity] = keyring.list();
    ok(identity !== undefined);
    const permission = permit(identity);
    keyring.wipe();
    equal(setup.memory.status().used, 0);
    deepEqual(keyring.list(), []);
    throws(() => keyring.sign(permission, 0), hasCode("gone"));
    keyring.replaceSource("generated", [loaded(generateKey("ed25519", setup))]);
    equal(keyring.list().length, 1);
  }));

Deno.test("sign() signs once per permission, with the algorithm the flags ask for", () =>
  withKeyring(async (keyring, setup) => {
    const key = parseText(setup, pem("RSA PRIVATE KEY", pkcs1(RSA))).key;
    keyring.replaceSource("bitwarden", [loaded(key)]);
    const identity = only(keyring.list());
    for (
      const [flags, algorithm] of [[0, "ssh-rsa"], [2, "rsa-sha2-256"], [4, "rsa-sha2-512"], [
        6,
        "rsa-sha2-256",
      ]] as const
    ) {
      const blob = await keyring.sign(permit(identity), flags);
      ok(isSignature(key.publicKey, algorithm, { data: DATA, blob }), `flags ${flags}`);
    }
    const permission = permit(identity);
    await keyring.sign(permission, 2);
    throws(() => keyring.sign(permission, 2), hasCode("spent"));
  }));

Deno.test("sign() refuses what policy did not allow", () =>
  withKeyring((keyring, setup) => {
    keyring.replaceSource("generated", [loaded(generateKey("ed25519", setup)), loaded(generateKey("ed25519", setup))]);
    const [ours, other] = keyring.list();
    ok(ours !== undefined && other !== undefined);
    const genuine = permit(ours);
    const forged: unknown = { ask: genuine.ask, by: "nobody" };
    for (const fake of [forged, Object.create(Permission.prototype), undefined, null, 7]) {
      throws(() => keyring.sign(fake as Permission, 0), hasCode("no-permission"));
    }
    const unknown = { ...ours, blob: askWith().identity.blob };
    throws(() => keyring.sign(permit(unknown), 0), hasCode("gone"));
    ok(keyring.sign(permit(other), 0) instanceof Uint8Array);
  }));

Deno.test("sign() signs the data that were agreed to, with the key that was agreed to", () =>
  withKeyring((keyring, setup) => {
    const [one, two] = [generateKey("ed25519", setup), generateKey("ed25519", setup)];
    keyring.replaceSource("generated", [loaded(one), loaded(two)]);
    const [first, second] = keyring.list();
    ok(first !== undefined && second !== undefined);
    for (const [identity, key, data] of [[first, one, sshsig("git")], [second, two, new Uint8Array(40)]] as const) {
      const blob = keyring.sign(permit(identity, data), 0);
      ok(blob instanceof Uint8Array && isSignature(key.publicKey, "ssh-ed25519", { data, blob }));
    }
  }));

Deno.test("sign() refuses a key that has become one with re-prompt since it was asked about", () =>
  withKeyring((keyring, setup) => {
    const key = generateKey("ed25519", setup);
    keyring.replaceSource("bitwarden", [loaded(key)]);
    const permission = permit(only(keyring.list()));
    keyring.replaceSource("bitwarden", [loaded(key, { reprompt: true })]);
    throws(() => keyring.sign(permission, 0), hasCode("gone"));
  }));

Deno.test("sign() completes or fails when the key is removed while many wait", () =>
  withKeyring(async (keyring, setup) => {
    const key = parseText(setup, pem("RSA PRIVATE KEY", pkcs1(RSA))).key;
    keyring.replaceSource("bitwarden", [loaded(key)]);
    const identity = only(keyring.list());
    const running = Array.from({ length: 40 }, () => Promise.resolve(keyring.sign(permit(identity), 2)));
    const first = await Promise.race(running);
    keyring.wipe();
    ok(isSignature(key.publicKey, "rsa-sha2-256", { data: DATA, blob: first }));
    for (const one of await Promise.allSettled(running)) {
      if (one.status === "fulfilled") ok(isSignature(key.publicKey, "rsa-sha2-256", { data: DATA, blob: one.value }));
      else ok(one.reason instanceof TypeError);
    }
    await rejects(async () => await keyring.sign(permit(identity), 2), hasCode("gone"));
  }));

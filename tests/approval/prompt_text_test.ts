import { deepStrictEqual as deepEqual, doesNotMatch, ok, strictEqual as equal } from "node:assert/strict";
import fc from "fast-check";
import { askDetails, describeAdmission, describeAsk } from "../../mod/approval/prompt_text.ts";
import { detail, shown } from "../../mod/approval/shown_text.ts";
import type { Ask, Hop, PeerFacts, Route } from "../../mod/policy/ask.ts";
import { encodePublicKey, fingerprintOf } from "../../mod/ssh/public_key.ts";
import type { SignedData } from "../../mod/ssh/signed_data.ts";

const BLOB = encodePublicKey({ type: "ed25519", point: new Uint8Array(32).fill(7) });
const FINGERPRINT = fingerprintOf(BLOB);
const HOST_BLOB = encodePublicKey({ type: "ed25519", point: new Uint8Array(32).fill(8) });
const HOST_FINGERPRINT = fingerprintOf(HOST_BLOB);

const PEER: PeerFacts = {
  pid: 4242,
  uid: 1000,
  gid: 1000,
  startTime: 99n,
  exe: "/usr/bin/ssh",
  exeFile: { device: 1, inode: 2, deleted: false },
  ancestors: [],
  tty: undefined,
  session: 0,
  cgroup: undefined,
  foreignMounts: false,
};

function hop(name: string | undefined, forwarding = false): Hop {
  return {
    hostKey: HOST_BLOB,
    hostFingerprint: HOST_FINGERPRINT,
    sessionId: new Uint8Array(32),
    forwarding,
    names: name === undefined ? [] : [name],
    isNamed: () => false,
  };
}

function over(...hops: readonly [Hop, ...Hop[]]): { readonly route: Route } {
  return { route: { kind: "bound", hops } };
}

const LOGIN: SignedData = {
  kind: "auth",
  sessionId: new Uint8Array(32),
  user: "git",
  service: "ssh-connection",
  method: "publickey",
  algorithm: "ssh-ed25519",
  key: BLOB,
};

function sshsig(namespace: string): SignedData {
  return { kind: "sshsig", namespace, hashAlgorithm: "sha512" };
}

function askWith(differences: Partial<Ask>): Ask {
  return {
    identity: {
      id: "item#key",
      blob: BLOB,
      fingerprint: FINGERPRINT,
      comment: "me@laptop",
      itemName: "work",
      source: "bitwarden",
      reprompt: false,
    },
    peer: PEER,
    ...over(hop("github.com")),
    data: new Uint8Array(0),
    signed: LOGIN,
    ...differences,
  };
}

const UNPROVEN = " It may come from another computer: nothing proves where from.";
const ASKS: readonly { readonly name: string; readonly ask: Partial<Ask>; readonly words: string }[] = [
  {
    name: "a login to a host that proved itself",
    ask: {},
    words: 'ssh wants to use the SSH key "work" to log in as "git" at "github.com".',
  },
  {
    name: "a login for another session than the last bind proved",
    ask: { route: { kind: "bound", hops: [{ ...hop("github.com"), sessionId: new Uint8Array(20) }] } },
    words: 'ssh wants to use the SSH key "work" to log in as "git" at an unknown host.',
  },
  {
    name: "a login over a connection that was never bound",
    ask: { route: { kind: "unbound" } },
    words: `ssh wants to use the SSH key "work" to log in as "git" at an unknown host.${UNPROVEN}`,
  },
  {
    name: "a login that was forwarded",
    ask: over(hop("bastion", true), hop("db.internal")),
    words: 'ssh wants to use the SSH key "work" to log in as "git" at "db.internal". ' +
      'The request does not come from this computer: it was forwarded through "bastion".',
  },
  {
    name: "a forwarded login to nobody knows where, over many",
    ask: over(hop("a", true), hop("b", true), hop("c", true), hop("d", true)),
    words:
      'ssh wants to use the SSH key "work" to log in as "git" at an unknown host. The request does not come from ' +
      'this computer: it was forwarded through "a", then "b", then "c" and 1 more.',
  },
  {
    name: "a host that known_hosts does not know",
    ask: over(hop(undefined)),
    words:
      `ssh wants to use the SSH key "work" to log in as "git" at a host known by its key alone, ${HOST_FINGERPRINT}.`,
  },
  {
    name: "git",
    ask: { signed: sshsig("git") },
    words: 'ssh wants to use the SSH key "work" to sign a git commit or tag.',
  },
  { name: "a file", ask: { signed: sshsig("file") }, words: 'ssh wants to use the SSH key "work" to sign a file.' },
  {
    name: "another namespace",
    ask: { signed: sshsig('x" to sign a file. "') },
    words: `ssh wants to use the SSH key "work" to sign a message in the namespace "x' to sign a file. '".`,
  },
  {
    name: "a certificate",
    ask: { signed: { kind: "certificate", certType: "user" } },
    words:
      'ssh wants to use the SSH key "work" to issue an SSH user certificate, which others can log in or pose as a ' +
      "host with.",
  },
  {
    name: "unknown data",
    ask: { signed: { kind: "other" } },
    words: 'ssh wants to use the SSH key "work" to sign data of an unknown kind, which may be anything.',
  },
  {
    name: "the programs above",
    ask: {
      peer: {
        ...PEER,
        ancestors: ["git", "zsh", "kitty", "systemd"].map((program, pid) => ({ pid, program, exe: undefined })),
      },
    },
    words: 'ssh (from git, zsh, kitty) wants to use the SSH key "work" to log in as "git" at "github.com".',
  },
  {
    name: "a container's program, and one that cannot be read",
    ask: { peer: { ...PEER, exe: undefined, exeFile: undefined, foreignMounts: true } },
    words: 'an unknown program, in a container, wants to use the SSH key "work" to log in as "git" at "github.com".',
  },
];
for (const { name, ask, words } of ASKS) {
  Deno.test(`describeAsk() puts ${name} into words`, () => equal(describeAsk(askWith(ask)), words));
}

const REACHES = [
  { scope: "once", seconds: 0, words: "A yes counts this once." },
  { scope: "connection", seconds: 60, words: "A yes counts for this connection." },
  { scope: "app", seconds: 300, words: "A yes counts 5 min for this program." },
  { scope: "app+session", seconds: 30, words: "A yes counts 30 s for this program in this terminal." },
  { scope: "host", seconds: 900, words: "A yes counts 15 min for this host." },
] as const;
for (const { scope, seconds, words } of REACHES) {
  Deno.test(`describeAsk() says how far a yes counts: ${scope}`, () => {
    ok(describeAsk(askWith({}), { scope, seconds, by: "no rule" }).endsWith(` ${words}`));
  });
}

Deno.test("describeAdmission() says who wants what", () => {
  equal(
    describeAdmission("unlock", PEER),
    "ssh wants to unlock the vault's SSH keys, so that they can be used.",
  );
  equal(describeAdmission("list", PEER), "ssh wants to see which SSH keys there are.");
});

Deno.test("askDetails() gives rules every fact, and says which are unknown", () => {
  deepEqual(Object.fromEntries(askDetails(askWith(over(hop("bastion", true), hop("db"))))), {
    "bwssh.key_fingerprint": FINGERPRINT,
    "bwssh.key_label": "work",
    "bwssh.kind": "auth",
    "bwssh.user": "git",
    "bwssh.host": "db",
    "bwssh.forwarded": "true",
    "bwssh.route": "bastion",
    "bwssh.request.pid": "4242",
    "bwssh.request.exe": "/usr/bin/ssh",
    "bwssh.request.chain": "ssh",
  });
  const unknown = askWith({
    route: { kind: "unbound" },
    signed: sshsig("git"),
    peer: { ...PEER, foreignMounts: true },
  });
  const details = new Map(askDetails(unknown));
  deepEqual(
    ["bwssh.kind", "bwssh.user", "bwssh.host", "bwssh.forwarded", "bwssh.route", "bwssh.request.exe"].map((name) =>
      details.get(name)
    ),
    ["sshsig:git", "unknown", "unknown", "unknown", "unbound", "unknown"],
  );
});

const SHOWN = [
  { name: "markup", text: "a & b <i>", is: "a ? b ?i?" },
  { name: "polkit's own expansion", text: "$(bwssh.kind) `id` \\n", is: "?(bwssh.kind) ?id? ?n" },
  { name: "escapes, line ends and NUL", text: "a\u001b[2Jb\r\nc\0", is: "a?[2Jb??c?" },
  { name: "direction overrides and joiners", text: "a\u202eb\u2066c\u200bd\ufeff", is: "a?b?c?d?" },
  { name: "line separators and odd spaces", text: "a\u2028b\u2029c\u00a0d\u3000e", is: "a?b?c?d?e" },
  { name: "characters that show as nothing", text: "a\u3164b\u115fc\u2800d\ufe0fe", is: "a?b?c?d?e" },
  { name: "quotes of every kind", text: `a"b\u201cc\u201dd\u00abe`, is: "a'b'c'd'e" },
  { name: "letters taken apart", text: "a\u0308", is: "ä" },
  { name: "towers of accents", text: "x\u0317\u0318\u0319\u031a\u031b", is: "x\u031b\u0317?" },
  { name: "lone surrogates and private use", text: "a\ud800b\ue000", is: "a?b?" },
  {
    name: "nothing in an ordinary name",
    text: "Bob's laptop (work), ключ 鍵 🔑",
    is: "Bob's laptop (work), ключ 鍵 🔑",
  },
  { name: "what is too long", text: "🔑".repeat(61), is: `${"🔑".repeat(59)}…` },
] as const;
for (const { name, text, is } of SHOWN) {
  Deno.test(`shown() replaces ${name}`, () => equal(shown(text), is));
}

Deno.test("shown() leaves nothing that a terminal, markup or polkit obeys, whatever it is given", () => {
  fc.assert(
    fc.property(fc.string({ unit: "binary", maxLength: 200 }), (text) => {
      const result = shown(text);
      doesNotMatch(result, /[\p{C}\p{Zl}\p{Zp}<>&$\\`"]/u);
      ok([...result].length <= 60);
      equal(shown(result), result);
    }),
  );
});

Deno.test("detail() does not make two paths the same that are two", () => {
  // The Kelvin sign is K when normalised.
  equal(detail("/opt/\u212aate") === detail("/opt/Kate"), false);
  equal(detail("/usr/bin/ssh "), "/usr/bin/ssh ");
  equal(detail("/usr/bin/ssh\u200b"), "/usr/bin/ssh?");
  equal([...detail("x".repeat(300))].length, 256);
});

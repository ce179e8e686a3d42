import { deepStrictEqual as deepEqual, ok, strictEqual as equal } from "node:assert/strict";
import fc from "fast-check";
import { encodeBase64 } from "../../mod/ssh/base64.ts";
import { matchesPattern } from "../../mod/ssh/host_pattern.ts";
import { MAX_ENTRIES, parseKnownHosts } from "../../mod/ssh/known_hosts.ts";
import type { KeyBlob } from "../../mod/ssh/public_key.ts";
import { certify, makeAuthority, makeHostKey, publicKeyLine } from "../support/host_keys.ts";
import { baseEnv, run, runOk } from "../support/process.ts";
import { makeTempDir, type TempDir } from "../support/temp.ts";

const NOW = Date.now();
const A = makeHostKey("ssh-ed25519");
const B = makeHostKey("ecdsa-sha2-nistp256");
const C = makeHostKey("sk-ssh-ed25519@openssh.com");
const [a, b, c] = [A, B, C].map(publicKeyLine);

const LINES = [
  "# a comment",
  "",
  "   # another",
  `github.example.com,192.0.2.7 ${a} what you like`,
  `[git.example.org]:2222,Mixed.Example.NET\t${a}`,
  `*.wild.example,!not.wild.example,q?.example ${b}`,
  `  indented.example ${b}\r`,
  `gone.example,!gone.example ${b}`,
  `[*.ports.example]:22022 ${c}`,
  `@cert-authority ca-only.example ${a}`,
];
/** Lines without a key: ssh-keygen -H refuses the whole file for them, ssh skips them. */
const BROKEN = [
  `one.example two.example ${a}`,
  `broken.example ssh-ed25519 AAAA`,
  `liar.example ${b?.replace("nistp256", "nistp384")}`,
  `short.example`,
  `@unknown-marker marked.example ${a}`,
  `2048 35 1234567890 rsa1.example`,
  `|2|AAAA|AAAA ${a}`,
  `|1|AAAA|AAAA ${a}`,
];
const FILE = [...BROKEN, ...LINES, ...BROKEN].join("\n");

const NAMES = [
  "github.example.com",
  "GitHub.example.com",
  "192.0.2.7",
  "[git.example.org]:2222",
  "git.example.org",
  "[git.example.org]:22",
  "mixed.example.net",
  "a.wild.example",
  "a.b.wild.example",
  "not.wild.example",
  "wild.example",
  "qx.example",
  "qxx.example",
  "indented.example",
  "gone.example",
  "[h.ports.example]:22022",
  "h.ports.example",
  "nowhere.example",
] as const;

for (const hashed of [false, true]) {
  Deno.test(`isNamed() says what ssh-keygen -F says${hashed ? ", of hashed names too" : ""}`, async () => {
    await using dir = makeTempDir("known");
    const file = dir.write("known_hosts", `${LINES.join("\n")}\n`);
    if (hashed) await runOk(["ssh-keygen", "-H", "-f", file], { env: baseEnv(dir.path) });
    const text = Deno.readTextFileSync(file);
    equal(text.includes("github.example.com"), !hashed);
    const known = parseKnownHosts([text]);
    let found = 0;
    for (const name of NAMES) {
      const { text: lines } = await run(["ssh-keygen", "-F", name.toLowerCase(), "-f", file], {
        env: baseEnv(dir.path),
      });
      for (const key of [A, B, C]) {
        const said = lines.includes(encodeBase64(key.blob));
        equal(known.isNamed(key.blob, name, NOW), said, `${key.type} ${name}`);
        if (said) found++;
      }
    }
    equal(found, 10);
    equal(known.isNamed(A.blob, "ca-only.example", NOW), false); // -F shows authorities too
  });
}

Deno.test("lines without a key name nothing", () => {
  const known = parseKnownHosts([BROKEN.join("\n")]);
  for (const word of BROKEN.join("\n").split(/\s/)) {
    for (const key of [A, B, C]) equal(known.isNamed(key.blob, word, NOW), false, word);
  }
});

Deno.test("namesOf() gives the names in clear and no others", () => {
  const known = parseKnownHosts([FILE]);
  const names = ["github.example.com", "192.0.2.7", "[git.example.org]:2222", "mixed.example.net"];
  deepEqual(known.namesOf(A.blob, NOW), names);
  deepEqual(known.namesOf(B.blob, NOW), ["indented.example"]);
  deepEqual(known.namesOf(C.blob, NOW), []);
  deepEqual(known.namesOf(makeHostKey("ssh-ed25519").blob, NOW), []);
  equal(known.isNamed(A.blob, "", NOW), false);
  equal(known.isNamed(A.blob, "[github.example.com]:22", NOW), true);
  equal(known.isNamed(A.blob, "[github.example.com]:23", NOW), false);
  deepEqual(parseKnownHosts([`e\u0301.example,\u001b[2J,plain ${a}`]).namesOf(A.blob, NOW), ["plain"]);
});

Deno.test("namesOf() takes names from all files and shows at most 64", () => {
  const many = Array.from({ length: 100 }, (_, at) => `h${at}.example`);
  const known = parseKnownHosts([`${many.slice(0, 50).join(",")} ${a}`, `${many.slice(50).join(",")} ${a}\n`]);
  deepEqual(known.namesOf(A.blob, NOW), many.slice(0, 64));
  ok(known.isNamed(A.blob, "h99.example", NOW));
});

Deno.test("a revoked key has no name, under whichever name it was revoked", () => {
  for (const name of ["*", "elsewhere.example", "|1|kRkuSx4dE9hV+ArZ3Sl1SL6lS4g=|kRkuSx4dE9hV+ArZ3Sl1SL6lS4g="]) {
    const known = parseKnownHosts([`host.example ${a}\nhost.example ${b}`, `@revoked ${name} ${a}`]);
    equal(known.isRevoked(A.blob), true, name);
    equal(known.isNamed(A.blob, "host.example", NOW), false);
    equal(known.isNamed(A.blob, "elsewhere.example", NOW), false);
    deepEqual(known.namesOf(A.blob, NOW), []);
    equal(known.isRevoked(B.blob), false);
    equal(known.isNamed(B.blob, "host.example", NOW), true);
  }
});

async function hostCertificate(dir: TempDir, words: readonly string[]): Promise<{ blob: KeyBlob; ca: string }> {
  const authority = await makeAuthority(dir);
  return { blob: await certify(dir, authority, B, words), ca: authority.line };
}

Deno.test("a certificate has the names its authority is trusted for and made it for", async () => {
  await using dir = makeTempDir("known");
  const words = ["-h", "-n", "One.example.org,two.example.org,three.example.com,*.pool.example.org"];
  const { blob, ca } = await hostCertificate(dir, words);
  const known = parseKnownHosts([`@cert-authority *.example.org,[odd.example.org]:2222 ${ca}\nplain.example ${a}`]);
  deepEqual(known.namesOf(blob, NOW), ["one.example.org", "two.example.org"]);
  for (
    const { name, named } of [
      { name: "one.example.org", named: true },
      { name: "ONE.example.org", named: true },
      { name: "[one.example.org]:2222", named: true },
      { name: "n1.pool.example.org", named: true },
      { name: "three.example.com", named: false }, // the authority is not trusted for it
      { name: "four.example.org", named: false }, // the certificate is not made for it
      { name: "plain.example", named: false },
    ]
  ) equal(known.isNamed(blob, name, NOW), named, name);
  equal(known.isNamed(B.blob, "one.example.org", NOW), false); // the key alone
  const untrusted = parseKnownHosts([`*.example.org ${ca}`]);
  equal(untrusted.isNamed(blob, "one.example.org", NOW), false); // the authority's key as a plain host key
  deepEqual(parseKnownHosts([`plain.example ${b}`]).namesOf(blob, NOW), ["plain.example"]); // ssh falls back to the key
});

const NOT_IN_FORCE = [
  { name: "that is over", words: ["-h", "-n", "one.example.org", "-V", "20200101:20210101"] },
  { name: "that is not yet", words: ["-h", "-n", "one.example.org", "-V", "20900101:20910101"] },
  { name: "of a user", words: ["-n", "one.example.org"] },
  { name: "without principals", words: ["-h"] },
  { name: "with a critical option", words: ["-h", "-n", "one.example.org", "-O", "critical:x@example.org=1"] },
] as const;
for (const { name, words } of NOT_IN_FORCE) {
  Deno.test(`a certificate ${name} has no name`, async () => {
    await using dir = makeTempDir("known");
    const { blob, ca } = await hostCertificate(dir, words);
    const known = parseKnownHosts([`@cert-authority * ${ca}`]);
    equal(known.isNamed(blob, "one.example.org", NOW), false);
    deepEqual(known.namesOf(blob, NOW), []);
  });
}

Deno.test("a certificate is in force from its first second to before its last", async () => {
  await using dir = makeTempDir("known");
  const { blob, ca } = await hostCertificate(dir, ["-h", "-n", "one.example.org", "-V", "20300101Z:20310101Z"]);
  const known = parseKnownHosts([`@cert-authority * ${ca}`]);
  const [from, to] = [Date.UTC(2030, 0, 1), Date.UTC(2031, 0, 1)];
  deepEqual(
    [from - 1, from, to - 1, to].map((now) => known.isNamed(blob, "one.example.org", now)),
    [false, true, true, false],
  );
});

Deno.test("a certificate is revoked with its authority, its key, or itself", async () => {
  await using dir = makeTempDir("known");
  const { blob, ca } = await hostCertificate(dir, ["-h", "-n", "one.example.org"]);
  for (const line of [ca, b, `ecdsa-sha2-nistp256-cert-v01@openssh.com ${encodeBase64(blob)}`]) {
    const known = parseKnownHosts([`@cert-authority * ${ca}\n@revoked * ${line}`]);
    equal(known.isRevoked(blob), true);
    equal(known.isNamed(blob, "one.example.org", NOW), false);
    deepEqual(known.namesOf(blob, NOW), []);
  }
  equal(parseKnownHosts([`@cert-authority * ${ca}`]).isRevoked(blob), false);
  equal(parseKnownHosts([""]).isRevoked(blob.subarray(0, -3)), true); // one that cannot be read
});

Deno.test("beyond 50,000 lines only revocations count", () => {
  const lines = Array.from({ length: MAX_ENTRIES }, (_, at) => `h${at} ${b}`);
  const known = parseKnownHosts([[...lines, `late.example ${a}`, `late.example ${c}`, `@revoked * ${c}`].join("\n")]);
  equal(known.isNamed(B.blob, `h${MAX_ENTRIES - 1}`, NOW), true);
  equal(known.isNamed(A.blob, "late.example", NOW), false);
  equal(known.isRevoked(C.blob), true);
});

Deno.test("matchesPattern() agrees with a regular expression, and is not slow on any", () => {
  const words = fc.array(fc.constantFrom("a", "b", ".", "*", "?"), { maxLength: 8 }).map((all) => all.join(""));
  const names = fc.array(fc.constantFrom("a", "b", "."), { maxLength: 8 }).map((all) => all.join(""));
  fc.assert(
    fc.property(words, names, (pattern, name) => {
      const source = pattern.replaceAll(".", "\\.").replaceAll("*", ".*").replaceAll("?", ".");
      equal(matchesPattern(pattern, name), new RegExp(`^${source}$`).test(name), `${pattern} ${name}`);
    }),
    { numRuns: 2000 },
  );
  equal(matchesPattern("*a".repeat(100) + "b", "a".repeat(1000)), false);
});

Deno.test("parseKnownHosts() throws at no text", () => {
  fc.assert(fc.property(fc.array(fc.string({ unit: "binary" })), (texts) => {
    parseKnownHosts(texts.map((text) => `${text} ${a}\n@revoked ${text}\n|1|${text} ${b}`)).namesOf(A.blob, NOW);
  }));
});

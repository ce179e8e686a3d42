/**
 * A TLS certificate for 127.0.0.1 and localhost under a private authority, made by openssl(1).
 *
 * Not for: SSH certificates.
 *
 * @module
 */

import { baseEnv, runOk } from "./process.ts";
import type { TempDir } from "./temp.ts";

/** A server's key pair. The key protects nothing: it lives as long as one test server. */
export interface TlsIdentity {
  readonly certificate: string;
  readonly key: string;
  /** The authority that clients must trust, in PEM. */
  readonly authority: string;
  /** The same as a file, for `NODE_EXTRA_CA_CERTS` and the like. */
  readonly authorityFile: string;
}

const EC_KEY = ["-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-nodes", "-days", "2"];

/**
 * Makes one. Not self-signed, because strict clients refuse an authority's certificate as a server's.
 *
 * @param dir Where its files go.
 * @param names The subject alternative names; a wrong one is how a test gets a name mismatch.
 */
export async function makeTlsIdentity(
  dir: TempDir,
  names: readonly string[] = ["DNS:localhost", "IP:127.0.0.1"],
): Promise<TlsIdentity> {
  const request = async (
    name: string,
    words: readonly string[],
  ): Promise<readonly [certificate: string, key: string]> => {
    const files = [dir.join(`${name}.pem`), dir.join(`${name}-key.pem`)] as const;
    const out = ["-subj", `/CN=bwssh test ${name}`, "-out", files[0], "-keyout", files[1]];
    await runOk(["openssl", "req", "-x509", ...EC_KEY, ...out, ...words], { env: baseEnv(dir.path) });
    return files;
  };
  const [authorityFile, authorityKey] = await request("authority", []);
  const [certificate, key] = await request("server", [
    ...["-CA", authorityFile, "-CAkey", authorityKey],
    ...["-addext", "basicConstraints=critical,CA:FALSE", "-addext", `subjectAltName=${names.join(",")}`],
  ]);
  return {
    certificate: Deno.readTextFileSync(certificate),
    key: Deno.readTextFileSync(key),
    authority: Deno.readTextFileSync(authorityFile),
    authorityFile,
  };
}

/**
 * A self-signed TLS certificate for 127.0.0.1 and localhost, made by openssl(1).
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
  /** The certificate as a file, for `NODE_EXTRA_CA_CERTS` and the like. */
  readonly certificateFile: string;
}

/**
 * Makes one.
 *
 * @param dir Where its files go.
 * @param names The subject alternative names; a wrong one is how a test gets a name mismatch.
 */
export async function makeTlsIdentity(
  dir: TempDir,
  names: readonly string[] = ["DNS:localhost", "IP:127.0.0.1"],
): Promise<TlsIdentity> {
  const keyFile = dir.join("tls-key.pem");
  const certificateFile = dir.join("tls-certificate.pem");
  const shape = ["-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-nodes", "-days", "2"];
  const subject = ["-subj", "/CN=bwssh test server", "-addext", `subjectAltName=${names.join(",")}`];
  const files = ["-keyout", keyFile, "-out", certificateFile];
  await runOk(["openssl", "req", "-x509", ...shape, ...subject, ...files], { env: baseEnv(dir.path) });
  return {
    certificate: Deno.readTextFileSync(certificateFile),
    key: Deno.readTextFileSync(keyFile),
    certificateFile,
  };
}

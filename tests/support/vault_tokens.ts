/**
 * The test vault's login: grants, access and refresh tokens, and making them worthless.
 *
 * Not for: two-factor logins and new-device verification.
 *
 * @module
 */

import { type HttpReply, json } from "./https_server.ts";
import type { VaultAccount } from "./vault_account.ts";

type Json = Readonly<Record<string, unknown>>;

/** Who is logged in. */
export class VaultTokens {
  readonly #account: VaultAccount;
  readonly #access = new Set<string>();
  readonly #refresh = new Set<string>();
  /** Seconds until a token expires; `bw` asks for a new one from five minutes before. */
  lifetime = 3_600;

  constructor(account: VaultAccount) {
    this.#account = account;
  }

  /** Whether an Authorization header is good. */
  accepts(header: string | null): boolean {
    return this.#access.has(/^Bearer (.+)$/.exec(header ?? "")?.[1] ?? "");
  }

  /** Makes every token worthless, as an administrator or a password change does. */
  revoke(): void {
    this.#access.clear();
    this.#refresh.clear();
  }

  /** Answers POST /identity/connect/token. */
  grant(form: URLSearchParams): HttpReply {
    const { email, authenticationHash, clientId, clientSecret, tokenExtras } = this.#account;
    switch (form.get("grant_type")) {
      case "password":
        if (form.get("username") !== email || form.get("password") !== authenticationHash) return WRONG_PASSWORD;
        return json({ ...this.#issue(), refresh_token: this.#issueRefresh(), ...tokenExtras });
      case "client_credentials":
        if (form.get("client_id") !== clientId || form.get("client_secret") !== clientSecret) {
          return json({ error: "invalid_client" }, 400);
        }
        return json({ ...this.#issue(), ...tokenExtras });
      case "refresh_token":
        if (!this.#refresh.delete(form.get("refresh_token") ?? "")) return json({ error: "invalid_grant" }, 400);
        return json({ ...this.#issue(), refresh_token: this.#issueRefresh() });
      default:
        return json({ error: "unsupported_grant_type" }, 400);
    }
  }

  #issue(): Json {
    const { userId, email } = this.#account;
    const expiry = Math.floor(Date.now() / 1000) + this.lifetime;
    // `jti` keeps two tokens of one second apart; the client does not check the signature.
    const claims = { sub: userId, email, exp: expiry, premium: true, client_id: "cli", jti: crypto.randomUUID() };
    const token = [{ alg: "none", typ: "JWT" }, claims].map(base64UrlJson).join(".") + ".none";
    this.#access.add(token);
    return { access_token: token, token_type: "Bearer", expires_in: this.lifetime, scope: "api offline_access" };
  }

  #issueRefresh(): string {
    const token = crypto.randomUUID();
    this.#refresh.add(token);
    return token;
  }
}

const WRONG_PASSWORD = json({
  error: "invalid_grant",
  error_description: "invalid_username_or_password",
  ErrorModel: { Message: "Username or password is incorrect. Try again.", Object: "error" },
}, 400);

function base64UrlJson(value: Json): string {
  return btoa(JSON.stringify(value)).replaceAll("+", "-").replaceAll("/", "_").replaceAll("=", "");
}

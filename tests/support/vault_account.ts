/**
 * An account of the test vault with its organisation: keys, and what the server says of them.
 *
 * Not for: items (`vault_items.ts`) and requests (`vault_server.ts`).
 *
 * @module
 */

import {
  type AccountKeyPair,
  authenticationHash,
  encrypt,
  type EncString,
  masterKey,
  newAccountKeyPair,
  newSymmetricKey,
  PBKDF2_ITERATIONS,
  stretch,
  type SymmetricKey,
} from "./vault_crypto.ts";

/** A named thing with an id: a folder or a collection. */
export interface Named {
  readonly id: string;
  readonly name: string;
}

/** An organisation in clear. */
export interface PlainOrganization extends Named {
  readonly collections: readonly Named[];
  /** Whether each reading of one of its items is reported to it (POST /events/collect). */
  readonly useEvents?: boolean;
}

/** Every switch of an organisation: `bw` refuses the login when one is missing. */
const ORGANIZATION_SWITCHES = {
  enabled: true,
  usePolicies: false,
  useGroups: false,
  useDirectory: false,
  useEvents: false,
  useTotp: false,
  use2fa: false,
  useApi: false,
  useSso: false,
  useKeyConnector: false,
  useScim: false,
  useResetPassword: false,
  useSecretsManager: false,
  usePasswordManager: true,
  useCustomPermissions: false,
  useOrganizationDomains: false,
  useActivateAutofillPolicy: false,
  useRiskInsights: false,
  selfHost: true,
  usersGetPremium: true,
  hasPublicAndPrivateKeys: true,
  ssoBound: false,
  resetPasswordEnrolled: false,
  familySponsorshipAvailable: false,
  keyConnectorEnabled: false,
  accessSecretsManager: false,
  limitCollectionCreation: false,
  limitCollectionDeletion: false,
  limitItemDeletion: false,
  allowAdminAccessToAllCollectionItems: true,
  userIsClaimedByOrganization: false,
} as const;

type Json = Readonly<Record<string, unknown>>;

/** One account. Its password and client secret are made up anew each time and protect nothing. */
export class VaultAccount {
  readonly userId: string = crypto.randomUUID();
  readonly email = "someone@bwssh.test";
  readonly password: string = `correct horse ${crypto.randomUUID()}`;
  readonly clientId = `user.${this.userId}`;
  readonly clientSecret: string = crypto.randomUUID();
  readonly organizations: readonly PlainOrganization[];
  readonly #userKey: SymmetricKey = newSymmetricKey();
  readonly #organizationKeys = new Map<string, SymmetricKey>();
  readonly #wrappedUserKey: EncString;
  readonly #pair: AccountKeyPair;
  /** What the client proves the password with. */
  readonly authenticationHash: string;

  constructor(organizations: readonly PlainOrganization[] = []) {
    const master = masterKey(this.password, this.email);
    this.authenticationHash = authenticationHash(master, this.password);
    this.#wrappedUserKey = encrypt(stretch(master), this.#userKey);
    this.#pair = newAccountKeyPair(this.#userKey);
    this.organizations = organizations;
    for (const { id } of organizations) this.#organizationKeys.set(id, newSymmetricKey());
  }

  /** The key that items of an organisation, or of the account itself, are encrypted with. */
  keyFor(organizationId: string | undefined): SymmetricKey {
    if (organizationId === undefined) return this.#userKey;
    const key = this.#organizationKeys.get(organizationId);
    if (key === undefined) throw new RangeError(`No organisation ${organizationId} in the test vault`);
    return key;
  }

  /** What the client must know before it logs in. */
  get prelogin(): Json {
    return { kdfSettings: { kdfType: 0, iterations: PBKDF2_ITERATIONS }, salt: this.email };
  }

  /** What a login answers beside the tokens. */
  get tokenExtras(): Json {
    return {
      Key: this.#wrappedUserKey,
      PrivateKey: this.#pair.wrappedPrivateKey,
      Kdf: 0,
      KdfIterations: PBKDF2_ITERATIONS,
      AccountKeys: this.#accountKeys,
      ForcePasswordReset: false,
      UserDecryptionOptions: {
        HasMasterPassword: true,
        MasterPasswordUnlock: {
          Salt: this.email,
          Kdf: { KdfType: 0, Iterations: PBKDF2_ITERATIONS },
          MasterKeyEncryptedUserKey: this.#wrappedUserKey,
        },
      },
    };
  }

  /** The `userDecryption` part of a sync answer. */
  userDecryption(userKeyId: string | undefined): Json {
    const kdf = { kdfType: 0, iterations: PBKDF2_ITERATIONS };
    const masterPasswordUnlock = { kdf, salt: this.email, masterKeyEncryptedUserKey: this.#wrappedUserKey };
    return userKeyId === undefined ? { masterPasswordUnlock } : { masterPasswordUnlock, userKeyId };
  }

  /** The `profile` part of a sync answer. */
  get profile(): Json {
    return {
      id: this.userId,
      email: this.email,
      name: "Someone",
      emailVerified: true,
      // Gates the attachments of personal items.
      premium: true,
      securityStamp: this.userId,
      key: this.#wrappedUserKey,
      privateKey: this.#pair.wrappedPrivateKey,
      accountKeys: this.#accountKeys,
      organizations: this.organizations.map((organization) => this.#membership(organization)),
    };
  }

  /** The `collections` part of a sync answer. */
  get collections(): readonly Json[] {
    return this.organizations.flatMap(({ id: organizationId, collections }) =>
      collections.map(({ id, name }) => ({
        id,
        organizationId,
        name: encrypt(this.keyFor(organizationId), name),
        externalId: null,
        readOnly: false,
        hidePasswords: false,
        manage: true,
      }))
    );
  }

  /** A folder as a sync answer has it. */
  folder({ id, name }: Named): Json {
    return { id, name: encrypt(this.#userKey, name), revisionDate: "2026-01-02T03:04:05.000Z" };
  }

  /** Checked by exact lowerCamel names. */
  get #accountKeys(): Json {
    const { publicKey, wrappedPrivateKey } = this.#pair;
    return { publicKeyEncryptionKeyPair: { wrappedPrivateKey, publicKey } };
  }

  #membership({ id, name, useEvents = false }: PlainOrganization): Json {
    return {
      ...ORGANIZATION_SWITCHES,
      useEvents,
      id,
      name,
      key: this.#pair.wrap(this.keyFor(id)),
      status: 2,
      type: 2,
      seats: 5,
      maxCollections: 5,
      maxStorageGb: 1,
      productTierType: 3,
      permissions: {},
      userId: this.userId,
      organizationUserId: this.userId,
    };
  }
}

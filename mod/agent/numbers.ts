/**
 * The numbers of the agent protocol under the names RFC 9987 gives them, and those of the SSH 1 messages that old clients
 * still send, under the names of its drafts.
 *
 * @module
 */

export { SSH_AGENT_RSA_SHA2_256, SSH_AGENT_RSA_SHA2_512 } from "../ssh/signature.ts";

/** Message numbers by name. 1 to 4, 7 to 9 and 24 are SSH 1; net-ssh opens with 1, and `ssh-add -D` sends 9 after 19. */
export const MESSAGE = {
  SSH_AGENTC_REQUEST_RSA_IDENTITIES: 1,
  SSH_AGENT_RSA_IDENTITIES_ANSWER: 2,
  SSH_AGENTC_RSA_CHALLENGE: 3,
  SSH_AGENT_RSA_RESPONSE: 4,
  SSH_AGENT_FAILURE: 5,
  SSH_AGENT_SUCCESS: 6,
  SSH_AGENTC_ADD_RSA_IDENTITY: 7,
  SSH_AGENTC_REMOVE_RSA_IDENTITY: 8,
  SSH_AGENTC_REMOVE_ALL_RSA_IDENTITIES: 9,
  SSH_AGENTC_REQUEST_IDENTITIES: 11,
  SSH_AGENT_IDENTITIES_ANSWER: 12,
  SSH_AGENTC_SIGN_REQUEST: 13,
  SSH_AGENT_SIGN_RESPONSE: 14,
  SSH_AGENTC_ADD_IDENTITY: 17,
  SSH_AGENTC_REMOVE_IDENTITY: 18,
  SSH_AGENTC_REMOVE_ALL_IDENTITIES: 19,
  SSH_AGENTC_ADD_SMARTCARD_KEY: 20,
  SSH_AGENTC_REMOVE_SMARTCARD_KEY: 21,
  SSH_AGENTC_LOCK: 22,
  SSH_AGENTC_UNLOCK: 23,
  SSH_AGENTC_ADD_RSA_ID_CONSTRAINED: 24,
  SSH_AGENTC_ADD_ID_CONSTRAINED: 25,
  SSH_AGENTC_ADD_SMARTCARD_KEY_CONSTRAINED: 26,
  SSH_AGENTC_EXTENSION: 27,
  SSH_AGENT_EXTENSION_FAILURE: 28,
  SSH_AGENT_EXTENSION_RESPONSE: 29,
} as const;

/** The name of a message number for logs, or `message 200`. */
export function messageName(code: number): string {
  return Object.entries(MESSAGE).find(([, number]) => number === code)?.[0] ?? `message ${code}`;
}

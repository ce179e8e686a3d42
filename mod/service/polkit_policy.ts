/**
 * The policy file that tells polkit of bwssh's actions, as text. Pure: the owners come in as an argument.
 *
 * Not for: where it goes and whether it may be written; see `polkit_file.ts`.
 *
 * @module
 */

/** The actions, each with the sentence of a prompt that cannot say more (see `mod/approval/polkit.ts`). */
const ACTIONS = [
  {
    id: "io.github.reidond.bwssh.sign",
    description: "Use an SSH key held by bwssh",
    message: "Authentication is required to use an SSH key held by bwssh",
  },
  {
    id: "io.github.reidond.bwssh.unlock",
    description: "Unlock the SSH keys of a vault",
    message: "Authentication is required to unlock the SSH keys of your vault",
  },
  {
    id: "io.github.reidond.bwssh.list",
    description: "List the SSH keys held by bwssh",
    message: "Authentication is required to see which SSH keys bwssh holds",
  },
] as const;

/** A user's name as useradd(8) allows it by default, with the capital letters and dots that directories add. */
const USER = /^(?:[A-Za-z_][A-Za-z0-9_.-]{0,31}\$?|\d{1,10})$/;

/** Whether a name or uid can be an owner. */
export function isUser(name: string): boolean {
  return USER.test(name);
}

/**
 * The policy file.
 *
 * Never `_keep`: polkit's kept answers do not regard which key was asked for. The owner annotation lets a daemon of these
 * users put the key and the destination into the prompt, and gives them nothing else: whoever can prompt as the user can
 * write any text into these prompts, but the password goes to polkit alone.
 *
 * @param owners Names or uids of users.
 */
export function policyText(owners: readonly string[]): string {
  const owner = owners.map((name) => `unix-user:${name}`).join(" ");
  const actions = ACTIONS.map(({ id, description, message }) =>
    `  <action id="${xml(id)}">
    <description>${xml(description)}</description>
    <message>${xml(message)}</message>
    <defaults>
      <allow_any>auth_self</allow_any>
      <allow_inactive>auth_self</allow_inactive>
      <allow_active>auth_self</allow_active>
    </defaults>
    <annotate key="org.freedesktop.policykit.owner">${xml(owner)}</annotate>
  </action>
`
  );
  return `<!DOCTYPE policyconfig PUBLIC "-//freedesktop//DTD PolicyKit Policy Configuration 1.0//EN"
 "http://www.freedesktop.org/standards/PolicyKit/1/policyconfig.dtd">
<policyconfig>
  <vendor>bwssh</vendor>
${actions.join("")}</policyconfig>
`;
}

/** The owners that a policy file of ours names. */
export function ownersIn(text: string): readonly string[] {
  const [, annotation = ""] = /<annotate key="org\.freedesktop\.policykit\.owner">([^<]*)</.exec(text) ?? [];
  const names = annotation.split(" ").map((word) => word.replace(/^unix-user:/, ""));
  return names.filter(isUser);
}

function xml(text: string): string {
  const entities: Readonly<Record<string, string>> = { "&": "&amp;", "<": "&lt;", ">": "&gt;", '"': "&quot;" };
  return text.replace(/[&<>"]/g, (character) => entities[character] ?? character);
}

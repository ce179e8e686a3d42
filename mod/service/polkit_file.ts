/**
 * The policy file in its place: written as root, for the users that are to own the actions.
 *
 * @module
 */

import { type Artefact, sealedFile, standingOf } from "./artefact.ts";
import { ServiceError } from "./error.ts";
import { isUser, ownersIn, policyText } from "./polkit_policy.ts";

/** The only place that every version of polkit reads actions from. */
export const POLICY_DIRECTORY = "/usr/share/polkit-1/actions";
const NAME = "io.github.reidond.bwssh.policy";

/** A file of ours is some 2 KB. */
const LONGEST_FILE = 64 * 1024;

/** Where it goes, and what is not there when it is not installed. */
export function policyArtefact(text: string, directory: string = POLICY_DIRECTORY): Artefact {
  return { kind: "file", path: `${directory}/${NAME}`, text, format: "xml" };
}

/**
 * The file for one more owner: those that a file of ours names already stay.
 *
 * @param user Name or uid.
 * @throws {ServiceError} `invalid`, if there cannot be such a user; `polkit`, if polkit is not installed.
 */
export async function planPolicy(
  user: string,
  directory: string = POLICY_DIRECTORY,
): Promise<{ readonly artefact: Artefact & { readonly kind: "file" }; readonly owners: readonly string[] }> {
  if (!isUser(user)) {
    throw new ServiceError("invalid", `Cannot make "${user}" the owner: not a user's name`, "--user NAME, or a uid");
  }
  if (user === "root" || user === "0") {
    throw new ServiceError(
      "invalid",
      "Cannot make root the owner: polkit says yes to root whatever is asked, so a daemon of root's does not use it",
      "--user NAME, the user who runs bwssh",
    );
  }
  const before = await ownersThere(directory);
  const owners = before.includes(user) ? before : [...before, user];
  return { artefact: await sealedFile(`${directory}/${NAME}`, policyText(owners), "xml"), owners };
}

/** @throws {ServiceError} If polkit is not there to read what would be written. */
export async function requirePolkit(directory: string = POLICY_DIRECTORY): Promise<void> {
  const found = await Deno.stat(directory).catch(() => undefined);
  if (found?.isDirectory === true) return;
  throw new ServiceError("polkit", `Cannot install the policy: there is no "${directory}"`, "apt install polkitd");
}

/** Those of a file that is ours and unchanged; others are not ours to carry on. */
async function ownersThere(directory: string): Promise<readonly string[]> {
  const artefact = policyArtefact("", directory);
  if (await standingOf(artefact) !== "ours") return [];
  const text = await Deno.readTextFile(artefact.path);
  return text.length > LONGEST_FILE ? [] : ownersIn(text);
}

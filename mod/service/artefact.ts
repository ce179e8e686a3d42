/**
 * The files and links that an installation consists of: whose they are, and putting them there and away. A file of ours
 * begins with a line that holds the digest of the rest, so that what somebody has changed since is never overwritten
 * and never removed, whatever version of bwssh wrote it.
 *
 * Not for: what is in them; see `units.ts`.
 *
 * @module
 */

import { parentOf } from "../config/paths.ts";
import { ServiceError } from "./error.ts";

/** How the first line of a file of ours goes round the digest: a comment of its format. */
interface Seal {
  readonly before: string;
  readonly after: string;
}

/** By format: units and environment.d take `#` for a comment; XML wants its declaration before anything else. */
const SEALS = {
  unit: {
    before: '# Written by "bwssh install --user-systemd". Change it with a drop-in, not here. sha256 ',
    after: "",
  },
  xml: {
    before: '<?xml version="1.0" encoding="UTF-8"?><!-- Written by "bwssh install", changes are not kept. sha256 ',
    after: " -->",
  },
} as const satisfies Readonly<Record<string, Seal>>;
/** More is not a file of ours. */
const LONGEST_FILE = 64 * 1024;

/** Something to put in place. */
export type Artefact =
  | { readonly kind: "file"; readonly path: string; readonly text: string; readonly format?: keyof typeof SEALS }
  | { readonly kind: "link"; readonly path: string; readonly target: string };

/** What stands at a path: nothing, what we would write, what we wrote once, that but changed, somebody else's. */
export type Standing = "absent" | "same" | "ours" | "changed" | "foreign";

/** What installing one did. `skipped` only happens to links, with the reason. */
export interface Outcome {
  readonly path: string;
  readonly did: "written" | "unchanged" | "skipped";
  readonly reason?: string;
}

/** A file of ours. @param body What it says; the line that says whose it is goes before it. */
export async function sealedFile(
  path: string,
  body: string,
  format: keyof typeof SEALS = "unit",
): Promise<Artefact & { readonly kind: "file" }> {
  const { before, after } = SEALS[format];
  return { kind: "file", path, format, text: `${before}${await digestOf(body)}${after}\n${body}` };
}

/** Says whose the thing at the artefact's path is. */
export async function standingOf(artefact: Artefact): Promise<Standing> {
  const { path } = artefact;
  const found = await lstatOrNothing(path);
  if (found === undefined) return "absent";
  if (artefact.kind === "link") {
    return found.isSymlink && await leadsTo(artefact) ? "same" : "foreign";
  }
  // A link in a unit's place is the user's: `systemctl mask` makes one, so do managers of dotfiles.
  if (!found.isFile || found.size > LONGEST_FILE) return "foreign";
  const text = await Deno.readTextFile(path);
  if (text === artefact.text) return "same";
  const { before, after } = SEALS[artefact.format ?? "unit"];
  if (!text.startsWith(before)) return "foreign";
  const end = text.indexOf("\n");
  return text.slice(before.length, end) === `${await digestOf(text.slice(end + 1))}${after}` ? "ours" : "changed";
}

/**
 * Puts all of them in place, or none if one of them would replace what is not ours.
 *
 * @returns One outcome each. A link that cannot be made is left out: it is a convenience.
 * @throws {ServiceError} `foreign-file`.
 */
export async function install(artefacts: readonly Artefact[]): Promise<readonly Outcome[]> {
  const standings = await Promise.all(artefacts.map(standingOf));
  for (const [index, artefact] of artefacts.entries()) refuseForeign(artefact, standings[index]);
  const outcomes: Outcome[] = [];
  for (const [index, artefact] of artefacts.entries()) {
    const { path } = artefact;
    if (standings[index] === "same") outcomes.push({ path, did: "unchanged" });
    else if (artefact.kind === "file") {
      await replaceFile(path, artefact.text);
      outcomes.push({ path, did: "written" });
    } else outcomes.push(await makeLink(artefact));
  }
  return outcomes;
}

/** Removes what is there and ours, unchanged. @returns Its standing; `absent`, `changed` and `foreign` were left. */
export async function uninstall(artefact: Artefact): Promise<Standing> {
  const standing = await standingOf(artefact);
  if (standing === "same" || standing === "ours") await Deno.remove(artefact.path);
  return standing;
}

function refuseForeign(artefact: Artefact, standing: Standing | undefined): void {
  const { path } = artefact;
  if (standing === "foreign") {
    throw new ServiceError("foreign-file", `Cannot write "${path}": bwssh did not make what is there`, `rm '${path}'`);
  }
  if (standing === "changed") {
    throw new ServiceError(
      "foreign-file",
      `Cannot write "${path}": it was changed after bwssh wrote it`,
      artefact.kind === "file" && artefact.format === "xml"
        ? `keep the changes elsewhere (a rule in /etc/polkit-1/rules.d), then rm '${path}'`
        : `keep the changes elsewhere (systemctl --user edit UNIT), then rm '${path}'`,
    );
  }
}

/** Whole or not at all: systemd may read it at any moment, and the machine may stop at any. */
async function replaceFile(path: string, text: string): Promise<void> {
  const directory = parentOf(path);
  await Deno.mkdir(directory, { recursive: true, mode: 0o700 });
  const temporary = await Deno.makeTempFile({ dir: directory, prefix: ".bwssh-" });
  try {
    {
      using file = await Deno.open(temporary, { write: true });
      const bytes = new TextEncoder().encode(text);
      for (let at = 0; at < bytes.length;) at += await file.write(bytes.subarray(at));
      await file.sync();
    }
    await Deno.chmod(temporary, 0o644);
    await Deno.rename(temporary, path);
  } catch (error) {
    await Deno.remove(temporary);
    throw error;
  }
}

async function makeLink({ path, target }: Artefact & { readonly kind: "link" }): Promise<Outcome> {
  try {
    await Deno.symlink(target, path);
    return { path, did: "written" };
  } catch (error) {
    return { path, did: "skipped", reason: error instanceof Error ? error.message : String(error) };
  }
}

/** However it is written: systemctl makes links of either kind. A link that leads nowhere is nobody's. */
async function leadsTo({ path, target }: Artefact & { readonly kind: "link" }): Promise<boolean> {
  try {
    return await Deno.realPath(path) ===
      await Deno.realPath(target.startsWith("/") ? target : `${parentOf(path)}/${target}`);
  } catch (error) {
    if (error instanceof Deno.errors.NotFound) return false;
    throw error;
  }
}

async function digestOf(text: string): Promise<string> {
  const digest = await crypto.subtle.digest("SHA-256", new TextEncoder().encode(text));
  return [...new Uint8Array(digest)].map((byte) => byte.toString(16).padStart(2, "0")).join("");
}

async function lstatOrNothing(path: string): Promise<Deno.FileInfo | undefined> {
  try {
    return await Deno.lstat(path);
  } catch (error) {
    if (error instanceof Deno.errors.NotFound) return undefined;
    throw error;
  }
}

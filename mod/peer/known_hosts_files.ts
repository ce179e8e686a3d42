/**
 * The files known_hosts stands in, read again when they change.
 *
 * @module
 */

import { type KnownHosts, parseKnownHosts } from "../ssh/known_hosts.ts";

/** 50,000 lines of a hundred bytes; a larger file is left unread. */
export const MAX_KNOWN_HOSTS_SIZE = 8 * 1024 * 1024;

/** Reads `~/.ssh/known_hosts`, `~/.ssh/known_hosts2`, `/etc/ssh/ssh_known_hosts` or others, in this order of names. */
export class KnownHostsFiles {
  readonly #paths: readonly string[];
  #stamp: string | undefined;
  #known: KnownHosts = parseKnownHosts([]);

  /** @param paths Absolute. */
  constructor(paths: readonly string[]) {
    this.#paths = paths;
  }

  /** What the files say now. One that is missing, unreadable, too large or no plain file says nothing. */
  current(): KnownHosts {
    // ssh writes a new host's key before it binds; so the files are looked at every time.
    const stamp = this.#paths.map(stampOf).join("\n");
    if (stamp !== this.#stamp) {
      this.#known = parseKnownHosts(this.#paths.map(readText));
      this.#stamp = stamp;
    }
    return this.#known;
  }
}

/** Changes with the file: ssh appends (the size), ssh-keygen -R and -H replace (the inode), an editor does either. */
function stampOf(path: string): string {
  try {
    const { ino, size, mtime } = Deno.statSync(path);
    return `${ino} ${size} ${mtime?.getTime()}`;
  } catch {
    return "none";
  }
}

function readText(path: string): string {
  try {
    const { isFile, size } = Deno.statSync(path); // reading a pipe would wait for its writer
    return isFile && size <= MAX_KNOWN_HOSTS_SIZE ? Deno.readTextFileSync(path) : "";
  } catch {
    return "";
  }
}

/**
 * The processes above a process, nearest first.
 *
 * @module
 */

import type { Ancestor } from "../policy/ask.ts";
import {
  isMarkedDeleted,
  lastPart,
  type ProcessStat,
  readExePath,
  readMountNamespace,
  readStat,
  withoutDeleted,
} from "./proc.ts";

/** Processes above the peer that are read: the deepest desktop session seen has 11. */
export const MAX_ANCESTORS = 16;

/**
 * The processes above, without the first of all (pid 1). A parent that started after its child is none: the true one has
 * ended, and its pid was given out again.
 *
 * The path of one is kept only where it means the same file to us. A process can give itself mounts of its own after its
 * child was started, and so be found to run `/usr/bin/git` when it runs something else.
 *
 * @param ourMounts Our mount namespace; where it is unknown, so is every path.
 */
export function readAncestors(peer: ProcessStat, ourMounts: string | undefined): readonly Ancestor[] {
  const ancestors: Ancestor[] = [];
  let child = peer;
  while (ancestors.length < MAX_ANCESTORS && child.parent > 1) {
    const pid = child.parent;
    const stat = readStat(pid);
    if (stat === undefined || stat.startTime > child.startTime) break;
    const path = readExePath(pid);
    const isOurs = path !== undefined && !isMarkedDeleted(path) && ourMounts !== undefined &&
      readMountNamespace(pid) === ourMounts;
    ancestors.push({
      pid,
      program: path === undefined ? stat.name : lastPart(withoutDeleted(path)),
      exe: isOurs ? path : undefined,
    });
    child = stat;
  }
  return ancestors;
}

/**
 * Paths and values as unit files and environment.d files need them. Every kind of line has its own quoting: what is
 * right in one silently means something else in another.
 *
 * Not for: what the files say; see `units.ts`.
 *
 * @module
 */

import { ServiceError } from "./error.ts";

/** systemd.exec(5): string_is_safe() of systemd refuses these in the path of an executable, quoted or not. */
const NOT_IN_EXECUTABLE = /["'\\]/;

/**
 * A value of ListenStream=: specifiers count, quotes and backslashes do not (systemd.socket(5)).
 *
 * @param path Absolute.
 * @param base The runtime directory of the user, which becomes `%t` where the path is below it; or undefined.
 * @throws {ServiceError} If no line can say this path.
 */
export function listenValue(path: string, base: string | undefined): string {
  requireLine(path);
  // systemd simplifies the path before it binds, and the daemon then finds another one than it is configured for.
  if (path.split("/").slice(1).some((part) => part === "" || part === "." || part === "..")) {
    throw unsayable(path, "it has an empty part, `.` or `..`", "write it without");
  }
  if (path.endsWith("\\")) {
    throw unsayable(path, "a backslash at the end of a line joins the next one", "choose another");
  }
  if (path.trimEnd() !== path) throw unsayable(path, "blanks at the end of a line are dropped", "choose another");
  return belowRuntime(path, base);
}

/**
 * The executable and its arguments, as a value of ExecStart=. The colon keeps `$` from meaning a variable
 * (systemd.service(5), systemd 244).
 *
 * @param program Absolute path.
 * @param args Words of letters, digits and hyphens.
 * @throws {ServiceError} If systemd does not take such a path.
 */
export function commandValue(program: string, args: readonly string[]): string {
  requireLine(program);
  if (NOT_IN_EXECUTABLE.test(program)) {
    throw unsayable(
      program,
      "systemd takes no quotes or backslashes in a program's path",
      "install it elsewhere: install -m755 FILE ~/.local/bin/bwssh",
    );
  }
  return `:"${program.replaceAll("%", "%%")}" ${args.join(" ")}`;
}

/**
 * A value of Environment=, one quoted assignment (systemd.exec(5)).
 *
 * @param base As for {@linkcode listenValue}.
 * @throws {ServiceError} If the value has more than one line.
 */
export function assignment(name: string, value: string, base: string | undefined): string {
  requireLine(value);
  return `"${name}=${belowRuntime(value.replace(/["\\]/g, "\\$&"), base)}"`;
}

/**
 * An assignment in an environment.d(5) file: the value is unquoted first, then `$` is expanded in what is left.
 *
 * @param path Absolute.
 * @param base The runtime directory of the user, which becomes `${XDG_RUNTIME_DIR}`; or undefined.
 * @throws {ServiceError} If the path has more than one line.
 */
export function environmentLine(name: string, path: string, base: string | undefined): string {
  requireLine(path);
  const isBelow = base !== undefined && path.startsWith(`${base}/`);
  const rest = (isBelow ? path.slice(base.length) : path).replace(/["\\]/g, "\\$&").replaceAll("$", "$$$$");
  return `${name}="${isBelow ? "${XDG_RUNTIME_DIR}" : ""}${rest}"`;
}

function belowRuntime(path: string, base: string | undefined): string {
  const isBelow = base !== undefined && path.startsWith(`${base}/`);
  const rest = (isBelow ? path.slice(base.length) : path).replaceAll("%", "%%");
  return isBelow ? `%t${rest}` : rest;
}

/** Newlines would begin a setting of their own, whoever chose the path; other controls hide what the file says. */
function requireLine(text: string): void {
  if (/\p{Cc}/u.test(text)) throw unsayable(text, "it has control characters", "choose another path");
}

function unsayable(path: string, why: string, hint: string): ServiceError {
  return new ServiceError("invalid", `Cannot write ${JSON.stringify(path)} into a unit file: ${why}`, hint);
}

/**
 * What can go wrong on a bus.
 *
 * @module
 */

/**
 * `no-library`: libdbus is not installed. `connect`: no connection to the bus. `refused`: the bus or the service answered
 * with an error. `lost`: the connection ended before the answer. `aborted`: the caller gave up. `argument`: a value that
 * cannot be sent. `answer`: a reply that cannot be read.
 */
export type DbusErrorCode = "no-library" | "connect" | "refused" | "lost" | "aborted" | "argument" | "answer";

/** A call over the bus did not come to its answer. Matched by `code` and `errorName`, never by text. */
export class DbusError extends Error {
  override readonly name = "DbusError";
  readonly code: DbusErrorCode;
  /** D-Bus's own name of the error, such as `org.freedesktop.DBus.Error.ServiceUnknown`; empty where there is none. */
  readonly errorName: string;
  /** What the other side says about it, unsanitised; empty where there is none. */
  readonly text: string;

  constructor(
    code: DbusErrorCode,
    message: string,
    { errorName = "", text = "", ...options }: ErrorOptions & { readonly errorName?: string; readonly text?: string } =
      {},
  ) {
    super(message, options);
    this.code = code;
    this.errorName = errorName;
    this.text = text;
  }
}

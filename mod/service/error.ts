/**
 * What can go wrong between bwssh and the service manager, as the user sees it.
 *
 * @module
 */

/** `invalid` is a path that a unit file cannot hold (exit code 2 of the command line); the others are failures. */
export type ServiceErrorCode = "invalid" | "from-source" | "foreign-file" | "not-removed" | "manager" | "polkit";

/** Setting up, starting or ending the service did not work. */
export class ServiceError extends Error {
  override readonly name = "ServiceError";
  readonly code: ServiceErrorCode;
  /** The next command to type. */
  readonly hint: string;

  constructor(code: ServiceErrorCode, message: string, hint: string, options?: ErrorOptions) {
    super(message, options);
    this.code = code;
    this.hint = hint;
  }
}

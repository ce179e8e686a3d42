/**
 * Why a text is not a private key we can use.
 *
 * @module
 */

/**
 * A private key could not be taken. Messages never hold anything of the key. Codes:
 *
 * - `not-a-key`: there is no private key in the text;
 * - `malformed`: there is one, and its bytes are not what its format says;
 * - `passphrase-protected`: nobody can be asked for the passphrase; the hint removes it;
 * - `unsupported`: a key of a kind, curve or size that is not used;
 * - `inconsistent`: its numbers contradict each other.
 */
export class KeyError extends SyntaxError {
  override readonly name = "KeyError";
  readonly code: "not-a-key" | "malformed" | "passphrase-protected" | "unsupported" | "inconsistent";
  /** The next command to type, where there is one. */
  readonly hint: string | undefined;
  constructor(code: KeyError["code"], message: string, options: ErrorOptions & { readonly hint?: string } = {}) {
    super(message, options);
    this.code = code;
    this.hint = options.hint;
  }
}

/** The error for every form of passphrase protection. */
export function passphraseProtected(): KeyError {
  return new KeyError("passphrase-protected", "Cannot use the private key: it is protected by a passphrase", {
    hint: "ssh-keygen -p -f KEYFILE",
  });
}

/** @param what What is wrong, after "Cannot read the private key:". */
export function malformed(what: string, options?: ErrorOptions): KeyError {
  return new KeyError("malformed", `Cannot read the private key: ${what}`, options);
}

/** @param what What it is, after "Cannot use the private key:". */
export function unsupported(what: string, hint?: string): KeyError {
  return new KeyError("unsupported", `Cannot use the private key: ${what}`, hint === undefined ? {} : { hint });
}

/** @param what Which of its parts disagree, after "Cannot use the private key:". */
export function inconsistent(what: string, options?: ErrorOptions): KeyError {
  return new KeyError("inconsistent", `Cannot use the private key: ${what}`, options);
}

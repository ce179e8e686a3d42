/**
 * The flags of subcommands that have their own, as parsed.
 *
 * @module
 */

/** Flags of `bwssh daemon`. */
export interface DaemonFlags {
  readonly foreground?: boolean;
  /** Set by the daemon that starts another in the background. */
  readonly background?: boolean;
  readonly runtimeDir?: string;
}

/** Where the session comes from; none of them means `bw unlock --raw` on the terminal. */
export interface UnlockFlags {
  readonly sessionStdin?: boolean;
  readonly sessionFile?: string;
  readonly sessionEnv?: string;
  readonly passwordFile?: string;
  readonly passwordEnv?: string;
  readonly json?: boolean;
}

/** Flags of `uninstall`. */
export interface UninstallFlags {
  readonly userSystemd?: boolean;
  readonly polkit?: boolean;
  readonly print?: boolean;
}

/** Flags of `install`. */
export interface InstallFlags extends UninstallFlags {
  /** With `polkit`: who runs the daemon. */
  readonly user?: string;
  readonly environment?: boolean;
}

/** Flags of `log`. */
export interface LogFlags {
  readonly lines?: number;
  readonly follow?: boolean;
  readonly denied?: boolean;
  readonly key?: string;
  readonly json?: boolean;
}

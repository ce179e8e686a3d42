/** The flags of `bwssh unlock`. @module */

import { buildCommand } from "@stricli/core";
import type { CliContext } from "./context.ts";
import type { UnlockFlags } from "./flags.ts";

/** `--session-env` without a value means BW_SESSION. */
const parsed = { kind: "parsed", parse: String, optional: true } as const;

/** The subcommand. */
export const unlockCommand = buildCommand<UnlockFlags, [], CliContext>({
  docs: {
    brief: "load the keys: asks for the master password, or takes a session",
    fullDescription:
      "Without flags `bw unlock --raw` asks for the master password on the terminal; bwssh sees only the\n" +
      "session key that comes of it. The other flags are for scripts.",
  },
  parameters: {
    flags: {
      sessionStdin: {
        kind: "boolean",
        optional: true,
        withNegated: false,
        brief: "read a session from standard input",
      },
      sessionFile: { ...parsed, brief: "read a session from a file", placeholder: "FILE" },
      sessionEnv: {
        ...parsed,
        inferEmpty: true,
        parse: (name: string): string => name === "" ? "BW_SESSION" : name,
        brief: "take a session from the environment, BW_SESSION unless named",
        placeholder: "VARIABLE",
      },
      passwordFile: { ...parsed, brief: "have bw read the master password from a file", placeholder: "FILE" },
      passwordEnv: {
        ...parsed,
        brief: "have bw take the master password from the environment",
        placeholder: "VARIABLE",
      },
      json: { kind: "boolean", optional: true, withNegated: false, brief: "print JSON with stable names" },
    },
  },
  loader: () => import("./commands/unlock.ts"),
});

/** The subcommands that read the audit log. @module */

import { buildCommand, buildRouteMap, numberParser } from "@stricli/core";
import type { CliContext } from "./context.ts";
import type { LogFlags } from "./flags.ts";

const boolean = { kind: "boolean", optional: true, withNegated: false } as const;
const parsed = { kind: "parsed", optional: true } as const;
const json = { ...boolean, brief: "print JSON with stable names" } as const;

const show = buildCommand<LogFlags, [], CliContext>({
  docs: { brief: "the last decisions, one a line" },
  parameters: {
    flags: {
      lines: { ...parsed, parse: numberParser, brief: "how many, 50 unless told", placeholder: "N" },
      follow: { ...boolean, brief: "go on with those to come" },
      denied: { ...boolean, brief: "refusals only" },
      key: { ...parsed, parse: String, brief: "only keys whose name or fingerprint holds this", placeholder: "TEXT" },
      json: { ...json, brief: "print the lines as they are, JSON each" },
    },
    aliases: { n: "lines", f: "follow" },
  },
  loader: () => import("./commands/log.ts"),
});

const verify = buildCommand<{ readonly json?: boolean }, [], CliContext>({
  docs: { brief: "whether the chain of the log holds" },
  parameters: { flags: { json } },
  loader: () => import("./commands/log_verify.ts"),
});

/** `log`, `why`. */
export const logCommands = {
  log: buildRouteMap<string, CliContext>({
    docs: { brief: "the decisions on signatures" },
    defaultCommand: "show",
    routes: { show, verify },
  }),
  why: buildCommand<{ readonly json?: boolean }, [string?], CliContext>({
    docs: { brief: "one decision in words; the last refusal unless an id is given" },
    parameters: {
      flags: { json },
      positional: {
        kind: "tuple",
        parameters: [{ parse: String, optional: true, brief: "as in bwssh log", placeholder: "ID" }],
      },
    },
    loader: () => import("./commands/why.ts"),
  }),
};

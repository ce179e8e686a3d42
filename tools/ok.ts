/**
 * `deno task ok`: the gate that every change passes: formatting, lint, types, layers and all tests, on what was built.
 *
 * Not for: parts of it; `deno task test PATH` runs some tests only.
 *
 * @module
 */

import { runGate } from "./gate/gate.ts";

if (import.meta.main) Deno.exit(await runGate({ filters: [], binaryOnly: false }));

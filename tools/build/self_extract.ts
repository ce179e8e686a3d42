/**
 * The kind `self-extracting`: a POSIX sh header, then the running Deno and the bundled program, each gzipped. What the
 * header does at each start is written in `header.sh`.
 *
 * Not for: other architectures than the one that builds; the embedded Deno is {@linkcode Deno.execPath}.
 *
 * @module
 */

import { HELD_NAMES, HELD_PREFIXES } from "../../mod/config/launch.ts";
import type { BundleFile } from "./bundle.ts";

/**
 * How the header runs Deno: with no file of the current directory or the home directory read (deno.json, package.json,
 * .npmrc, lock file), no code fetched, no bytecode cached. `-A`: design §4.9.
 */
const DENO_FLAGS = "-A --no-config --no-lock --no-remote --no-npm --no-code-cache --no-prompt --quiet " +
  "--v8-flags=--max-semi-space-size=2"; // the young generation: 6 to 8 MiB less resident, no slower (measured)

/** One part of the file. */
interface Payload {
  readonly sha256: string;
  readonly size: number;
  readonly packed: Uint8Array<ArrayBuffer>;
}

/** The program's part: a list of its files, then the files. The hash covers the list. */
interface ProgramPayload extends Payload {
  /** How long the list is. */
  readonly skip: number;
  readonly files: readonly { readonly name: string; readonly size: number }[];
}

/**
 * Makes the file's bytes.
 *
 * @param program The bundled program.
 * @param cache A directory for the gzipped Deno, which takes six seconds to make.
 */
export async function selfExtracting(
  program: readonly BundleFile[],
  cache: string,
): Promise<readonly Uint8Array<ArrayBuffer>[]> {
  const template = await Deno.readTextFile(`${import.meta.dirname}/header.sh`);
  const deno = await packDeno(cache);
  const main = await packProgram(program);
  return [fillHeader(template, deno, main), deno.packed, main.packed];
}

/** Fills the template in. Offsets are padded to ten columns, so that they do not change what they count. */
function fillHeader(template: string, deno: Payload, main: ProgramPayload): Uint8Array<ArrayBuffer> {
  const held = [...HELD_PREFIXES.map((prefix) => `${prefix}*`), ...HELD_NAMES].join(" | ");
  const fill = (denoAt: number): Uint8Array<ArrayBuffer> => {
    const values: Readonly<Record<string, string>> = {
      DENO_VERSION: Deno.version.deno,
      DENO_SHA256: deno.sha256,
      DENO_SIZE: String(deno.size),
      DENO_AT: String(denoAt).padEnd(10),
      DENO_PACKED: String(deno.packed.length),
      MAIN_SHA256: main.sha256,
      MAIN_SKIP: String(main.skip),
      MAIN_NAMES: main.files.map(({ name }) => name).join("\n"),
      MAIN_SIZES: listFiles(main.files),
      // As stat prints them; within double quotes of the header.
      MAIN_FACTS: main.files.map(({ name, size }) => `$_bw_me 8100 ${size} ${name}`).join("\n"),
      MAIN_AT: String(denoAt + deno.packed.length).padEnd(10),
      MAIN_PACKED: String(main.packed.length),
      HELD: held,
      DENO_FLAGS,
    };
    const text = template.replaceAll(/@([A-Z0-9_]+)@/g, (whole, name: string) => {
      const value = values[name];
      if (value === undefined) throw new Error(`Cannot fill in the header: nothing stands for '${whole}'`);
      return value;
    });
    return new TextEncoder().encode(text);
  };
  return fill(fill(0).length + 1); // tail -c counts from one
}

async function packProgram(program: readonly BundleFile[]): Promise<ProgramPayload> {
  const encoder = new TextEncoder();
  const texts = program.map(({ text }) => encoder.encode(text));
  const files = program.map(({ name }, at) => ({ name, size: texts[at]?.length ?? 0 }));
  const list = encoder.encode(listFiles(files));
  const whole = new Uint8Array(await new Blob([list, ...texts]).arrayBuffer());
  return {
    sha256: await sha256(whole),
    size: whole.length,
    packed: await gzip(whole),
    skip: list.length,
    files,
  };
}

function listFiles(files: ProgramPayload["files"]): string {
  return files.map(({ name, size }) => `${size} ${name}`).join("\n");
}

async function packDeno(cache: string): Promise<Payload> {
  const bytes = await Deno.readFile(Deno.execPath());
  const hash = await sha256(bytes);
  const file = `${cache}/deno-${hash}.gz`;
  let packed: Uint8Array<ArrayBuffer>;
  try {
    packed = await Deno.readFile(file);
  } catch (error) {
    if (!(error instanceof Deno.errors.NotFound)) throw error;
    packed = await gzip(bytes);
    await Deno.mkdir(cache, { recursive: true });
    const fresh = await Deno.makeTempFile({ dir: cache });
    await Deno.writeFile(fresh, packed);
    await Deno.rename(fresh, file);
  }
  return { sha256: hash, size: bytes.length, packed };
}

async function sha256(bytes: Uint8Array<ArrayBuffer>): Promise<string> {
  const digest = new Uint8Array(await crypto.subtle.digest("SHA-256", bytes));
  return Array.from(digest, (byte) => byte.toString(16).padStart(2, "0")).join("");
}

/** The platform's own gzip: no name and no time in it, so the same bytes give the same bytes. */
async function gzip(bytes: Uint8Array<ArrayBuffer>): Promise<Uint8Array<ArrayBuffer>> {
  const stream = new Blob([bytes]).stream().pipeThrough(new CompressionStream("gzip"));
  return new Uint8Array(await new Response(stream).arrayBuffer());
}

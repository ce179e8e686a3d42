/**
 * Tests that only root can do: they give files to another user, or act as one. Without root they fail and say so, or
 * are skipped, as loudly, with `BWSSH_TEST_ALLOW_SKIP=1`.
 *
 * Not for: programs that may be missing; `tools/setup.ts` sees to those.
 *
 * @module
 */

/** Registers a test that needs root. */
export function rootTest(name: string, test: (t: Deno.TestContext) => Promise<void>): void {
  if (Deno.uid() === 0) {
    Deno.test(name, test);
  } else if (Deno.env.get("BWSSH_TEST_ALLOW_SKIP") === "1") {
    Deno.stderr.writeSync(new TextEncoder().encode(`SKIPPING "${name}": it needs root\n`));
    Deno.test.ignore(name, test);
  } else {
    Deno.test(name, () => {
      throw new Error("Cannot test this without root; run as root, or skip it with BWSSH_TEST_ALLOW_SKIP=1");
    });
  }
}

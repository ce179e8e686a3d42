/**
 * Waiting with a deadline: for a promise, or for a condition that has no event to wait for.
 *
 * Not for: fixed sleeps.
 *
 * @module
 */

/** Something did not happen in time. */
export class DeadlineError extends Error {
  override readonly name = "DeadlineError";
  readonly code = "deadline-passed";
}

/** Between two looks at a condition; short against any deadline, long against one look. */
const POLL_MILLISECONDS = 15;

/**
 * Waits for a promise, at most so long. Leaves no timer behind.
 *
 * @param promise What to wait for; it goes on by itself when the deadline passes.
 * @param milliseconds The deadline.
 * @param what For the error: what was waited for.
 * @throws {DeadlineError}
 */
export async function within<T>(promise: Promise<T>, milliseconds: number, what: string): Promise<T> {
  let timer: ReturnType<typeof setTimeout> | undefined;
  const passed = new Promise<never>((_, reject) => {
    timer = setTimeout(() => reject(new DeadlineError(`Waited ${milliseconds} ms for ${what}`)), milliseconds);
  });
  try {
    return await Promise.race([promise, passed]);
  } finally {
    clearTimeout(timer);
  }
}

/**
 * Looks again and again until there is an answer other than `undefined`.
 *
 * @param look What to look at; a throw ends the waiting at once.
 * @param milliseconds The deadline.
 * @param what For the error: what was waited for, computed late so that it can hold the latest output.
 * @throws {DeadlineError}
 */
export async function until<T>(
  look: () => T | undefined | Promise<T | undefined>,
  milliseconds: number,
  what: string | (() => string),
): Promise<T> {
  const end = performance.now() + milliseconds;
  while (true) {
    const seen = await look();
    if (seen !== undefined) return seen;
    if (performance.now() > end) {
      throw new DeadlineError(`Waited ${milliseconds} ms for ${typeof what === "string" ? what : what()}`);
    }
    await new Promise((resolve) => setTimeout(resolve, POLL_MILLISECONDS));
  }
}

/**
 * Time as policy sees it: it comes in as an argument, and from two clocks, so that neither setting one back nor a suspend
 * that stops the other lets anything live longer than it should.
 *
 * @module
 */

/** One moment on both clocks. */
export interface Moment {
  /** Milliseconds since the epoch (CLOCK_REALTIME): goes on during suspend, can be set. */
  readonly wall: number;
  /** Milliseconds since some start (CLOCK_MONOTONIC): cannot be set, stands still during suspend. */
  readonly monotonic: number;
}

/** The end of something: past as soon as either clock says so. */
export type Deadline = Moment;

/** A moment so many milliseconds later. */
export function later(now: Moment, milliseconds: number): Deadline {
  return { wall: now.wall + milliseconds, monotonic: now.monotonic + milliseconds };
}

/** Milliseconds left until a deadline, by the clock that is nearer to it; 0 or less when it is past. */
export function remaining(deadline: Deadline, now: Moment): number {
  return Math.min(deadline.wall - now.wall, deadline.monotonic - now.monotonic);
}

/** Whether a deadline is past on either clock. Not-a-number on either counts as past. */
export function isPast(deadline: Deadline, now: Moment): boolean {
  return !(remaining(deadline, now) > 0);
}

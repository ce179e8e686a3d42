/**
 * A leaky bucket: so many at once, and then as many as run out again in the same time.
 *
 * @module
 */

/** How full, and when that was so. */
export interface Bucket {
  readonly level: number;
  /** Milliseconds, monotonic. */
  readonly at: number;
}

/** How fast it empties. */
export interface Leak {
  /** So many run out … */
  readonly most: number;
  /** … in so many milliseconds. */
  readonly over: number;
  /** Milliseconds, monotonic. */
  readonly now: number;
}

/** The bucket as it is now; a new one is empty. */
export function emptied(bucket: Bucket | undefined, { most, over, now }: Leak): Bucket {
  if (bucket === undefined) return { level: 0, at: now };
  const ranOut = (Math.max(0, now - bucket.at) / over) * most;
  return { level: Math.max(0, bucket.level - ranOut), at: now };
}

/** Whether one more would spill. */
export function isFull(bucket: Bucket, most: number): boolean {
  return bucket.level + 1 > most;
}

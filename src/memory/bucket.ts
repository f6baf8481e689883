// The bucket of a path in a slot's routes. The twin of bucketOf() in assembly/routes.ts.

import { ROUTE_BUCKET_COUNT } from './layout.ts';

/** Index of the bucket of the path of `size` bytes at `path`. Paths differ most at their ends and in their middles. */
export function bucketOf(bytes: Uint8Array, path: number, size: number): number {
  const middle = bytes[path + (size >> 1)] as number;
  const last = bytes[path + size - 1] as number;
  return (middle * 31 + last * 7 + size) & (ROUTE_BUCKET_COUNT - 1);
}

// Which bucket of a slot's routes a path belongs to. Twin of bucketOf() in assembly/routes.ts.

import { ROUTE_BUCKET_COUNT } from './layout.ts';

/** The bucket of the path of `size` bytes at `path`; paths differ most in their ends and middles. */
export function bucketOf(bytes: Uint8Array, path: number, size: number): number {
  const middle = bytes[path + (size >> 1)] as number;
  const last = bytes[path + size - 1] as number;
  return (middle * 31 + last * 7 + size) & (ROUTE_BUCKET_COUNT - 1);
}

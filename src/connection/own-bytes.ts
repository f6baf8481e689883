// Copies of received bytes for the application, in memory that holds nothing else.

import { copyBytes } from '../wasm/copy.ts';

/** Memory larger than this is not filled with zeros first. */
const ZEROED_BYTES_MAX = 4096;

/** Copies [start, end) of `bytes` into memory that holds nothing else. */
export function copyOf(bytes: Uint8Array, start: number, end: number): Uint8Array {
  const copy = allocate(end - start);
  copyBytes(bytes.subarray(start, end), copy, 0);
  return copy;
}

/** Allocates memory that may hold old bytes of the process. The application must never see a byte of it that was not written. */
export function allocate(size: number): Uint8Array {
  return size <= ZEROED_BYTES_MAX
    ? new Uint8Array(size)
    : new Uint8Array(Buffer.allocUnsafeSlow(size).buffer);
}

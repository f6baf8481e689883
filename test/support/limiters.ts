// Reads the content of a limiter's table.

import {
  BUCKET_BYTES,
  BUCKET_ENTRIES,
  BUCKET_ENTRY_COUNT,
  BUCKET_LATCH,
  ENTRY_BYTES,
  ENTRY_HASH,
  ENTRY_TAT,
  LIMITER_BUCKET_MASK,
  LIMITER_BUCKETS,
  STATE_EXTENT,
} from '../../src/memory/state-layout.ts';

/** Smaller than any TAT: marks an entry that is given to another key. */
export const TAKEN = -(2n ** 63n);

export interface Entry {
  hash: bigint;
  tat: bigint;
}

/** A limiter's table at this moment. */
export class Table {
  readonly pointer: number;
  private readonly data: DataView;

  /** @param row pointer of the limiter's row */
  constructor(memory: WebAssembly.Memory, row: number) {
    memory.grow(0);
    this.data = new DataView(memory.buffer);
    this.pointer = this.data.getUint32(row + STATE_EXTENT, true);
  }

  get bucketCount(): number {
    return this.data.getInt32(this.pointer + LIMITER_BUCKET_MASK, true) + 1;
  }

  /** Returns the owner of a bucket's latch, and how often the latch has been released. */
  latch(bucket: number): [owner: number, generation: number] {
    const at = this.bucket(bucket) + BUCKET_LATCH;
    return [this.data.getInt32(at, true), this.data.getInt32(at + 4, true)];
  }

  setLatch(bucket: number, owner: number, generation: number): void {
    const at = this.bucket(bucket) + BUCKET_LATCH;
    this.data.setInt32(at, owner, true);
    this.data.setInt32(at + 4, generation, true);
  }

  entries(bucket: number): Entry[] {
    return Array.from({ length: BUCKET_ENTRY_COUNT }, (_, index) => {
      const at = this.entry(bucket, index);
      return {
        hash: this.data.getBigInt64(at + ENTRY_HASH, true),
        tat: this.data.getBigInt64(at + ENTRY_TAT, true),
      };
    });
  }

  setEntry(bucket: number, index: number, { hash, tat }: Entry): void {
    const at = this.entry(bucket, index);
    this.data.setBigInt64(at + ENTRY_HASH, hash, true);
    this.data.setBigInt64(at + ENTRY_TAT, tat, true);
  }

  private bucket(bucket: number): number {
    return this.pointer + LIMITER_BUCKETS + bucket * BUCKET_BYTES;
  }

  private entry(bucket: number, index: number): number {
    return this.bucket(bucket) + BUCKET_ENTRIES + index * ENTRY_BYTES;
  }
}

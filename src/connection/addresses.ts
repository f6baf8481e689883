// How many connections each client address has open, over all threads of a server. The counts are in memory that the
// threads share. An entry belongs to one slot and one address; only the slot's thread changes it, and the connections of
// an address are the sum of its entries. So a thread may end at any instruction: the thread that sees its end frees its entries.
//
//   word 0   seed of the hash, so that no client can choose which addresses share a bucket
//   then     buckets of entries, each a state (slot + 1, and a count; 0: free) and a part of the address's hash
//
// An address has two buckets, and enters the emptier one. With four entries for each allowed connection, both are
// never full in practice; if they are, the connection is not counted.

import { createHash, randomBytes } from 'node:crypto';
import { clientKey, IPV6_PREFIX } from '../protocol/client-key.ts';

const SEED_BYTES = 16;
const ENTRY_WORDS = 2;
const BUCKET_ENTRIES = 64;
const BUCKET_WORDS = BUCKET_ENTRIES * ENTRY_WORDS;
const ENTRIES_PER_CONNECTION = 4;
const COUNT_BITS = 20;
const COUNT_MASK = 2 ** COUNT_BITS - 1;

/** Stands for no entry: the connection is not counted. */
export const UNCOUNTED = -1;

/** Plain values, and the memory that all threads of a server share. */
export interface AddressLimit {
  /** Connections that one address may have open. */
  max: number;
  memory: SharedArrayBuffer;
}

/** @param connectionsMax of the server */
export function createAddressLimit(max: number, connectionsMax: number): AddressLimit {
  const buckets =
    2 ** Math.ceil(Math.log2(Math.max((connectionsMax * ENTRIES_PER_CONNECTION) / BUCKET_ENTRIES, 2)));
  const memory = new SharedArrayBuffer(SEED_BYTES + buckets * BUCKET_WORDS * Int32Array.BYTES_PER_ELEMENT);
  new Uint8Array(memory, 0, SEED_BYTES).set(randomBytes(SEED_BYTES));
  return { max, memory };
}

/** Frees the entries of a thread that has ended. */
export function reclaimAddresses({ memory }: AddressLimit, slot: number): void {
  const words = new Int32Array(memory, SEED_BYTES);
  for (let at = 0; at < words.length; at += ENTRY_WORDS)
    if (ownerOf(words, at) === slot) Atomics.store(words, at, 0);
}

/** The counts as one thread reads and changes them. */
export class AddressCounts {
  private readonly max: number;
  private readonly seed: Uint8Array;
  private readonly words: Int32Array;
  private readonly bucketMask: number;

  /** @param slot of this thread alone */
  constructor(
    { max, memory }: AddressLimit,
    private readonly slot: number,
  ) {
    this.max = max;
    // A hash takes no shared memory.
    this.seed = new Uint8Array(memory, 0, SEED_BYTES).slice();
    this.words = new Int32Array(memory, SEED_BYTES);
    this.bucketMask = this.words.length / BUCKET_WORDS - 1;
  }

  /**
   * Counts a connection. Threads that do so at the same moment see each other's entries, so an address never exceeds its
   * limit; two connections that compete for the last place may both be refused.
   * @returns the entry to leave, or undefined if the address has too many connections
   */
  enter(address: string): number | undefined {
    const hash = createHash('sha256').update(this.seed).update(clientKey(address, IPV6_PREFIX)).digest();
    const tag = hash.readInt32LE(0);
    const first = (hash.readUInt32LE(4) & this.bucketMask) * BUCKET_WORDS;
    const second = (hash.readUInt32LE(8) & this.bucketMask) * BUCKET_WORDS;
    const entry = this.count(tag, first, second);
    let sum = entry === UNCOUNTED ? 1 : 0;
    sum += this.sumOf(first, tag);
    if (second !== first) sum += this.sumOf(second, tag);
    if (sum <= this.max) return entry;
    this.leave(entry);
    return undefined;
  }

  /** Removes a closed connection from the counts. @param entry as enter() returned it */
  leave(entry: number): void {
    if (entry === UNCOUNTED) return;
    const { words } = this;
    const left = Atomics.sub(words, entry, 1) - 1;
    if ((left & COUNT_MASK) === 0) Atomics.store(words, entry, 0);
  }

  private count(tag: number, first: number, second: number): number {
    const { words } = this;
    for (const bucket of [first, second])
      for (let at = bucket; at < bucket + BUCKET_WORDS; at += ENTRY_WORDS)
        if (ownerOf(words, at) === this.slot && words[at + 1] === tag) {
          Atomics.add(words, at, 1);
          return at;
        }
    const emptier = this.freeIn(first) >= this.freeIn(second) ? [first, second] : [second, first];
    const owned = (this.slot + 1) << COUNT_BITS;
    for (const bucket of emptier)
      for (let at = bucket; at < bucket + BUCKET_WORDS; at += ENTRY_WORDS)
        // The entry must not count before its hash is written.
        if (Atomics.compareExchange(words, at, 0, owned) === 0) {
          Atomics.store(words, at + 1, tag);
          Atomics.store(words, at, owned + 1);
          return at;
        }
    return UNCOUNTED;
  }

  private freeIn(bucket: number): number {
    let free = 0;
    for (let at = bucket; at < bucket + BUCKET_WORDS; at += ENTRY_WORDS) if (this.words[at] === 0) free++;
    return free;
  }

  private sumOf(bucket: number, tag: number): number {
    const { words } = this;
    let sum = 0;
    for (let at = bucket; at < bucket + BUCKET_WORDS; at += ENTRY_WORDS) {
      const state = Atomics.load(words, at);
      if (state !== 0 && Atomics.load(words, at + 1) === tag) sum += state & COUNT_MASK;
    }
    return sum;
  }
}

/** Returns the slot of the thread that owns an entry; -1 if the entry is free. */
function ownerOf(words: Int32Array, entry: number): number {
  return (Atomics.load(words, entry) >>> COUNT_BITS) - 1;
}

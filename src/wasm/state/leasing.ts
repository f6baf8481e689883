// How the keeper, which leases numbers ahead, and the threads that count tell each other about leases: settings and
// signals in the shared memory. The leases themselves are in assembly/state/lease.ts.

import { KIND_COUNTER_LEASED, LEASES_ENDED, LEASES_FAILING, LEASES_KEPT } from '../../memory/codes.ts';
import {
  HEADER_LEASE_BELL,
  HEADER_LEASE_NEWS,
  HEADER_LEASE_SHIFT,
  HEADER_LEASES,
} from '../../memory/layout.ts';
import { LEASE_BLOCK_NUMBERS_MAX, STATE_LEASE_FAILING } from '../../memory/state-layout.ts';
import type { Views } from '../../memory/views.ts';
import type { Exports } from '../instance.ts';
import { rowsOf } from './rows.ts';

/** The largest value of the smallest block's size, which is a power of two. */
export const LEASE_NUMBERS_MAX = 2 ** 20;
/** The size of the largest block. */
export const BLOCK_NUMBERS_MAX = LEASE_BLOCK_NUMBERS_MAX;

/** Makes the counters of this memory hand out leased numbers, in blocks of at least `size`. Call it before any is named. */
export function leaseCounters({ words }: Views, size: number): void {
  words[HEADER_LEASE_SHIFT >> 2] = Math.log2(size) + 1;
}

/** The size of the smallest block; 0 when counters need no leases. */
export function leaseSize({ words }: Views): number {
  const shift = words[HEADER_LEASE_SHIFT >> 2] as number;
  return shift === 0 ? 0 : 2 ** (shift - 1);
}

/** Finds the counters that hand out leased numbers. Returns pointers of their rows, by name. */
export function leasedCounters(views: Views): Map<string, number> {
  return rowsOf(views, KIND_COUNTER_LEASED);
}

/** Makes the caller the keeper of this memory. Returns false when there is a keeper. */
export function beginKeeping({ words }: Views): boolean {
  return Atomics.compareExchange(words, HEADER_LEASES >> 2, LEASES_ENDED, LEASES_KEPT) === LEASES_ENDED;
}

/** Wakes the threads that wait for leases. @param how the keeper leases numbers, cannot at the moment, or has ended */
export function tellNews({ words }: Views, how: 'kept' | 'failing' | 'ended'): void {
  const codes = { kept: LEASES_KEPT, failing: LEASES_FAILING, ended: LEASES_ENDED };
  Atomics.store(words, HEADER_LEASES >> 2, codes[how]);
  Atomics.add(words, HEADER_LEASE_NEWS >> 2, 1);
  Atomics.notify(words, HEADER_LEASE_NEWS >> 2);
}

/**
 * Sets whether the keeper cannot lease numbers for this counter at the moment. While it cannot, no thread waits for the
 * counter's first lease, and a thread that finds no number does not wake the keeper.
 */
export function setFailing({ words }: Views, counter: number, failing: boolean): void {
  Atomics.store(words, (counter + STATE_LEASE_FAILING) >> 2, failing ? 1 : 0);
}

/** Wakes the keeper: a thread needs leases. */
export function ringBell({ words }: Views): void {
  Atomics.add(words, HEADER_LEASE_BELL >> 2, 1);
  Atomics.notify(words, HEADER_LEASE_BELL >> 2);
}

/** How often the keeper has been woken so far. */
export function bellOf({ words }: Views): number {
  return Atomics.load(words, HEADER_LEASE_BELL >> 2);
}

/** Resolves when a thread has called ringBell() since `seen`, or after the timeout. Does not keep the thread alive. */
export async function bellRung({ words }: Views, seen: number, timeoutMs: number): Promise<void> {
  await waitAsync(words, HEADER_LEASE_BELL >> 2, seen, timeoutMs).value;
}

/**
 * Blocks the thread until a counter has its first lease: this takes a write to the disk, or a round trip to Redis. Returns at
 * once when there is no keeper, or when it cannot lease numbers for this counter, or for any.
 * @param timeoutMs after this time it returns, although there is no lease yet
 */
export function awaitLease(
  views: Views,
  { leasedNumbers }: Exports,
  counter: number,
  timeoutMs: number,
): void {
  const { words } = views;
  const endMs = performance.now() + timeoutMs;
  for (;;) {
    const seen = Atomics.load(words, HEADER_LEASE_NEWS >> 2);
    const leftMs = endMs - performance.now();
    const kept =
      Atomics.load(words, HEADER_LEASES >> 2) === LEASES_KEPT &&
      Atomics.load(words, (counter + STATE_LEASE_FAILING) >> 2) === 0;
    if (leasedNumbers(counter) > 0 || !kept || leftMs <= 0) return;
    ringBell(views);
    Atomics.wait(words, HEADER_LEASE_NEWS >> 2, seen, leftMs);
  }
}

/** TypeScript's library for Node 20 does not declare this function. */
const { waitAsync } = Atomics as unknown as {
  waitAsync(
    words: Int32Array,
    index: number,
    seen: number,
    timeoutMs: number,
  ): { value: Promise<string> | string };
};

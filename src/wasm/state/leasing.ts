// Leases of numbers, as those see them who keep them ahead and those who wait for them. The leases themselves
// are the matter of assembly/state/lease.ts.

import { KIND_COUNTER_LEASED, LEASES_ENDED, LEASES_FAILING, LEASES_KEPT } from '../../memory/codes.ts';
import {
  HEADER_LEASE_BELL,
  HEADER_LEASE_NEWS,
  HEADER_LEASE_SHIFT,
  HEADER_LEASES,
  LEASE_BLOCK_NUMBERS_MAX,
  STATE_LEASE_FAILING,
} from '../../memory/layout.ts';
import type { Views } from '../../memory/views.ts';
import type { Exports } from '../instance.ts';
import { rowsOf } from './rows.ts';

/** Numbers in the smallest block: a power of two up to this. */
export const LEASE_NUMBERS_MAX = 2 ** 20;
/** Numbers in the largest block. */
export const BLOCK_NUMBERS_MAX = LEASE_BLOCK_NUMBERS_MAX;

/** Has the counters of this memory hand out leased numbers, in blocks of `size` or more. Before any has a name. */
export function leaseCounters({ words }: Views, size: number): void {
  words[HEADER_LEASE_SHIFT >> 2] = Math.log2(size) + 1;
}

/** How many numbers a block has at least; 0 where counters need no lease. */
export function leaseSize({ words }: Views): number {
  const shift = words[HEADER_LEASE_SHIFT >> 2] as number;
  return shift === 0 ? 0 : 2 ** (shift - 1);
}

/** The counters that hand out leased numbers: the pointers of their rows, by name. */
export function leasedCounters(views: Views): Map<string, number> {
  return rowsOf(views, KIND_COUNTER_LEASED);
}

/** Becomes the keeper of the leases; false when there is one. */
export function beginKeeping({ words }: Views): boolean {
  return Atomics.compareExchange(words, HEADER_LEASES >> 2, LEASES_ENDED, LEASES_KEPT) === LEASES_ENDED;
}

/** Tells those who wait how leases stand: they are there, or there will be none for now, or none at all. */
export function tellNews({ words }: Views, how: 'kept' | 'failing' | 'ended'): void {
  const codes = { kept: LEASES_KEPT, failing: LEASES_FAILING, ended: LEASES_ENDED };
  Atomics.store(words, HEADER_LEASES >> 2, codes[how]);
  Atomics.add(words, HEADER_LEASE_NEWS >> 2, 1);
  Atomics.notify(words, HEADER_LEASE_NEWS >> 2);
}

/**
 * Says whether the keeper is refused numbers for this counter: then no thread waits for its first lease, and one
 * that finds no number does not wake the keeper.
 */
export function setFailing({ words }: Views, counter: number, failing: boolean): void {
  Atomics.store(words, (counter + STATE_LEASE_FAILING) >> 2, failing ? 1 : 0);
}

/** Wakes the keeper. */
export function ringBell({ words }: Views): void {
  Atomics.add(words, HEADER_LEASE_BELL >> 2, 1);
  Atomics.notify(words, HEADER_LEASE_BELL >> 2);
}

/** How often the bell has been rung. */
export function bellOf({ words }: Views): number {
  return Atomics.load(words, HEADER_LEASE_BELL >> 2);
}

/** Resolves when the bell has been rung more often than `seen`, or after so long. Keeps no thread alive. */
export async function bellRung({ words }: Views, seen: number, timeoutMs: number): Promise<void> {
  await waitAsync(words, HEADER_LEASE_BELL >> 2, seen, timeoutMs).value;
}

/**
 * Has a counter's first lease come, which takes one write to the disk, or a round trip. The thread stands still
 * meanwhile; it doesn't wait where leases fail, those of all counters or of this one, or without a keeper.
 * @param timeoutMs until it is given up: then there is none to hand out from yet
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

/** Not yet in the library that TypeScript is told to use. */
const { waitAsync } = Atomics as unknown as {
  waitAsync(
    words: Int32Array,
    index: number,
    seen: number,
    timeoutMs: number,
  ): { value: Promise<string> | string };
};

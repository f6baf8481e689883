// Keeps leases ahead of all counters: looks how much each has left, asks the lessor for more, and publishes what it
// grants. A counter that is used much is leased more at a time.

import type { Views } from '../protocol/js/views.ts';
import type { Exports } from '../wasm/instance.ts';
import { BLOCKS_AHEAD_MAX, leasedCounters, leaseSize, tellNews } from '../wasm/leases.ts';
import type { Lessor } from './lessor.ts';

/** The block that numbers come from, and one ahead. */
const BLOCKS_FIRST = 2;
/** A counter whose last lease is younger than this gets twice as many blocks. */
const OFTEN_MS = 1000;
const PAUSE_FIRST_MS = 10;
const PAUSE_MAX_MS = 1000;

/** How a counter is leased numbers. */
interface Plan {
  /** Blocks that it has after a lease. */
  blocks: number;
  leasedMs: number;
}

export class Leases {
  private readonly plans = new Map<string, Plan>();
  /** After a failure, how long to wait until the next attempt; else 0. */
  pauseMs = 0;

  constructor(
    private readonly exports: Exports,
    private readonly views: Views,
    private readonly lessor: Lessor,
    private readonly note: (text: string) => void,
    private readonly now: () => number = () => performance.now(),
  ) {}

  /** Leases what is wanted now. A failure is noted when it is the first, and left to the next attempt. */
  async renew(): Promise<void> {
    const counters = leasedCounters(this.views);
    const size = leaseSize(this.views);
    const nowMs = this.now();
    const blocksOf = new Map<string, number>();
    const wanted = new Map<string, number>();
    for (const [name, counter] of counters) {
      const left = this.exports.leasedBlocks(counter);
      const plan = this.plans.get(name);
      if (left > (plan?.blocks ?? BLOCKS_FIRST) / 2) continue;
      const often = plan !== undefined && nowMs - plan.leasedMs < OFTEN_MS;
      const blocks = often ? Math.min(plan.blocks * 2, BLOCKS_AHEAD_MAX) : BLOCKS_FIRST;
      blocksOf.set(name, blocks);
      wanted.set(name, (blocks - left) * size);
    }
    if (wanted.size === 0) return;
    let failure: Error | undefined;
    try {
      await this.lessor.lease(wanted, (name, base) => {
        const end = base + (wanted.get(name) as number);
        for (; base < end; base += size) this.exports.publishLease(counters.get(name) as number, base);
        this.plans.set(name, { blocks: blocksOf.get(name) as number, leasedMs: nowMs });
      });
    } catch (error) {
      failure = error as Error;
    }
    this.tell(failure);
  }

  /**
   * Takes back what has not been handed out, so that the numbers go on from there. Nothing is handed out any more.
   * @throws when the lessor can't write that down
   */
  async end(): Promise<void> {
    tellNews(this.views, 'ended');
    const last = new Map<string, number>();
    for (const [name, counter] of leasedCounters(this.views)) {
      const number = this.exports.endLeases(counter);
      if (number >= 0) last.set(name, number);
    }
    await this.lessor.end(last);
  }

  private tell(failure: Error | undefined): void {
    if (failure === undefined) {
      if (this.pauseMs > 0) this.note('Numbers are leased again');
      this.pauseMs = 0;
    } else {
      if (this.pauseMs === 0) this.note(`Numbers can't be leased: ${failure.message}; trying again`);
      this.pauseMs = Math.min(Math.max(this.pauseMs * 2, PAUSE_FIRST_MS), PAUSE_MAX_MS);
    }
    tellNews(this.views, failure === undefined ? 'kept' : 'failing');
  }
}

// Keeps numbers leased ahead of all counters: for two seconds of what each hands out, so that the lessor is asked once
// a second at most, and at least for two blocks. The ring of a counter holds the next blocks; the others stay here,
// and follow as it empties, without asking anybody.

import type { Views } from '../protocol/js/views.ts';
import type { Exports } from '../wasm/instance.ts';
import { leasedCounters, leaseSize, tellNews } from '../wasm/leases.ts';
import type { Lessor } from './lessor.ts';

const AHEAD_MS = 2000;
/** The block that numbers come from, and the next. */
const BLOCKS_MIN = 2;
const BLOCKS_MAX = 1024;
const PAUSE_FIRST_MS = 10;
const PAUSE_MAX_MS = 1000;

export class Leases {
  private readonly plans = new Map<string, Plan>();
  /** Of the last failure, or undefined when there was none since. */
  private failedMs: number | undefined;
  /** After a failure, how long to wait until the next attempt; else 0. */
  pauseMs = 0;

  constructor(
    private readonly exports: Exports,
    private readonly views: Views,
    private readonly lessor: Lessor,
    private readonly note: (text: string) => void,
    private readonly now: () => number = () => performance.now(),
  ) {}

  /** Whether there are numbers that will be wanted in the ring soon. */
  get reserves(): boolean {
    return [...this.plans.values()].some((plan) => plan.reserve.length > 0);
  }

  /** Fills the rings, and leases what is wanted. A failure is noted when it is the first since the last success. */
  async renew(): Promise<void> {
    const nowMs = this.now();
    const size = leaseSize(this.views);
    const wanted = new Map<string, number>();
    for (const [name, counter] of leasedCounters(this.views)) {
      let plan = this.plans.get(name);
      if (plan === undefined) this.plans.set(name, (plan = new Plan(this.exports, counter, size, nowMs)));
      plan.fill();
      const blocks = plan.want(nowMs);
      if (blocks > 0) wanted.set(name, blocks * size);
    }
    if (wanted.size === 0 || (this.failedMs !== undefined && nowMs < this.failedMs + this.pauseMs)) return;
    let failure: Error | undefined;
    try {
      await this.lessor.lease(wanted, (name, base) =>
        this.plans.get(name)?.grant(base, base + (wanted.get(name) as number), nowMs),
      );
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
    this.plans.clear();
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
      this.failedMs = undefined;
    } else {
      if (this.pauseMs === 0) this.note(`Numbers can't be leased: ${failure.message}; trying again`);
      this.pauseMs = Math.min(Math.max(this.pauseMs * 2, PAUSE_FIRST_MS), PAUSE_MAX_MS);
      this.failedMs = this.now();
    }
    tellNews(this.views, failure === undefined ? 'kept' : 'failing');
  }
}

/** How one counter is leased numbers. */
class Plan {
  /** Numbers that are leased and not in the ring: those behind `base`, up to `end`. */
  readonly reserve: { base: number; end: number }[] = [];
  /** Blocks to have after a lease; the next is due when half of them are left. */
  private blocks = BLOCKS_MIN;
  /** From when on, and from how many blocks, it is measured how fast they go. */
  private sinceMs: number;
  private sinceBlocks = 0;

  constructor(
    private readonly exports: Exports,
    private readonly counter: number,
    private readonly size: number,
    nowMs: number,
  ) {
    this.sinceMs = nowMs;
  }

  /** Moves into the ring what finds room there. */
  fill(): void {
    for (let first = this.reserve[0]; first !== undefined; first = this.reserve[0])
      if (first.base === first.end) this.reserve.shift();
      else if (this.exports.publishLease(this.counter, first.base)) first.base += this.size;
      else return;
  }

  /** How many blocks to lease now. */
  want(nowMs: number): number {
    const left = this.left();
    if (left > this.blocks / 2) return 0;
    const gone = Math.max(this.sinceBlocks - left, 0) / Math.max(nowMs - this.sinceMs, 1);
    const least = Math.max(BLOCKS_MIN, Math.floor(this.blocks / 2));
    const blocks = Math.min(Math.max(Math.ceil(gone * AHEAD_MS), least), BLOCKS_MAX);
    if (blocks > left) return blocks - left;
    this.measure(blocks, nowMs);
    return 0;
  }

  /** Takes what has been leased. */
  grant(base: number, end: number, nowMs: number): void {
    this.reserve.push({ base, end });
    this.fill();
    this.measure(Math.max(this.left(), BLOCKS_MIN), nowMs);
  }

  private measure(blocks: number, nowMs: number): void {
    this.blocks = blocks;
    this.sinceMs = nowMs;
    this.sinceBlocks = this.left();
  }

  private left(): number {
    const reserved = this.reserve.reduce((sum, { base, end }) => sum + (end - base) / this.size, 0);
    return this.exports.leasedBlocks(this.counter) + reserved;
  }
}

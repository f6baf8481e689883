// Keeps numbers leased ahead of all counters: at least two blocks, and where much is counted, as many as are wanted in
// two seconds and in four times what a lease takes, so that a slow disk or Redis is never waited for. All that is
// leased is in the ring of its counter.

import type { Views } from '../memory/views.ts';
import type { Exports } from '../wasm/instance.ts';
import { BLOCK_NUMBERS_MAX, leasedCounters, leaseSize, setFailing, tellNews } from '../wasm/state/leasing.ts';
import type { Lessor, Refusals } from './lessor.ts';
import { RepeatedFailure } from './repeated-failure.ts';

const AHEAD_MS = 2000;
const AHEAD_LEASES = 4;
/** The block that numbers come from, and the next. */
const BLOCKS_MIN = 2;
const NUMBERS_MAX = BLOCK_NUMBERS_MAX;
/** A lease is several blocks: the keeper is woken at the end of each, and sees how fast they go. */
const PARTS = 4;
/** A rate is measured over as long at least; over a second where it is less than a block. */
const RATE_MIN_MS = 20;
const RATE_MAX_MS = 1000;
/** After as long a new measurement begins. */
const SAMPLE_MS = 250;
/** How much of what a slow lease took is reckoned with at the next. */
const FORGET = 0.9;

export class LeaseRenewer {
  private readonly plans = new Map<string, Plan>();
  /** The failure that keeps all counters from their numbers. */
  private readonly outage = new RepeatedFailure();
  /** How long a lease takes, at worst of late. */
  private leaseMs = 0;

  constructor(
    private readonly exports: Exports,
    private readonly views: Views,
    private readonly lessor: Lessor,
    private readonly note: (text: string) => void,
    private readonly now: () => number = () => performance.now(),
  ) {}

  /** While no counter can be leased anything, the pause between two attempts; else 0. */
  get pauseMs(): number {
    return this.outage.pauseMs;
  }

  /** How long until there is something to be tried again; at most `mostMs`. */
  waitMs(mostMs: number): number {
    const nowMs = this.now();
    let leastMs = mostMs;
    for (const { pauseMs, leftMs } of this.troubles(nowMs))
      if (pauseMs > 0) leastMs = Math.min(leastMs, leftMs);
    return leastMs;
  }

  /** LeaseRenewer what is wanted. A failure is logged when its reason is new since the last success. */
  async renew(): Promise<void> {
    const startMs = this.now();
    const wanted = this.wanted(startMs);
    if (wanted.size === 0 || this.outage.leftMs(startMs) > 0) return;
    let refusals: Refusals = new Map();
    let failure: Error | undefined;
    const granted = new Set<string>();
    try {
      refusals = await this.lessor.lease(
        wanted,
        (name, base) => {
          granted.add(name);
          this.plans.get(name)?.grant(base, wanted.get(name) as number);
        },
        (name) => this.plans.get(name)?.end() ?? 0,
      );
    } catch (error) {
      failure = error as Error;
    }
    this.delayed(this.now() - startMs);
    for (const name of granted) this.granted(name);
    for (const [name, reason] of refusals) this.refused(name, reason);
    this.tell(failure);
  }

  /** The keeper was busy with something else for so long: a lease may come as much later. */
  delayed(ms: number): void {
    this.leaseMs = Math.max(ms, this.leaseMs * FORGET);
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

  /** How many numbers each counter wants that may ask for some. */
  private wanted(nowMs: number): Map<string, number> {
    const size = leaseSize(this.views);
    const aheadMs = AHEAD_MS + AHEAD_LEASES * this.leaseMs;
    const wanted = new Map<string, number>();
    for (const [name, counter] of leasedCounters(this.views)) {
      let plan = this.plans.get(name);
      if (plan === undefined) {
        this.plans.set(name, (plan = new Plan(this.exports, counter, size, nowMs)));
        setFailing(this.views, counter, false);
      }
      const numbers = plan.want(nowMs, aheadMs, this.outage.pauseMs > 0);
      if (numbers > 0 && plan.trouble.leftMs(nowMs) === 0) wanted.set(name, numbers);
    }
    return wanted;
  }

  private granted(name: string): void {
    const plan = this.plans.get(name);
    if (!plan?.trouble.over()) return;
    setFailing(this.views, plan.counter, false);
    this.note(`Numbers are leased again: counter '${name}'`);
  }

  private refused(name: string, { message }: Error): void {
    const plan = this.plans.get(name);
    if (plan === undefined) return;
    setFailing(this.views, plan.counter, true);
    if (plan.trouble.failed(message, this.now()))
      this.note(`Numbers can't be leased: counter '${name}': ${message}; trying again`);
  }

  private tell(failure: Error | undefined): void {
    if (failure === undefined) {
      if (this.outage.over()) this.note('Numbers are leased again');
    } else if (this.outage.failed(failure.message, this.now()))
      this.note(`Numbers can't be leased: ${failure.message}; trying again`);
    tellNews(this.views, failure === undefined ? 'kept' : 'failing');
  }

  private *troubles(nowMs: number): Generator<{ pauseMs: number; leftMs: number }> {
    for (const trouble of [this.outage, ...[...this.plans.values()].map((plan) => plan.trouble)])
      yield { pauseMs: trouble.pauseMs, leftMs: trouble.leftMs(nowMs) };
  }
}

/** How one counter is leased numbers. */
class Plan {
  /** The failure that keeps this counter alone from its numbers. */
  readonly trouble = new RepeatedFailure();
  /** Numbers that were leased, since the plan began or before. */
  private leased: number;
  /** Numbers a millisecond that are wanted. */
  private rate = 0;
  /** From when on, and from how many wanted numbers on, the rate is measured. */
  private sinceMs: number;
  private sinceWanted: number;

  constructor(
    private readonly exports: Exports,
    readonly counter: number,
    private readonly size: number,
    nowMs: number,
  ) {
    this.leased = exports.leasedNumbers(counter);
    this.sinceMs = nowMs;
    this.sinceWanted = exports.missedNumbers(counter);
  }

  /**
   * How many numbers to lease now: whole blocks, or 0.
   * @param failing no counter can be leased anything
   */
  want(nowMs: number, aheadMs: number, failing: boolean): number {
    const left = this.exports.leasedNumbers(this.counter);
    const rate = this.measure(left, nowMs, failing || this.trouble.pauseMs > 0);
    const ahead = Math.min(Math.max(Math.ceil(rate * aheadMs), BLOCKS_MIN * this.size), NUMBERS_MAX);
    if (left > ahead / 2 || this.exports.leaseRoom(this.counter) <= 0) return 0;
    return Math.ceil((ahead - left) / this.size) * this.size;
  }

  /** Takes what has been leased. */
  grant(base: number, count: number): void {
    const parts = Math.min(PARTS, this.exports.leaseRoom(this.counter));
    const part = Math.ceil(count / parts / this.size) * this.size;
    for (let from = 0; from < count; from += part)
      this.exports.publishLease(this.counter, base + from, Math.min(part, count - from));
    this.leased += count;
  }

  /** The last number that is leased. */
  end(): number {
    return this.exports.leasedEnd(this.counter);
  }

  /** Numbers wanted a millisecond: at once when it is more than before, half as many at a time when it is less. */
  private measure(left: number, nowMs: number, failing: boolean): number {
    // Numbers that could not be handed out were wanted, too.
    const wanted = this.leased - left + this.exports.missedNumbers(this.counter);
    if (failing && this.rate > 0) {
      // Clients that are refused may ask again at once, far faster than numbers go: the rate from before holds.
      this.sinceMs = nowMs;
      this.sinceWanted = wanted;
      return this.rate;
    }
    const passedMs = nowMs - this.sinceMs;
    const gone = wanted - this.sinceWanted;
    const rate = gone / Math.max(passedMs, gone >= this.size ? RATE_MIN_MS : RATE_MAX_MS);
    if (passedMs < SAMPLE_MS) return Math.max(rate, this.rate);
    this.rate = Math.max(rate, this.rate / 2);
    this.sinceMs = nowMs;
    this.sinceWanted = wanted;
    return this.rate;
  }
}

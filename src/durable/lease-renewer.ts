// Leases numbers ahead for all counters: at least two blocks each, and for a busy counter as many as it needs in two
// seconds plus four times the duration of a lease, so that no thread waits for a slow disk or Redis. The ring in the row
// of a counter has all its leases.

import type { Views } from '../memory/views.ts';
import type { Exports } from '../wasm/instance.ts';
import { BLOCK_NUMBERS_MAX, leasedCounters, leaseSize, setFailing, tellNews } from '../wasm/state/leasing.ts';
import type { Lessor, Refusals } from './lessor.ts';
import { RepeatedFailure } from './repeated-failure.ts';

const AHEAD_MS = 2000;
const AHEAD_LEASES = 4;
/** The current block and the next one. */
const BLOCKS_MIN = 2;
const NUMBERS_MAX = BLOCK_NUMBERS_MAX;
/** A lease is split into several blocks. Each block that ends wakes the keeper, which then measures the rate. */
const PARTS = 4;
/** A rate is measured over at least this time; over RATE_MAX_MS when less than a block was used. */
const RATE_MIN_MS = 20;
const RATE_MAX_MS = 1000;
/** A new measurement begins after this time. */
const SAMPLE_MS = 250;
/** The longest duration of a lease decays by this factor with each lease. */
const FORGET = 0.9;

export class LeaseRenewer {
  private readonly plans = new Map<string, Plan>();
  /** The failure that stops the leases of all counters. */
  private readonly outage = new RepeatedFailure();
  /** The longest duration of a recent lease. */
  private leaseMs = 0;

  constructor(
    private readonly exports: Exports,
    private readonly views: Views,
    private readonly lessor: Lessor,
    private readonly note: (text: string) => void,
    private readonly now: () => number = () => performance.now(),
  ) {}

  /** The pause between two attempts while all leases fail; otherwise 0. */
  get pauseMs(): number {
    return this.outage.pauseMs;
  }

  /** How long until a failed lease is to be tried again; at most `mostMs`. */
  waitMs(mostMs: number): number {
    const nowMs = this.now();
    let leastMs = mostMs;
    for (const { pauseMs, leftMs } of this.troubles(nowMs))
      if (pauseMs > 0) leastMs = Math.min(leastMs, leftMs);
    return leastMs;
  }

  /** Leases the numbers that counters need. Logs a failure when its reason is new since the last success. */
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

  /** Takes note that the keeper was busy for this time, since leases may come that much later. */
  delayed(ms: number): void {
    this.leaseMs = Math.max(ms, this.leaseMs * FORGET);
  }

  /**
   * Ends all leases and takes back the numbers that were not handed out, so that the next server goes on from there.
   * @throws the error of the lessor, when it can't record the last numbers
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

  /** How many numbers to lease for each counter that needs some and is not in a pause. */
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

/** The leases of one counter. */
class Plan {
  /** The failure that stops the leases of this counter alone. */
  readonly trouble = new RepeatedFailure();
  /** All numbers leased so far, including those that were left when this object was made. */
  private leased: number;
  /** How many numbers a millisecond threads ask for. */
  private rate = 0;
  /** The time, and the count of numbers asked for, at which the current measurement began. */
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
   * Decides how many numbers to lease now: whole blocks, or 0.
   * @param failing whether all leases fail
   */
  want(nowMs: number, aheadMs: number, failing: boolean): number {
    const left = this.exports.leasedNumbers(this.counter);
    const rate = this.measure(left, nowMs, failing || this.trouble.pauseMs > 0);
    const ahead = Math.min(Math.max(Math.ceil(rate * aheadMs), BLOCKS_MIN * this.size), NUMBERS_MAX);
    if (left > ahead / 2 || this.exports.leaseRoom(this.counter) <= 0) return 0;
    return Math.ceil((ahead - left) / this.size) * this.size;
  }

  /** Publishes a granted lease, split into blocks. */
  grant(base: number, count: number): void {
    const parts = Math.min(PARTS, this.exports.leaseRoom(this.counter));
    const part = Math.ceil(count / parts / this.size) * this.size;
    for (let from = 0; from < count; from += part)
      this.exports.publishLease(this.counter, base + from, Math.min(part, count - from));
    this.leased += count;
  }

  /** The last leased number. */
  end(): number {
    return this.exports.leasedEnd(this.counter);
  }

  /** Measures the rate. A higher rate counts at once; a lower one halves the rate at most, once a measurement. */
  private measure(left: number, nowMs: number, failing: boolean): number {
    // Numbers that threads asked for in vain count, too.
    const wanted = this.leased - left + this.exports.missedNumbers(this.counter);
    if (failing && this.rate > 0) {
      // Clients that get an error may retry at once, far faster than numbers are used, so the former rate stays.
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

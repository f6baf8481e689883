// The limiters in the snapshot: what their keys have used, by name.

import { KIND_LIMITER } from '../memory/codes.ts';
import type { Views } from '../memory/views.ts';
import { monotonicMs } from '../state/monotonic-clock.ts';
import type { SharedState } from '../state/shared.ts';
import {
  type LimiterSnapshot,
  layLimiter,
  type Moment,
  readLimiter,
  USED_KEY_BYTES,
} from '../wasm/state/limiter-snapshot.ts';
import { isName } from '../wasm/state/names.ts';
import { rowsOf } from '../wasm/state/rows.ts';
import type { Saved } from '../wasm/state/saved.ts';
import type { SnapshotPart } from './snapshot.ts';

/** A limiter in version 1 of the snapshot: the keys are hexadecimal, and all have the same options. */
interface LimiterVersion1 extends Omit<LimiterSnapshot, 'tables'> {
  limit: number;
  windowMs: number;
  keys: [hash: string, used: number][];
}

/** When the clocks have moved apart by more, one of them was set, or stood still while the machine slept. */
const APART_MS = 100;

export class Limiters implements SnapshotPart {
  readonly name = 'limiters';
  /** Saved times are relative to this moment, so that a snapshot changes only when a key has taken something. */
  private since: Moment;

  /**
   * @param note called with one line for each limiter that is left out
   * @param now returns the time by both clocks
   */
  constructor(
    private readonly state: SharedState,
    private readonly views: Views,
    private readonly note: (text: string) => void,
    private readonly now: () => Moment = momentNow,
  ) {
    this.since = now();
  }

  save(): Map<string, LimiterSnapshot> {
    const now = this.now();
    const { since } = this;
    if (Math.abs(now.wallMs - since.wallMs - (now.nowMs - since.nowMs)) > APART_MS) this.since = now;
    const saved = new Map<string, LimiterSnapshot>();
    for (const [name, row] of rowsOf(this.views, KIND_LIMITER)) {
      const snapshot = readLimiter(this.state.memory, row, now.nowMs, this.since);
      if (snapshot !== undefined) saved.set(name, snapshot);
    }
    return saved;
  }

  offer(saved: ReadonlyMap<string, unknown>, wallMs: number): Saved[] {
    const offered: Saved[] = [];
    for (const [name, snapshot] of saved) {
      try {
        const now = { ...this.now(), wallMs };
        const table = isName(name) ? layLimiter(this.state.memory, snapshot as LimiterSnapshot, now) : 0;
        if (table !== 0) offered.push({ kind: 'limiter', name, table });
      } catch (error) {
        this.note(`The saved usage of limiter '${name}' is ignored: ${(error as Error).message}`);
      }
    }
    return offered;
  }

  fromVersion1(value: unknown): LimiterSnapshot {
    const { limit, windowMs, keys, ...rest } = value as LimiterVersion1;
    const records = Buffer.alloc(keys.length * USED_KEY_BYTES);
    for (const [i, [hash, used]] of keys.entries()) {
      records.writeBigUInt64LE(BigInt(`0x${hash}`), i * USED_KEY_BYTES);
      records.writeBigInt64LE(BigInt(used), i * USED_KEY_BYTES + USED_KEY_BYTES / 2);
    }
    return { ...rest, tables: [{ limit, windowMs, keys: new Uint8Array(records) }] };
  }
}

function momentNow(): Moment {
  return { nowMs: monotonicMs(), wallMs: Date.now() };
}

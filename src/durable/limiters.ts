// Limiters, as a part of the snapshot: what their keys have used, by name.

import { KIND_LIMITER } from '../protocol/codes.ts';
import type { Views } from '../protocol/js/views.ts';
import { OWNER } from '../state/bound.ts';
import { monotonicMs } from '../state/clock.ts';
import type { SharedState } from '../state/shared.ts';
import type { Exports } from '../wasm/instance.ts';
import { type LimiterSnapshot, type Moment, readLimiter, restoreLimiter } from '../wasm/limiter-snapshot.ts';
import { rowPointer, rowsOf } from '../wasm/memory.ts';
import { claimRow } from '../wasm/names.ts';
import { Scratch } from '../wasm/scratch.ts';
import type { Snapshotted } from './snapshot.ts';

export class Limiters implements Snapshotted {
  readonly name = 'limiters';
  /** What is written is told from this moment on, so that it changes only with what is taken. */
  private readonly since = momentNow();

  /** @param owner number of the thread */
  constructor(
    private readonly state: SharedState,
    private readonly exports: Exports,
    private readonly views: Views,
    private readonly owner = OWNER,
  ) {}

  save(): Record<string, LimiterSnapshot> {
    const saved = new Map<string, LimiterSnapshot>();
    for (const [name, row] of rowsOf(this.views, KIND_LIMITER)) {
      const snapshot = readLimiter(this.state.memory, row, monotonicMs(), this.since);
      if (snapshot !== undefined && snapshot.keys.length > 0) saved.set(name, snapshot);
    }
    // A limiter may be called __proto__.
    return Object.fromEntries(saved);
  }

  load(saved: Record<string, LimiterSnapshot>): void {
    const used = rowsOf(this.views, KIND_LIMITER);
    const unused = Object.entries(saved).filter(([name]) => !used.has(name));
    if (unused.length === 0) return;
    const scratch = new Scratch(this.state.memory, this.exports, this.owner);
    for (const [name, snapshot] of unused) {
      const row = rowPointer(claimRow(this.views, 'limiter', name));
      restoreLimiter(this.state.memory, this.exports, scratch, row, snapshot, momentNow());
    }
  }
}

function momentNow(): Moment {
  return { nowMs: monotonicMs(), wallMs: Date.now() };
}

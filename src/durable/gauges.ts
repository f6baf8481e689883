// The gauges in the snapshot: their values by name.

import { KIND_GAUGE } from '../memory/codes.ts';
import type { Views } from '../memory/views.ts';
import type { SharedState } from '../state/shared.ts';
import type { Exports } from '../wasm/instance.ts';
import { isName } from '../wasm/state/names.ts';
import { rowsOf } from '../wasm/state/rows.ts';
import { type Saved, takeSaved } from '../wasm/state/saved.ts';
import type { SnapshotPart } from './snapshot.ts';

export class Gauges implements SnapshotPart {
  readonly name = 'gauges';

  constructor(
    private readonly state: SharedState,
    private readonly exports: Exports,
    private readonly views: Views,
  ) {}

  save(): Map<string, number> {
    const values = new Map<string, number>();
    for (const [name, row] of rowsOf(this.views, KIND_GAUGE)) {
      // A thread may have claimed the row without having taken the saved value yet.
      takeSaved(this.state.memory, this.exports, 'gauge', name, row);
      values.set(name, this.exports.gaugeValue(row));
    }
    return values;
  }

  offer(saved: ReadonlyMap<string, unknown>): Saved[] {
    return [...saved].flatMap(([name, value]) =>
      isName(name) && Number.isFinite(value) ? [{ kind: 'gauge', name, value: value as number }] : [],
    );
  }
}

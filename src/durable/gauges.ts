// Gauges, as a part of the snapshot: their values by name.

import { KIND_GAUGE } from '../protocol/codes.ts';
import type { Views } from '../protocol/js/views.ts';
import { rowDouble, rowPointer, rowsOf, setRowDouble } from '../wasm/memory.ts';
import { claimRow } from '../wasm/names.ts';
import type { Snapshotted } from './snapshot.ts';

export class Gauges implements Snapshotted {
  readonly name = 'gauges';

  constructor(private readonly views: Views) {}

  save(): Record<string, number> {
    return Object.fromEntries(
      [...rowsOf(this.views, KIND_GAUGE)].map(([name, row]) => [name, rowDouble(this.views, row)]),
    );
  }

  load(saved: Record<string, number>): void {
    const used = rowsOf(this.views, KIND_GAUGE);
    for (const [name, value] of Object.entries(saved))
      if (!used.has(name)) setRowDouble(this.views, rowPointer(claimRow(this.views, 'gauge', name)), value);
  }
}

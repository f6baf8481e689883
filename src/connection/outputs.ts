// The worker's output regions. One is at hand; when a slow peer keeps it, the next takes its place until
// the peer has read. The last one is never lent: while it is the only one, responses are copied out of it,
// so a worker with many slow peers goes on and each of them holds no more than its own bytes.

import type { Slot } from '../wasm/slot.ts';

/** Views of the usual sizes are kept; making one costs as much as a small response. */
const KEPT_VIEW_BYTES_MAX = 4096;

export class Outputs {
  /** Pointer of the region at hand. */
  current: number;
  private readonly free: number[];
  private readonly views = new Map<number, Uint8Array[]>();

  constructor(private readonly slot: Slot) {
    this.free = slot.outputs.slice(1);
    this.current = slot.outputs[0] as number;
    for (const region of slot.outputs) this.views.set(region, []);
  }

  /** How many regions are at home besides the one at hand. */
  get spare(): number {
    return this.free.length;
  }

  /** The first `bytes` of the region at hand, to be written: the region's own, or a copy of the last one's. */
  take(bytes: number): Uint8Array {
    const { current, slot } = this;
    if (this.free.length === 0) return slot.views.bytes.slice(current, current + bytes);
    if (bytes > KEPT_VIEW_BYTES_MAX) return slot.views.bytes.subarray(current, current + bytes);
    const views = this.views.get(current) as Uint8Array[];
    const view = views[bytes];
    if (view !== undefined) return view;
    return (views[bytes] = slot.views.bytes.subarray(current, current + bytes));
  }

  /** Leaves the region at hand to a slow peer. Returns what to give back later, or 0 when it was a copy. */
  lend(): number {
    const next = this.free.pop();
    if (next === undefined) return 0;
    const lent = this.current;
    this.current = next;
    return lent;
  }

  giveBack(region: number): void {
    if (region !== 0) this.free.push(region);
  }
}
